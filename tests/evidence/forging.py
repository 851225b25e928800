"""Bundles that were altered by a person who knows how they are made."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scanner.cli.evidence_maker import declared
from scanner.events.snapshot_chain import SnapshotHash, canonical
from scanner.evidence.bundle import context_of, derived_files
from scanner.evidence.manifest import MANIFEST_FILE, entry_of, read_manifest
from scanner.evidence.rows import COMPLETED, EVENTS_FILE, SNAPSHOT_FILE, Rows
from scanner.times import iso_to_millisecond

type Line = dict[str, Any]


@dataclass
class Altered:
    """The rows of a bundle, for a test to change."""

    snapshot: list[Line]
    events: list[Line]

    @property
    def completed(self) -> list[Line]:
        return [event for event in self.events if event["EventType"] == COMPLETED]

    def of(self, number: int) -> list[Line]:
        """List the rows of the n-th snapshot."""
        at = self.completed[number]["DetectedAt"]
        return [row for row in self.snapshot if row["SnapshotAt"] == at]


@dataclass
class Forger:
    """Copies a bundle, changes its rows, and makes tables and manifest fit; on request the hashes too."""

    bundle: Path
    folder: Path
    copies: int = field(default=0)

    def copy(self) -> Path:
        """Copy the bundle."""
        self.copies += 1
        return Path(shutil.copytree(self.bundle, self.folder / f"copy-{self.copies}"))

    def alter(self, change: Callable[[Altered], object], *, rehash: bool = False) -> Path:
        """Change the rows and write everything else anew, so that only the chain can tell."""
        copy = self.copy()
        altered = Altered(_lines(copy / SNAPSHOT_FILE), _lines(copy / EVENTS_FILE))
        change(altered)
        if rehash:
            _hash_anew(altered)
        for name, rows in ((SNAPSHOT_FILE, altered.snapshot), (EVENTS_FILE, altered.events)):
            (copy / name).write_bytes(b"".join(canonical(row) + b"\n" for row in rows))
        remake(copy)
        return copy


def remake(copy: Path) -> None:
    """Write the tables and the manifest that fit to the rows."""
    rows = Rows(lambda name: iter((copy / name).read_bytes().splitlines()))
    manifest = read_manifest((copy / MANIFEST_FILE).read_bytes())
    for name, write in derived_files(rows, manifest, context_of(rows, manifest, declared())):
        (copy / name).write_bytes(b"".join(write()))
    sign(copy)


def sign(copy: Path) -> None:
    """Write the manifest that fits to the files."""
    manifest = read_manifest((copy / MANIFEST_FILE).read_bytes())
    names = [item.relative_to(copy).as_posix() for item in copy.rglob("*") if item.is_file()]
    files = {name: entry_of([(copy / name).read_bytes()]) for name in names if name != MANIFEST_FILE}
    (copy / MANIFEST_FILE).write_text(replace(manifest, files=files).text(), encoding="utf-8")


def hash_of(path: Path) -> str:
    """Hash a file as an auditor would."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash_anew(altered: Altered) -> None:
    previous = altered.completed[0].get("PreviousHash", "")
    for event in altered.completed:
        hashed = SnapshotHash()
        for row in altered.snapshot:
            if row["SnapshotAt"] == event["DetectedAt"]:
                hashed.add(row)
        at = iso_to_millisecond(event["DetectedAt"])
        link = hashed.link(at=at, deployment=event["Deployment"], previous=previous)
        event |= {"SnapshotHash": link.hash, "PreviousHash": previous, "SnapshotRows": hashed.rows}
        previous = link.hash


def _lines(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]
