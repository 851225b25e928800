"""``python -m tests.attack``: attack the service, print figures and whatever is wrong; exit code 1 when something is.

Seeded: the same seed chooses the same kills, faults and orders, though not the same microseconds. Everything it writes
is in a temporary folder.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from emulator.client.local import LocalAzure
from tests.attack.cycle import Cycle, lay_out
from tests.attack.kills import kill_for_ever
from tests.attack.proxy import Proxy
from tests.attack.verdict import Verdict
from tests.attack.victims import Command, Deployed

VICTIMS = (Command, Deployed)


def _kills(options: argparse.Namespace) -> Verdict:
    total = Verdict()
    with LocalAzure(storage=True) as azure, tempfile.TemporaryDirectory() as name:
        for kind in VICTIMS:
            folder = Path(name) / kind.name
            folder.mkdir()
            with Proxy(azure.control.url, azure.ca_file, folder) as proxy:
                lay_out(azure.control, options.scale_sets)
                cycle = Cycle(azure.control, kind(azure, proxy, folder))
                cycle.begin()
                chance = random.Random(f"{options.seed}/kills/{kind.name}")  # noqa: S311 - repeatable, no secret
                kill_for_ever(cycle, proxy, chance, options.kills // len(VICTIMS), options.each)
                verdict = cycle.conclude()
                _print(f"kills, {kind.name}", verdict)
                total.add(verdict)
    return total


def _print(title: str, verdict: Verdict) -> None:
    sys.stdout.write("\n".join(verdict.lines(title)) + "\n")
    sys.stdout.flush()


ATTACKS: dict[str, Callable[[argparse.Namespace], Verdict]] = {"kills": _kills}


def main() -> int:
    """Run the attacks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("attacks", nargs="*", choices=[*ATTACKS, []], help="which (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--each", type=int, default=8, help="kills in a step of the cycle")
    parser.add_argument("--scale-sets", type=int, default=120, help="size of the synthetic part of the fleet")
    options = parser.parse_args()
    total = Verdict()
    begun = time.monotonic()
    for attack in options.attacks or ATTACKS:
        total.add(ATTACKS[attack](options))
    _print(f"all, seed {options.seed}, {time.monotonic() - begun:.0f} s", total)
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
