"""Plans among the files of ``check``: read, and found again in the sources beside them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from scanner.adapters.bicep_cli import ENDINGS, BicepError, compile_bicep
from scanner.adapters.plan_sources import PlanSources
from scanner.cli.input_files import STANDARD_INPUT, documents_in
from scanner.errors import SettingsError
from scanner.facts.posture import Posture
from scanner.formats.results import Place
from scanner.plans.absent_blocks import with_hidden
from scanner.plans.planned import Planned, PlanReading, UnreadablePlanError
from scanner.plans.recognise import is_parameter_file, parameters_in, read_plan
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set

_SOME_ID = "/subscriptions/-/resourceGroups/-/providers/Microsoft.Compute/virtualMachineScaleSets/-"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPosture:
    """A planned scale set, as it will be judged, and where its author finds it."""

    posture: Posture
    planned: Planned
    place: Place


@dataclass(slots=True, kw_only=True)
class PlanInput:
    """Reads plans; what could not be read goes to ``problems``, what is left to others to ``notes``."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    """Of the sources; ``None``: the plan's own."""
    problems: list[str]
    notes: list[str] = field(default_factory=list)
    count: int = 0
    """Plans that were read, also those without a scale set."""
    _own: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that the file itself brings, as a ``.bicepparam`` does."""

    def documents(self, name: str) -> Iterator[object]:
        """Yield the documents of a file; Bicep is compiled by the CLI of this machine."""
        if name == STANDARD_INPUT or not name.lower().endswith(ENDINGS):
            yield from documents_in(name, self.problems)
            return
        try:
            template, parameters = compile_bicep(Path(name))
        except BicepError as error:
            self.problems.append(str(error))
            return
        self._own = parameters_in(parameters) if isinstance(parameters, dict) and is_parameter_file(parameters) else {}
        yield template
        self._own = {}

    def read(self, name: str, document: object) -> list[PlannedPosture] | None:
        """Read a document that is a plan; ``None``: it is none."""
        try:
            if isinstance(document, dict) and is_parameter_file(document):
                self.notes.append(f"{name} is a parameter file: --parameters {name} hands it to a template.")
                return []
            reading = read_plan(document, {**self._own, **self.parameters})
        except UnreadablePlanError as error:
            self.problems.append(f"{name}: {error}")
            return []
        if reading is None:
            return None
        self.count += 1
        self.problems.extend(f"{name}: {problem}." for problem in reading.problems)
        self.notes.extend(f"{name}: {note}." for note in reading.notes)
        return [self._posture(name, planned, sources) for sources, planned in self._with_sources(name, reading)]

    def _with_sources(self, name: str, reading: PlanReading) -> Iterator[tuple[PlanSources, Planned]]:
        sources = PlanSources(Path("stdin" if name == STANDARD_INPUT else name), self.folder)
        for planned in reading.planned:
            yield sources, planned

    def _posture(self, name: str, planned: Planned, sources: PlanSources) -> PlannedPosture:
        dynamic = [name for name in planned.taken_for_absent if sources.has_dynamic(planned, name)]
        planned = with_hidden(planned, dynamic) if dynamic else planned
        posture = posture_of(planned)
        file, line = sources.find(planned)
        shown = "" if name == STANDARD_INPUT and str(file) == "stdin" else _relative(file)
        return PlannedPosture(
            posture=posture, planned=planned, place=Place(address=planned.address, file=shown, line=line)
        )


def posture_of(planned: Planned) -> Posture:
    """Read the posture of a planned scale set, which may have no resource id yet."""
    if isinstance(planned.document.get("id"), str):
        try:
            return replace(parse_scale_set(planned.document), address=planned.address)
        except UnreadableRowError:
            pass  # an id that is made up, as a snapshot may hold, is no id
    name = planned.document.get("name")
    return replace(
        parse_scale_set({**planned.document, "id": _SOME_ID}),
        scale_set_id="",
        name=name if isinstance(name, str) and not name.startswith("[") else "",
        subscription_id="",
        resource_group=planned.resource_group,
        address=planned.address,
    )


def read_parameters(names: Sequence[Path]) -> dict[str, Any]:
    """Read parameter files, the later ones going first. Raises ``SettingsError``: one cannot be read, or is something else."""
    found: dict[str, Any] = {}
    for name in names:
        problems: list[str] = []
        documents = list(documents_in(str(name), problems))
        if problems:
            raise SettingsError(problems[0])
        if len(documents) != 1 or not is_parameter_file(documents[0]):
            raise SettingsError(f"{name} is not a parameter file: its $schema does not name deploymentParameters.json.")
        found |= parameters_in(documents[0])  # type: ignore[arg-type] # it is an object, as was just asked
    return found


@cache
def _relative(file: Path) -> str:
    """Name a file relative to the current folder where it lies below it, with forward slashes."""
    try:
        return (
            Path(os.path.relpath(file)).as_posix()
            if file.resolve().is_relative_to(Path.cwd())
            else file.resolve().as_posix()
        )
    except (OSError, ValueError):
        return file.as_posix()
