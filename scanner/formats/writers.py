"""The formats by name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from scanner.formats.junit import junit
from scanner.formats.markdown import summary
from scanner.formats.pipelines import azure_devops_issues, github_annotations, gitlab_code_quality
from scanner.formats.results import Results
from scanner.formats.sarif import sarif, sarif_for_github

WRITERS: Final[Mapping[str, Callable[[Results], Iterable[str]]]] = {
    "sarif": sarif,
    "sarif-github": sarif_for_github,
    "junit": lambda results: (junit(results),),
    "github": lambda results: (github_annotations(results),),
    "markdown": lambda results: (summary(results),),
    "gitlab": lambda results: (gitlab_code_quality(results),),
    "azure-devops": lambda results: (azure_devops_issues(results),),
}
"""Each answers its text in parts."""
