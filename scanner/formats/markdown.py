"""A summary of the run in Markdown: GitHub's job summary, a comment, or Azure DevOps' summary tab.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary.
"""

import re
from typing import Final

from scanner.formats.results import Result, Results, exemption_sentence, worst_first
from scanner.plain_text import plain

LARGEST: Final = 1_000_000
"""Bytes: GitHub takes 1 MiB from a step."""
_MARKS: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$@.:-])")
SHOWN: Final = 200
"""Lines of a list; of more, their number is said."""


def summary(results: Results) -> str:
    """Write counts, the open findings as a table, what is exempt, and what the change does."""
    lines = ["## Upgrade posture of VM scale sets", "", _counts(results), ""]
    lines += [f"> **Not read**: {_escaped(problem)}" for problem in results.problems]
    lines += [f"> Note: {_escaped(note)}" for note in results.notes]
    if results.problems or results.notes:
        lines.append("")
    if results.changes:
        lines += ["### What the change does", ""]
        lines += _listed([f"- {_escaped(change)}" for change in results.changes], len(results.changes))
    found = worst_first(results.open)
    if found:
        lines += [
            "### Open findings",
            "",
            "| severity | rule | scale set | where | why |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += _listed([_row(answer) for answer in found], results.totals.open)
    if results.exempt:
        lines += ["### Exempt", ""]
        lines += _listed([_exempt(answer) for answer in worst_first(results.exempt)], results.totals.exempt)
    return _cut("\n".join(lines).rstrip() + "\n")


def _counts(results: Results) -> str:
    totals = results.totals
    return (
        f"{results.scale_sets} scale sets, **{totals.open} open findings**, {totals.exempt} exempt,"
        f" {totals.unknown} answers unknown (vmss-posture {_escaped(results.version)})."
    )


def _listed(lines: list[str], total: int) -> list[str]:
    more = [f"\n… and {total - SHOWN} more."] if total > SHOWN else []
    return [*lines[:SHOWN], *more, ""]


def _row(answer: Result) -> str:
    place = answer.place
    where = f"{place.file}:{place.line}" if place.line else place.file
    new = "" if answer.is_new is None else " (new)" if answer.is_new else " (was open before)"
    rule = f"{answer.rule_id} {answer.rule_name}"
    cells = (answer.severity.value + new, rule, place.address, where, answer.reason)
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _exempt(answer: Result) -> str:
    said = exemption_sentence(answer.exemption or {})
    return f"- {_escaped(f'{answer.rule_id} on {answer.place.address}. {said}')}"


def _escaped(text: str) -> str:
    """Make text that Markdown shows as it is: no HTML, no links, no mentions, no end of a cell."""
    one_line = " ".join(plain(text, 600).split())
    safe = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\\\1", safe)


def _cut(text: str) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= LARGEST:
        return text
    kept = encoded[: LARGEST - 200].decode("utf-8", "ignore").rpartition("\n")[0]
    return f"{kept}\n\nCut here: a step may write 1 MiB. The JSON and SARIF formats have everything.\n"
