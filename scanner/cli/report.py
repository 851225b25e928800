"""What ``scan`` and ``check`` hand over: one report, in the format that was asked for, and the exit code that it stands for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scanner.cli import EXIT_FAILED, EXIT_FINDINGS, EXIT_OK, tell
from scanner.cli.answers import is_production
from scanner.cli.criteria import JudgedBy
from scanner.cli.filters import Filters
from scanner.cli.fleet import JudgedScaleSet
from scanner.cli.gate import FailOn, fails
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.rules.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The judged scale sets that were asked about, and by what they were judged."""

    judged_by: JudgedBy
    filters: Filters
    scope: Sequence[JudgedScaleSet]
    """Those of the subscriptions, owners and applications asked for."""
    problems: Sequence[str] = ()
    """What could not be read."""
    notes: Sequence[str] = ()
    """What to know beside."""
    limit: int = 10
    """Scale sets in each list on the screen; 0: all."""
    shell: str = "posix"
    """Shell for which remediations are written."""
    others: Mapping[str, JsonValue] | None = None
    """Further parts of the JSON document."""

    @property
    def scale_sets(self) -> list[JudgedScaleSet]:
        """Those that are shown, and count for the exit code."""
        return self.filters.view(self.scope)


def write_table(report: Report) -> None:
    """Show the report to a person."""
    from scanner.cli.fleet_screen import show_fleet
    from scanner.cli.screen import Cell, cell, screen

    out = screen()
    out.say(Cell(report.judged_by.sentence(), "dim"))
    asked = report.filters.sentence()
    if asked:
        out.say(Cell(f"Shown: {plain(asked, 400)}.", "dim"))
    if not report.scale_sets:
        return
    show_fleet(
        out,
        report.scale_sets,
        limit=report.limit,
        shell=report.shell,
        is_production=lambda environment: is_production(environment, report.judged_by.criteria),
    )
    for note in report.notes:
        out.blank()
        out.say(cell(note, "yellow", limit=1_000))


def write_json(report: Report) -> None:
    """Print the documented JSON."""
    from scanner.cli.fleet_json import print_json

    others: dict[str, JsonValue] = {
        "problems": [plain(problem, 1_000) for problem in report.problems],
        "notes": [plain(note, 1_000) for note in report.notes],
    }
    print_json(report.judged_by.document(), report.scale_sets, **others, **(report.others or {}))


FORMATS: Mapping[str, Callable[[Report], None]] = {"table": write_table, "json": write_json}


def say_problem(problem: str) -> None:
    """Write a problem to standard error, safe to show."""
    tell(plain(problem, 2_000))


def undecided(report: Report) -> str | None:
    """Say why the report decides nothing, so that no gate may pass on it; ``None``: it does."""
    if not report.scope:
        asked = report.filters.sentence()
        return f"No scale set matches: {asked}." if asked else "No scale set was found."
    if not any(item.is_decided for item in report.scope):
        if all(item.managed_by for item in report.scope):
            return "Every scale set is managed by another Azure service, so no rule applies: nothing was decided."
        return "No rule could decide about any scale set: what it needs was not read."
    if report.filters.rules:
        outcomes = {
            rule.outcome for item in report.scope for rule in item.verdicts if rule.rule_id in report.filters.rules
        }
        if outcomes == {Outcome.UNKNOWN}:
            return (
                f"Unknown for every scale set: {', '.join(sorted(report.filters.rules))}. What it needs was not read."
            )
    return None


def exit_code(report: Report, fail_on: FailOn) -> int:
    """Answer the exit code of the findings that are shown."""
    if undecided(report) is not None:
        return EXIT_FAILED
    return EXIT_FINDINGS if fails(report.scale_sets, fail_on) else EXIT_OK
