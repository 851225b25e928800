"""``vmss-posture evidence verify``: check a bundle, offline."""

import argparse
import sys

from scanner import __version__
from scanner.adapters.bundle_files import open_bundle
from scanner.cli import EXIT_FINDINGS, EXIT_OK
from scanner.cli.evidence_maker import declared
from scanner.cli.screen import Cell, cell, screen
from scanner.evidence.verify import Verification, first_of, verify
from scanner.formats.strict_json import strict_json

_SHOWN = 50
NOT_ANCHORED = "Consistent in itself, not anchored: whoever can change the files could have computed every hash anew."


def run(options: argparse.Namespace) -> int:
    """Check the bundle and say what was found. Raises ``UnreadableError`` when there is no manifest."""
    with open_bundle(options.bundle) as bundle:
        found = verify(bundle, options.anchor, declared(), __version__)
    if options.format == "json":
        sys.stdout.write(strict_json(_document(found), indent=2))
        sys.stdout.write("\n")
    else:
        _show(found)
    return EXIT_FINDINGS if found.problems else EXIT_OK


def _verdict(found: Verification) -> str:
    if found.problems:
        return "Broken: what is named above does not hold."
    return found.anchored or NOT_ANCHORED


def _document(found: Verification) -> dict[str, object]:
    newest = found.chain.newest
    return {
        "verdict": "broken" if found.problems else "anchored" if found.anchored else "not anchored",
        "says": _verdict(found),
        "problems": list(found.problems),
        "anchor": found.anchor or None,
        "manifest_hash": found.manifest_hash,
        "newest_snapshot_hash": newest.hash if newest else None,
        "snapshots": len(found.chain.snapshots),
        "tables_made_anew": found.is_remade,
    }


def _show(found: Verification) -> None:
    out, manifest = screen(), found.manifest
    out.say(cell(f"Evidence of {manifest.period}, made {manifest.made_at} by version {manifest.made_by}."))
    out.say(
        cell(
            f"Source: {manifest.source}. Deployment: {manifest.deployment or '(none named)'}. People by {manifest.names}."
        )
    )
    for problem in first_of(found.problems, _SHOWN):
        out.say(Cell("-"), cell(problem, limit=1_000), hanging=2)
    if not found.is_remade:
        out.say(
            f"The tables were made by another version ({manifest.made_by}; this is {__version__}): they were compared with the"
            " manifest alone."
        )
    out.say(cell(_verdict(found), "red" if found.problems else "green"))
    out.copy(f"manifest         {found.manifest_hash}", indent=0)
    if found.chain.newest is not None:
        out.copy(f"newest snapshot  {found.chain.newest.hash}", indent=0)
