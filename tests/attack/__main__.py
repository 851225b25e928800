"""``python -m tests.attack``: attack the service, print figures and whatever is wrong; exit code 1 when something is.

Seeded: the same seed chooses the same kills, faults and orders, though not the same microseconds. Everything it writes
is in a temporary folder.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.client.local import LocalAzure
from tests.attack import damage, endurance, faults, matrix, messages, month, pauses, prove, stale
from tests.attack.cycle import COMPUTE_STEPS, SHORT, Cycle, lay_out
from tests.attack.jobs import SHARD_SIZE
from tests.attack.kills import kill_for_ever
from tests.attack.own_steps import SCANNER
from tests.attack.proxy import Proxy
from tests.attack.rounds import Rounds
from tests.attack.verdict import Verdict
from tests.attack.victims import Command, Deployed

VICTIMS = (Command, Deployed)
TELLING = 30.0
"""Seconds between two lines that say how far an attack is."""
_played: list[Verdict] = []
"""Those of the attack that is played now."""
KILLED_FLEET = 20
"""Scale sets of the synthetic part where scans are killed: a scan is short, and each kill has two of them to lose. Of it
nothing changes where rows are damaged."""


def _kills(options: argparse.Namespace) -> Verdict:
    total = Verdict()
    with _stage() as (azure, proxy, folder):
        for kind in (kind for kind in VICTIMS if kind.name in options.store):
            lay_out(azure.control, min(options.scale_sets, KILLED_FLEET))
            rounds = Rounds(Cycle(azure.control, kind(azure, proxy, folder)))
            _followed(rounds.cycle.verdict)
            chance = _chance(options, "kills", kind.name)
            kill_for_ever(rounds, proxy, chance, options.kills // len(options.store), folder)
            verdict = rounds.cycle.conclude()
            _print(f"kills, {kind.name}", verdict)
            total.add(verdict)
    return total


def _matrix(options: argparse.Namespace) -> Verdict:
    todo = matrix.cells(options.seed, options.share, options.only)
    with ThreadPoolExecutor(options.lanes) as pool:
        lanes = [
            pool.submit(_matrix_lane, options, endpoint, [cell for cell in todo if cell.endpoint == endpoint])
            for endpoint in faults.ENDPOINTS
            if any(cell.endpoint == endpoint for cell in todo)
        ]
    total = Verdict()
    for lane in lanes:
        total.add(lane.result())
    return total


def _matrix_lane(options: argparse.Namespace, endpoint: str, todo: Sequence[matrix.Cell]) -> Verdict:
    steps = COMPUTE_STEPS if endpoint == "compute" else SHORT
    with _stage() as (azure, proxy, folder):
        lay_out(azure.control, options.scale_sets)
        victim = Deployed(azure, proxy, folder, VMSS_TIME_LIMIT_MINUTES=str(matrix.LIMIT_MINUTES))
        cycle = Cycle(azure.control, victim, steps=steps)
        _followed(cycle.verdict)
        cycle.begin()
        matrix.play(cycle, proxy, todo)
        verdict = cycle.conclude()
    _print(f"faults of {endpoint}", verdict)
    return verdict


def _in_both(
    options: argparse.Namespace, title: str, attack: Callable[[Cycle, Proxy], None], **of_cycle: Any
) -> Verdict:
    """Play an attack on each way in which the service runs."""
    total = Verdict()
    with _stage() as (azure, proxy, folder):
        for kind in (kind for kind in VICTIMS if kind.name in options.store):
            lay_out(azure.control, min(options.scale_sets, KILLED_FLEET) if of_cycle else options.scale_sets)
            cycle = Cycle(azure.control, kind(azure, proxy, folder), **of_cycle)
            _followed(cycle.verdict)
            cycle.begin()
            attack(cycle, proxy)
            verdict = cycle.conclude()
            _print(f"{title}, {kind.name}", verdict)
            total.add(verdict)
    return total


def _stale(options: argparse.Namespace) -> Verdict:
    return _in_both(options, "old answers", stale.play)


def _pauses(options: argparse.Namespace) -> Verdict:
    def attack(cycle: Cycle, proxy: Proxy) -> None:
        pauses.play(cycle, proxy, _chance(options, "pauses", cycle.victim.name), options.pauses // len(options.store))

    return _in_both(options, "two scanners", attack)


def _damage(options: argparse.Namespace) -> Verdict:
    def attack(cycle: Cycle, proxy: Proxy) -> None:
        chance = _chance(options, "damage", cycle.victim.name)
        damage.play(cycle, proxy, lambda what: options.only in what and chance.random() < options.share)

    return _in_both(options, "damaged rows", attack, steps=damage.STEPS_BESIDE, settling=damage.SETTLING)


def _messages(_options: argparse.Namespace) -> Verdict:
    verdict = _followed(Verdict())
    with LocalAzure(storage=True) as azure:
        messages.play(azure, verdict)
    _print("messages", verdict)
    return verdict


def _endurance(options: argparse.Namespace) -> Verdict:
    verdict = _followed(Verdict())
    with _stage() as (azure, proxy, folder):
        lay_out(azure.control, options.scale_sets)
        endurance.play(azure.control, Deployed(azure, proxy, folder), folder, options.scans, verdict)
    _print("endurance", verdict)
    return verdict


def _month(options: argparse.Namespace) -> Verdict:
    verdict = _followed(Verdict())
    with LocalAzure(storage=True) as azure, tempfile.TemporaryDirectory(prefix="attack-") as name:
        played = month.Month(azure.control, scale_sets=options.month_scale_sets, seed=options.seed)
        environment = Deployed(azure, None, Path(name)).environment
        month.play(azure.control, environment, options.month_hours, played, verdict)
    _print("month", verdict)
    return verdict


def _prove(options: argparse.Namespace) -> Verdict:
    verdict = _followed(Verdict())
    prove.play(min(80, options.kills), options.seed, verdict)
    _print("broken on purpose", verdict)
    return verdict


def _timelines(options: argparse.Namespace) -> Verdict:
    """Play many generated timelines, of which the tests play a few."""
    verdict = _followed(Verdict())
    command = [sys.executable, "-m", "pytest", "tests/generated", "--numprocesses", str(options.lanes)]
    environment = {**os.environ, "TIMELINES": str(options.timelines)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    verdict.figures["timelines"] += options.timelines
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            verdict.found("property that does not hold", "generated timelines", line)
    if done.returncode and not verdict.findings:
        verdict.found("test that did not run", "generated timelines", done.stdout[-2_000:] + done.stderr[-2_000:])
    _print("generated timelines", verdict)
    return verdict


def _chance(options: argparse.Namespace, *of: str) -> random.Random:
    return random.Random("/".join([str(options.seed), *of]))  # noqa: S311 - repeatable, no secret


@contextmanager
def _stage() -> Iterator[tuple[LocalAzure, Proxy, Path]]:
    """Answer a local Azure with storage, a proxy before it, and a folder that is gone afterwards."""
    with (
        LocalAzure(storage=True) as azure,
        tempfile.TemporaryDirectory(prefix="attack-") as name,
        Proxy(azure.control.url, azure.ca_file, Path(name)) as proxy,
    ):
        yield azure, proxy, Path(name)


def _stop(_number: int, _frame: object) -> None:
    """Say what was found so far, and end."""
    for verdict in _played:
        _print("stopped, so far", verdict)
    raise KeyboardInterrupt


def _followed(verdict: Verdict) -> Verdict:
    """Let it be told how far this is."""
    _played.append(verdict)
    return verdict


def _tell(name: str, over: threading.Event) -> None:
    """Say twice a minute how far an attack is: it may take an hour."""
    begun = time.monotonic()
    while not over.wait(TELLING):
        for verdict in _played:
            sys.stderr.write(f"{verdict.lines(f'{name}, after {time.monotonic() - begun:.0f} s')[0]}\n")
            sys.stderr.flush()


def _watched(name: str, options: argparse.Namespace) -> Verdict:
    over = threading.Event()
    _played.clear()
    threading.Thread(target=_tell, args=(name, over), name="telling", daemon=True).start()
    try:
        return ATTACKS[name](options)
    finally:
        over.set()


def _print(title: str, verdict: Verdict) -> None:
    sys.stdout.write("\n".join(verdict.lines(title)) + "\n")
    sys.stdout.flush()


ATTACKS: dict[str, Callable[[argparse.Namespace], Verdict]] = {
    "kills": _kills,
    "matrix": _matrix,
    "stale": _stale,
    "pauses": _pauses,
    "damage": _damage,
    "messages": _messages,
    "endurance": _endurance,
    "month": _month,
    "prove": _prove,
    "timelines": _timelines,
}


def _attack(name: str) -> str:
    if name not in ATTACKS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(ATTACKS)}")
    return name


def main() -> int:
    """Run the attacks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument(
        "attacks", nargs="*", type=_attack, metavar="ATTACK", help=f"{', '.join(ATTACKS)} (default: all)"
    )
    parser.add_argument("--seed", type=int, default=1)
    names = [kind.name for kind in VICTIMS]
    parser.add_argument("--store", nargs=1, choices=names, default=names, help="only one of the two stores")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--pauses", type=int, default=100, help="scans that are stopped while another runs")
    parser.add_argument("--scans", type=int, default=500, help="scans in one process")
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the cells of the fault matrix, or of the damages"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="cells, or damaged rows, whose name holds this")
    parser.add_argument("--lanes", type=int, default=2, help="lanes of the fault matrix that are played at once")
    parser.add_argument("--scale-sets", type=int, default=120, help="size of the synthetic part of the fleet")
    parser.add_argument("--month-scale-sets", type=int, default=2_000, help="size of the fleet that lives for a month")
    parser.add_argument("--month-hours", type=int, default=30 * 24, help="scans of the month, one an hour")
    parser.add_argument("--timelines", type=int, default=300, help="generated timelines")
    parser.add_argument("--shard-size", type=int, help="have the deployed service scan in shards of so many scale sets")
    options = parser.parse_args()
    if options.shard_size:
        os.environ[SHARD_SIZE] = str(options.shard_size)
    total = Verdict()
    begun = time.monotonic()
    sys.stdout.write(f"attacking {SCANNER}\n")
    sys.stdout.flush()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        for attack in options.attacks or ATTACKS:
            total.add(_watched(attack, options))
    except KeyboardInterrupt:
        return 130
    _print(f"all, seed {options.seed}, {time.monotonic() - begun:.0f} s", total)
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
