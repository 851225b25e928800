"""The words of ``vmss-posture demo``: what plays it is imported when it is asked for."""

import argparse
from pathlib import Path

from scanner.cli.help import Commands, add_command

FEWEST, MOST = 6, 100_000
"""Scale sets: the story has six of its own."""
FLEET, SEED = 60, 7
"""Which fleet is played unless another is asked for."""


def add(commands: Commands) -> None:
    """Add the command."""
    demo = add_command(
        commands,
        "demo",
        "demo.command",
        "play a scripted week on a local Azure, with the service as it is deployed",
        more="Needs the source checkout with Node.js (make demo sets both up) and no Azure account.",
        examples=["vmss-posture demo --out out --scale-sets 200"],
    )
    demo.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="folder for the rows (default: out)"
    )
    demo.add_argument(
        "--scale-sets",
        type=_count,
        default=FLEET,
        metavar="N",
        help=f"size of the fleet, from {FEWEST} (default: {FLEET})",
    )
    demo.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"which fleet (default: {SEED})")


def _count(text: str) -> int:
    if text.isdecimal() and FEWEST <= int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from {FEWEST} (the scale sets of the story) to {MOST}")
