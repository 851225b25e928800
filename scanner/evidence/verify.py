"""The check of a bundle, offline: files against the manifest, tables against the rows, the chain, and the anchor."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as joined

from scanner.errors import UnreadableError
from scanner.evidence.bundle import Declared, context_of, derived_files
from scanner.evidence.chain import ChainReport, is_canonical
from scanner.evidence.manifest import MANIFEST_FILE, Manifest, entry_of, read_manifest
from scanner.evidence.rows import EVENTS_FILE, ROW_HASH, SCANS_FILE, SNAPSHOT_FILE, Lines, Rows, read_line
from scanner.plain_text import plain, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as it lies somewhere."""

    names: frozenset[str]
    """Its files."""
    lines: Callable[[str], Lines]
    """Yields the lines of a file, each with its line feed. Raises ``UnreadableError`` when there is no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check found."""

    manifest: Manifest
    manifest_hash: str
    chain: ChainReport
    problems: Sequence[str]
    anchor: str
    """The anchor that was given; empty: none."""
    anchored: str
    """What the anchor vouches for, as a sentence; empty: it was not found, or there is none."""
    is_remade: bool
    """Whether the tables were made anew and compared; else another release made them."""


def verify(bundle: Bundle, anchor: str, declared: Declared, version: str) -> Verification:
    """Check a bundle. Raises ``UnreadableError`` when it has no manifest that can be read."""
    text = b"".join(bundle.lines(MANIFEST_FILE))
    manifest, manifest_hash = read_manifest(text), hashlib.sha256(text).hexdigest()
    problems = list(_files(bundle, manifest))
    rows = Rows(lambda name: (line.rstrip(b"\n") for line in bundle.lines(name)))
    is_remade = manifest.made_by == version
    report = ChainReport(snapshots=())
    try:
        problems += _canonical(rows, manifest)
        context = context_of(rows, manifest, declared)
        report = context.chain
        problems += [str(problem) for problem in report.problems]
        if is_remade:
            for name, write in derived_files(rows, manifest, context):
                made = entry_of(write())
                if name in manifest.files and manifest.files[name] != made:
                    problems.append(f"{name} is not what the rows say: it, or the rows, were changed.")
    except UnreadableError as error:
        problems.append(str(error))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problems.append(f"A row cannot be understood: {type(error).__name__}: {plain(str(error), 200)}.")
    anchored = _anchored(anchor, report, manifest_hash)
    if anchor and not anchored:
        problems.append(
            f"No snapshot and no manifest here has the hash of the anchor, {plain(anchor, 80)}: rows up to the anchor were"
            " changed and hashed anew, or the anchor is of another period or deployment."
        )
    return Verification(
        manifest=manifest,
        manifest_hash=manifest_hash,
        chain=report,
        problems=list(dict.fromkeys(problems)),
        anchor=anchor,
        anchored=anchored,
        is_remade=is_remade,
    )


def _files(bundle: Bundle, manifest: Manifest) -> Iterator[str]:
    there = bundle.names - {MANIFEST_FILE}
    for name in sorted(manifest.files.keys() - there):
        yield f"{plain(name, 200)} is missing."
    for name in sorted(there - manifest.files.keys()):
        yield f"{plain(name, 200)} is not in the manifest: it was added."
    for name in sorted(there & manifest.files.keys()):
        if entry_of(bundle.lines(name)) != manifest.files[name]:
            yield f"{plain(name, 200)} is not the file that the manifest names: it was changed."


def _canonical(rows: Rows, manifest: Manifest) -> Iterator[str]:
    """Check that each row is written as it is hashed, and is of this deployment."""
    for name in (SNAPSHOT_FILE, EVENTS_FILE, SCANS_FILE):
        for number, line in enumerate(rows.lines(name), 1):
            row = read_line(line)
            if not is_canonical(line, row):
                yield f"{name}, line {number}, is not written as rows are hashed: it was edited."
            if ROW_HASH in row and manifest.names == "name":
                yield f"{name}, line {number}, hides a name, and the manifest says that names are shown."
            if str(row.get("Deployment", "")) != manifest.deployment:
                yield f"{name}, line {number}, is of another deployment."


def _anchored(anchor: str, report: ChainReport, manifest_hash: str) -> str:
    """Say what an anchor vouches for."""
    wanted = anchor.strip().lower()
    if not wanted:
        return ""
    if wanted == manifest_hash:
        return "The anchor is the manifest's hash: it vouches for every file."
    found = [snapshot for snapshot in report.snapshots if snapshot.hash == wanted]
    if not found:
        return ""
    later = [snapshot.at for snapshot in report.snapshots if snapshot.at > found[0].at]
    more = f" Of the {len(later)} after it, it says nothing." if later else ""
    hidden = ""
    if report.redacted:
        shown = plural(report.redacted, "row")
        hidden = f" {shown} with a pseudonym: the anchor vouches for their place, not for what they show."
    return (
        f"The anchor is the hash of the snapshot of {found[0].at}: it vouches for the snapshots up to it.{more}{hidden}"
    )


def first_of(items: Sequence[str], count: int) -> Iterator[str]:
    """Yield the first items, and how many more there are."""
    more = [f"… and {len(items) - count} more."] if len(items) > count else []
    return joined(items[:count], more)
