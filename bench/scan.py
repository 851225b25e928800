"""A scan, as the service makes it, beside a plain pager in the same run, at several sizes of the fleet.

``make bench`` runs it and writes the table of ``bench/README.md``; ``make bench SIZES="5000 20000"`` for other sizes.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace

from bench import table
from bench.measure import Cost, median, run, say
from bench.one_scan import ALONE, PACED
from emulator.client.local import LocalAzure
from scanner.adapters.azure.quota import QuotaPolicy
from scanner.ports.fleet import QUERIES

SIZES = (5_000, 20_000, 100_000)
PER_SUBSCRIPTION = 1_000
TABLES = "tables"
KINDS = {
    "": ("", ()),
    ALONE: ("the scale sets alone", (ALONE,)),
    TABLES: ("the scale sets alone, state in Table Storage", (ALONE,)),
}
"""How each kind is told, and what a scan of it is asked for."""


def main() -> int:
    """Measure, print the table, and with ``--write`` put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", metavar="SCALE-SETS", help=f"by default {SIZES}")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds that every Resource Graph answer takes longer"
    )
    parser.add_argument("--instances", type=int, default=3, help="instances of each scale set, for the census")
    parser.add_argument("--rounds", type=int, default=5, help="runs of which the median is told")
    parser.add_argument("--rounds-above-20000", type=int, default=1, help="the same above 20,000 scale sets")
    parser.add_argument(
        "--alone-above",
        type=int,
        default=5_000,
        help="above this size only the scale sets alone, without what lies beside",
    )
    parser.add_argument(
        "--tables-up-to", type=int, default=5_000, help="up to this size also with the state in Table Storage (Azurite)"
    )
    parser.add_argument("--write", action="store_true", help="write the table into bench/README.md")
    options = parser.parse_args()
    measured: dict[int, dict[str, Cost]] = {}
    for size in options.sizes or SIZES:
        rounds = options.rounds if size <= 20_000 else options.rounds_above_20000
        kinds = [ALONE] if size > options.alone_above else ["", ALONE]
        if size <= options.tables_up_to:
            kinds.append(TABLES)
        measured[size] = measure(size, rounds, options.latency, options.instances, kinds)
        print(table.to_markdown({size: measured[size]}), flush=True)
    text = table.to_markdown(measured)
    if options.write:
        table.README.write_text(table.put_into(table.README.read_text("utf-8"), text), "utf-8")
    return 0


def measure(size: int, rounds: int, latency: float, instances: int, kinds: Sequence[str]) -> dict[str, Cost]:
    """Measure one size: the pager, the first scans, one when nothing changed, and one when 1 % changed.

    Then, once, pager and scan with the quota of Resource Graph.
    """
    with LocalAzure(storage=TABLES in kinds) as azure, tempfile.TemporaryDirectory() as folder:
        say(f"making a fleet of {size:,} scale sets")
        azure.control.create_fleet(
            seed=1, subscriptions=max(1, size // PER_SUBSCRIPTION), scale_sets=size, instances=instances
        )
        azure.control.set_limits(graph_queries=0)
        if latency:
            azure.control.set_latency("graph", latency)
        bench = _Bench(azure)
        bench.pager()  # a warm-up of the local Azure
        costs: dict[str, list[Cost]] = {}

        def note(what: str, told: str, cost: Cost) -> None:
            costs.setdefault(f"{what}, {told}" if told else what, []).append(cost)

        for number in range(rounds):
            note(table.PAGER, "", bench.pager())
            for kind in kinds:
                told, asked = KINDS[kind]
                state = (
                    f"{azure.watched_table_endpoint}/bench{number}"
                    if kind == TABLES
                    else f"{folder}/{number}{kind}.sqlite"
                )
                note("first scan", told, bench.scan(state, *asked))
                # The second scan is the first that compares the scale sets of an application; the third may be the first
                # that compares what instances run: how a census is cut is known by what the scan before counted.
                note("second scan", told, bench.scan(state, *asked))
                bench.scan(state, *asked)
                note("nothing changed", told, bench.scan(state, *asked))
                bench.change_one_percent(number)
                note("1 % changed", told, bench.scan(state, *asked))
        azure.control.set_limits(graph_queries=QUERIES)
        bench.wait_for_quota()
        note(table.PAGER, "with the quota", bench.pager(PACED))
        bench.wait_for_quota()
        state = f"{folder}/{rounds - 1}{ALONE}.sqlite"
        for _ in range(2):  # another kind may have changed scale sets since, and what changed is compared a scan later
            bench.scan(state, ALONE, PACED)
            bench.wait_for_quota()
        note("nothing changed", "the scale sets alone, with the quota", bench.scan(state, ALONE, PACED))
        return {what: median(each) for what, each in costs.items()}


class _Bench:
    """Processes on one local Azure."""

    def __init__(self, azure: LocalAzure) -> None:
        self._azure = azure
        self._ids = azure.control.scale_set_ids()
        self._changes = 0
        self._environment = {**os.environ, **azure.environment(), "NO_PROXY": "localhost,127.0.0.1"}

    def pager(self, *asked: str) -> Cost:
        """Download the rows and do nothing with them."""
        return self._run("bench.plain_pager", self._azure.arm_endpoint, *asked)

    def scan(self, state: str, *asked: str) -> Cost:
        """Scan on a state, which is made where there is none."""
        return self._run("bench.one_scan", self._azure.arm_endpoint, state, *asked)

    def wait_for_quota(self) -> None:
        """Wait until the quota of Resource Graph is whole again."""
        time.sleep(QuotaPolicy.WINDOW + 1)

    def change_one_percent(self, number: int) -> None:
        """Change the largest batch of every hundredth scale set, others in every round."""
        for scale_set_id in self._ids[number::100]:
            path = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
            self._changes += 1
            self._azure.control.change(scale_set_id, {path: 60 + self._changes % 40})

    def _run(self, module: str, *arguments: str) -> Cost:
        before = max((entry.number for entry in self._azure.control.requests()), default=0)
        cost = run([sys.executable, "-m", module, *arguments], self._environment)
        return replace(cost, requests=len(self._azure.control.requests(after=before)))


if __name__ == "__main__":
    sys.exit(main())
