"""The formats by name."""

from collections.abc import Callable, Mapping
from typing import Final

from scanner.formats.junit import junit
from scanner.formats.markdown import summary
from scanner.formats.pipelines import azure_devops_issues, github_annotations, gitlab_code_quality
from scanner.formats.results import Results
from scanner.formats.sarif import sarif, sarif_for_github

WRITERS: Final[Mapping[str, Callable[[Results], str]]] = {
    "sarif": sarif,
    "sarif-github": sarif_for_github,
    "junit": junit,
    "github": github_annotations,
    "markdown": summary,
    "gitlab": gitlab_code_quality,
    "azure-devops": azure_devops_issues,
}
"""Each answers the whole text of its format."""
