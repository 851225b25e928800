"""The manifest of a bundle: what it is about, how it was made, and the hash of every file."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scanner.errors import UnreadableError
from scanner.evidence.rows import Period

FORMAT = "vmss-posture evidence 1"
MANIFEST_FILE = "manifest.json"
INDEX_FILE = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of a bundle."""

    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Times are ISO 8601 text in UTC."""

    made_at: str
    made_by: str
    """Version of VMSS Upgrade Monitor that made it."""
    source: str
    deployment: str
    period: Period
    names: str
    """pseudonym or name: how people appear that changed something."""
    notes: Sequence[str] = ()
    """What a reader has to know: what was left out, and why."""
    policy: Mapping[str, str] = field(default_factory=dict)
    """Files of the policy that are in the bundle, by name, and the fingerprint that they have together."""
    files: Mapping[str, FileEntry] = field(default_factory=dict)

    def text(self) -> str:
        """Write it."""
        body = {
            "format": FORMAT,
            "made_at": self.made_at,
            "made_by": self.made_by,
            "source": self.source,
            "deployment": self.deployment,
            "period": {"first": self.period.first.isoformat(), "end": self.period.end.isoformat()},
            "names": self.names,
            "notes": list(self.notes),
            "policy": dict(self.policy),
            "files": {
                name: {"sha256": entry.sha256, "bytes": entry.size} for name, entry in sorted(self.files.items())
            },
        }
        return json.dumps(body, indent=2) + "\n"


def read_manifest(text: bytes) -> Manifest:
    """Read a manifest. Raises ``UnreadableError``."""
    try:
        body: dict[str, Any] = json.loads(text)
        if body["format"] != FORMAT:
            raise UnreadableError(
                f"The manifest is of the form {body['format']!r}, and {FORMAT!r} is what is read here."
            )
        return Manifest(
            made_at=str(body["made_at"]),
            made_by=str(body["made_by"]),
            source=str(body["source"]),
            deployment=str(body["deployment"]),
            period=Period(
                first=datetime.fromisoformat(body["period"]["first"]),
                end=datetime.fromisoformat(body["period"]["end"]),
            ),
            names=str(body["names"]),
            notes=[str(note) for note in body["notes"]],
            policy={str(name): str(value) for name, value in body["policy"].items()},
            files={
                str(name): FileEntry(sha256=str(entry["sha256"]), size=int(entry["bytes"]))
                for name, entry in body["files"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"The manifest cannot be read: {type(error).__name__}: {error}.") from error


def entry_of(lines: Iterable[bytes]) -> FileEntry:
    """Hash and count what a file holds."""
    digest, size = hashlib.sha256(), 0
    for line in lines:
        digest.update(line)
        size += len(line)
    return FileEntry(sha256=digest.hexdigest(), size=size)
