"""The report of ``check`` in the formats of pipelines."""

import sys
from collections.abc import Iterable
from pathlib import Path

from scanner import __version__
from scanner.cli.fleet import JudgedScaleSet
from scanner.cli.judged_rule import JudgedRule
from scanner.cli.report import Report
from scanner.errors import SettingsError
from scanner.formats.results import Place, Result, Results
from scanner.formats.writers import WRITERS
from scanner.plain_text import plain


def written(report: Report, format_name: str) -> Iterable[str]:
    """Write the report in one of the formats, in parts."""
    return WRITERS[format_name](results_of(report))


def tell_output(parts: Iterable[str]) -> None:
    """Write the parts of a text to standard output."""
    if sys.stdout is None:
        raise SettingsError("Standard output is closed, so nothing can be shown.")
    sys.stdout.writelines(parts)


def write_files(report: Report, wanted: Iterable[tuple[str, Path]]) -> None:
    """Write the report to files; a summary is added to what a file holds, as a pipeline's is shared by its steps.

    Raises ``SettingsError``: a file cannot be written.
    """
    for format_name, path in wanted:
        try:
            with path.open(
                "a" if format_name == "markdown" else "w", encoding="utf-8", errors="backslashreplace"
            ) as file:
                file.writelines(written(report, format_name))
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error


def results_of(report: Report) -> Results:
    """Take the answers out of the report."""
    scale_sets = report.scale_sets
    return Results(
        version=__version__,
        own_rules=report.judged_by.criteria.own,
        answers=[_result(rule, item) for item in scale_sets for rule in item.verdicts],
        scale_sets=len(scale_sets),
        problems=[plain(problem, 1_000) for problem in report.problems],
        notes=[plain(note, 1_000) for note in report.notes],
        changes=[plain(change, 1_000) for item in scale_sets for change in item.changes],
    )


def _result(rule: JudgedRule, item: JudgedScaleSet) -> Result:
    return Result(
        rule_id=rule.rule_id,
        rule_name=rule.name,
        outcome=rule.outcome,
        severity=rule.severity,
        reason=rule.reason or "",
        place=item.place or Place(address=item.scale_set_id or item.name),
        evidence=rule.evidence,
        exemption=rule.exemption,
        remediation=plain(rule.advise(item.language), 1_500) if rule.is_open else "",
        is_new=None if item.counted is None else rule.rule_id in item.counted,
    )
