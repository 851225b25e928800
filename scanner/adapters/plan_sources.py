"""The sources beside a plan: which file and line declare a planned scale set."""

import json
from functools import cached_property
from pathlib import Path, PurePosixPath

from scanner.plans.planned import Place, Planned, Source
from scanner.plans.positions import TerraformFile, bicep_lines, json_line, module_folders, terraform_file

MOST_FILES = 500
"""Files of sources that are read for one plan."""
LARGEST = 2_000_000
"""Bytes of a source file: larger ones are not written by people."""


class PlanSources:
    """The folder of a plan. Reads what it needs, once; what cannot be read has no position."""

    def __init__(self, plan: Path, folder: Path | None = None) -> None:
        self._plan = plan
        self._folder = folder or plan.parent
        self._read: dict[Path, dict[Path, TerraformFile]] = {}
        self._files_read = 0

    def find(self, planned: Planned) -> tuple[Path, int | None]:
        """Find file and line; else the plan itself, without a line."""
        if planned.source is Source.TERRAFORM:
            found = self._terraform(planned.place)
        elif planned.source is Source.TEMPLATE:
            found = self._bicep(planned.place) or self._json()
        else:
            found = self._bicep(planned.place)
        return found or (self._plan, None)

    def has_dynamic(self, planned: Planned, block: str) -> bool:
        """Whether the sources make this block with ``dynamic``, which a plan's configuration does not show."""
        key = (planned.place.type, planned.place.name)
        folder = self._module_folder(planned.place.module)
        files = {} if folder is None else self._terraform_files(folder)
        return any(block in file.dynamic.get(key, ()) for file in files.values())

    def _terraform(self, place: Place) -> tuple[Path, int | None] | None:
        folder = self._module_folder(place.module)
        if folder is not None and ".terraform" not in folder.parts:
            for path, file in self._terraform_files(folder).items():
                line = file.resources.get((place.type, place.name))
                if line is not None:
                    return path, line
        return self._module_call(place.module)

    def _module_call(self, module: tuple[str, ...]) -> tuple[Path, int | None] | None:
        """Find the call of the outermost module: what is downloaded is not the author's to change."""
        for path, file in self._terraform_files(self._folder).items():
            if module and module[0] in file.modules:
                return path, file.modules[module[0]]
        return None

    def _module_folder(self, module: tuple[str, ...]) -> Path | None:
        folder = self._folder
        for depth in range(len(module)):
            known = self._module_folders.get(".".join(module[: depth + 1]))
            if known is not None:
                folder = self._folder / PurePosixPath(known)
                continue
            sources = [file.sources.get(module[depth], "") for file in self._terraform_files(folder).values()]
            local = next((source for source in sources if source.startswith((".", "/"))), None)
            if local is None:
                return None
            folder = folder / PurePosixPath(local)
        return folder

    @cached_property
    def _module_folders(self) -> dict[str, str]:
        text = self._text(self._folder / ".terraform" / "modules" / "modules.json")
        try:
            return dict(module_folders(json.loads(text or "{}")))
        except (ValueError, RecursionError):
            return {}

    def _terraform_files(self, folder: Path) -> dict[Path, TerraformFile]:
        if folder not in self._read:
            found: dict[Path, TerraformFile] = {}
            for path in _sorted(folder, "*.tf"):
                text = self._text(path)
                file = None if text is None else terraform_file(text)
                if file is not None:
                    found[path] = file
            self._read[folder] = found
        return self._read[folder]

    def _bicep(self, place: Place) -> tuple[Path, int | None] | None:
        """Find the resource by its symbol or name; the only scale set of the folder is it in any case."""
        lines = self._bicep_lines
        same = [(path, line) for path, symbol, name, line in lines if place.name and place.name in (symbol, name)]
        if len(same) == 1:
            return same[0]
        return (lines[0][0], lines[0][3]) if len(lines) == 1 else None

    @cached_property
    def _bicep_lines(self) -> list[tuple[Path, str, str, int]]:
        return [
            (path, symbol, name, line)
            for pattern in ("*.bicep", "*/*.bicep")  # not deeper: a plan may lie at the root of anything
            for path in _sorted(self._folder, pattern)
            for symbol, name, line in bicep_lines(self._text(path) or "")
        ]

    def _json(self) -> tuple[Path, int | None] | None:
        line = json_line(self._text(self._plan) or "")
        return None if line is None else (self._plan, line)

    def _text(self, path: Path) -> str | None:
        if self._files_read >= MOST_FILES:
            return None
        self._files_read += 1
        try:
            return path.read_text(encoding="utf-8-sig") if path.stat().st_size <= LARGEST else None
        except (OSError, UnicodeDecodeError):
            return None


def _sorted(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())[:MOST_FILES]
    except OSError:
        return []
