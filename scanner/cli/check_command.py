"""``vmss-posture check``: judge exported scale sets, offline."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from itertools import islice

from scanner.cli import EXIT_FAILED, EXIT_OK
from scanner.cli.against import read_fleet
from scanner.cli.answers import unmatched_exemptions
from scanner.cli.criteria import read_criteria
from scanner.cli.filters import read_filters
from scanner.cli.fleet import JudgedScaleSet, of_judgement, told_only
from scanner.cli.input_files import files_of
from scanner.cli.pipeline_formats import tell_output, write_files, written
from scanner.cli.plan_input import PlanInput, PlannedPosture, read_parameters
from scanner.cli.planned_scale_set import of_plan, only_new
from scanner.cli.progress import progress
from scanner.cli.report import FORMATS, Report, exit_code, say_problem, undecided
from scanner.errors import MonitorError, SettingsError
from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement, judge
from scanner.plain_text import plain
from scanner.reading.documents import ANSWERS, scale_sets_in
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.reading.recognise import HOW_TO_EXPORT, cut_paths, is_projection, recognise
from scanner.rules.criteria import Criteria

_NAMED_PATHS = 3


def run(options: argparse.Namespace) -> int:
    """Judge every scale set of every file, in order; print as asked; answer the exit code."""
    if options.fail_on_new and options.against is None:
        raise SettingsError("--fail-on-new needs --against: it says what is new by what runs.")
    day = options.at or datetime.now(UTC).date()
    judged_by = read_criteria(options, datetime.combine(day, time(), UTC))
    fleet = None if options.against is None else read_fleet(options.against, _judging(judged_by.criteria))
    found = Found(allow_empty=options.allow_empty)
    found.plans.parameters, found.plans.folder = read_parameters(options.parameters), options.sources
    scale_sets: list[JudgedScaleSet] = []
    matched: set[int] = set()
    keep = told_only if options.format == "table" and not (options.rule or options.write) else _all_of_it
    with progress("Judging scale sets", quiet=options.quiet) as shown:
        for posture, planned in found.postures(options.files):
            judgement = judge(posture, judged_by.criteria)
            matched.update(judgement.entries)
            item = of_judgement(judgement) if planned is None else of_plan(judgement, planned, fleet)
            scale_sets.append(keep(item))
            shown.count(len(scale_sets))
    filters = read_filters(options)
    # A plan holds a part of the fleet, so exemptions of the rest are as they should be.
    unmatched = [] if found.plans.count else unmatched_exemptions(judged_by.criteria, matched)
    report = Report(
        judged_by=judged_by,
        filters=filters,
        scope=filters.scope(scale_sets),
        problems=found.problems,
        notes=[*found.plans.notes, *unmatched],
        limit=options.limit,
        shell=options.shell,
    )
    _hand_over(report, options, found)
    if found.problems and not scale_sets:
        return EXIT_FAILED
    if not scale_sets and options.allow_empty:
        say_problem("note: there is no scale set, so there is nothing to judge.")
        return EXIT_OK
    if not scale_sets and found.plans.count:
        say_problem(
            "No scale set is there after the plan, so nothing was judged. If a plan without scale sets is right here,"
            " add --allow-empty."
        )
        return EXIT_FAILED
    nothing = undecided(report)
    if nothing is not None:
        is_explained = bool(report.filters.sentence()) or (
            report.scope and all(item.managed_by for item in report.scope)
        )
        say_problem(nothing if is_explained else f"{nothing} {found.likely_cause()}".rstrip())
    if options.fail_on_new:
        report = replace(report, scope=[only_new(item) for item in report.scope])
    return EXIT_FAILED if found.problems else exit_code(report, options.fail_on)


def _hand_over(report: Report, options: argparse.Namespace, found: "Found") -> None:
    """Print the report, write the files that were asked for, and say what could not be read."""
    write_files(report, options.write)
    if options.format in FORMATS:
        if options.format != "table" or not (options.quiet or (found.problems and not report.scope)):
            FORMATS[options.format](report)
            if options.format == "table":
                _say_changes(report)
    else:
        tell_output(written(report, options.format))
        for note in report.notes:
            say_problem(f"note: {note}")
    for problem in found.problems:
        say_problem(problem)


def _say_changes(report: Report) -> None:
    lines = [change for item in report.scale_sets for change in item.changes]
    if lines:
        tell_output(f"{plain(line, 1_000)}\n" for line in ["", *lines])


def _judging(criteria: Criteria) -> Callable[[Posture], Judgement]:
    return lambda posture: judge(posture, criteria)


def _all_of_it(item: JudgedScaleSet) -> JudgedScaleSet:
    return item


@dataclass(slots=True)
class Found:
    """What was found in the files beside scale sets: each problem once, and signs of why a rule could not decide."""

    problems: list[str] = field(default_factory=list)
    allow_empty: bool = False
    without_model: int = 0
    with_expressions: int = 0
    plans: PlanInput = field(init=False)

    def __post_init__(self) -> None:
        self.plans = PlanInput(problems=self.problems)

    def postures(self, names: list[str]) -> Iterator[tuple[Posture, PlannedPosture | None]]:
        """Yield the posture of every scale set of the files, in order; a planned one with its plan."""
        for name in files_of(names, self.problems):
            before = len(self.problems)
            is_empty = True
            for document in self.plans.documents(name):
                is_empty = is_empty and not _is_empty_answer(document)
                planned = self.plans.read(name, document)
                if planned is not None:
                    is_empty = False
                    yield from [(item.posture, item) for item in planned]
                    continue
                for item in self._items(name, document):
                    is_empty = False
                    posture = self._posture(name, item)
                    if posture is not None:
                        yield posture, None
            if is_empty and len(self.problems) == before and name and not self.allow_empty:
                self._tell(f"{name} holds no scale set. {HOW_TO_EXPORT}")

    def likely_cause(self) -> str:
        """Say why nothing could be decided, as far as the documents show it."""
        if self.with_expressions:
            return f"Values are template expressions, which have no value before the deployment. {HOW_TO_EXPORT}"
        if self.without_model:
            return (
                "The rows hold no model (properties): a projection, or az resource list, leaves it out."
                f" Export whole scale sets. {HOW_TO_EXPORT}"
            )
        return HOW_TO_EXPORT

    def _items(self, name: str, document: object) -> Iterator[object]:
        try:
            yield from scale_sets_in(document)
        except MonitorError as error:
            self._tell(f"{name}: {error}")

    def _posture(self, name: str, item: object) -> Posture | None:
        known = recognise(item)
        if known is not None:
            if self.allow_empty:
                return None
            self._tell(f"{name} is {known.name}, which check does not judge. {known.advice}")
            return None
        cut = list(islice(cut_paths(item), _NAMED_PATHS))
        if cut:
            self._tell(
                f"{name}: PowerShell's ConvertTo-Json cut values below its -Depth (for example {', '.join(cut)}), so"
                " they were not read. Export again with: ConvertTo-Json -Depth 100"
            )
        try:
            posture = _posture_of(item)
        except UnreadableRowError as error:
            if not (self.allow_empty and isinstance(item, dict) and is_projection(item)):
                self._tell(f"{name}: {error}")
            return None
        if isinstance(item, dict):
            self.without_model += not any(block in item for block in ("properties", "virtualMachineProfile"))
            self.with_expressions += item.get("id") is None and _is_expression(item.get("name"))
        return posture

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _posture_of(item: object) -> Posture:
    """Read a posture. A document may leave the resource id out, as templates do: it can be judged all the same."""
    if not isinstance(item, dict):
        raise UnreadableRowError(f"A scale set is a JSON object; this is {_kind(item)}.")
    identifier = item.get("id")
    if identifier is not None and not _is_expression(identifier):
        return parse_scale_set(item)
    if is_projection(item):
        raise UnreadableRowError(
            "The row has neither an id nor a model: a projection (--query, or project in KQL) chose other columns."
            f" Export whole scale sets. {HOW_TO_EXPORT}"
        )
    posture = parse_scale_set({**item, "id": _SOME_ID})
    name = item.get("name")
    return replace(
        posture, scale_set_id="", name=name if isinstance(name, str) else "", subscription_id="", resource_group=""
    )


_SOME_ID = "/subscriptions/-/resourceGroups/-/providers/Microsoft.Compute/virtualMachineScaleSets/-"


def _is_empty_answer(document: object) -> bool:
    """Whether a document is an answer without rows: it is what was asked for, and whole."""
    return document == [] or (isinstance(document, dict) and [] in (document.get(name) for name in ANSWERS))


def _is_expression(value: object) -> bool:
    """Whether a value is an expression of an ARM template: it has no value before the deployment."""
    return isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[[")


def _kind(value: object) -> str:
    names: Mapping[type, str] = {str: "a text", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "another value")
