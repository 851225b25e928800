"""The table of ``bench/README.md``, written from what was measured."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from bench.measure import Cost

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
PAGER = "plain pager"
_COLUMNS = (
    "scale sets",
    "what",
    "wall, s",
    "of the pager",
    "CPU, s",
    "of the pager",
    "peak, MB",
    "requests",
    "states read",
    "states written",
    "records read",
    "records written",
    "rows sent",
)


def to_markdown(measured: Mapping[int, Mapping[str, Cost]]) -> str:
    """Write the costs by number of scale sets and by what was run, and how they grow."""
    lines = [
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + " --- |" * len(_COLUMNS),
    ]
    for size, costs in measured.items():
        pager = costs[PAGER]
        for what, cost in costs.items():
            counts = ["states_read", "states_written", "records_read", "records_written", "rows_sent"]
            cells = [
                f"{size:,}",
                what,
                f"{cost.wall:.2f}",
                f"{cost.wall / pager.wall:.1f}",
                f"{cost.cpu:.2f}",
                f"{cost.cpu / pager.cpu:.1f}",
                f"{cost.megabytes:.0f}",
                f"{cost.requests:,}",
                *[f"{cost.counts[name]:,}" if name in cost.counts else "" for name in counts],
            ]
            lines.append("| " + " | ".join(cells) + " |")
    lines.extend(_growth(measured))
    return "\n".join(lines)


def _growth(measured: Mapping[int, Mapping[str, Cost]]) -> Sequence[str]:
    """Say what one scale set more costs, between one size and the next."""
    sizes = sorted(measured)
    if len(sizes) < 2:
        return ()
    lines = ["", "| one scale set more | what | wall, µs | CPU, µs | peak, KB |", "|" + " --- |" * 5]
    for smaller, larger in pairwise(sizes):
        more = larger - smaller
        for what, cost in measured[larger].items():
            before = measured[smaller].get(what)
            if before is None:
                continue
            lines.append(
                f"| {smaller:,} to {larger:,} | {what} | {(cost.wall - before.wall) / more * 1e6:.0f}"
                f" | {(cost.cpu - before.cpu) / more * 1e6:.0f}"
                f" | {(cost.megabytes - before.megabytes) / more * 1024:.1f} |"
            )
    return lines


def put_into(page: str, table: str, first: str = BEGIN, last: str = END) -> str:
    """Put a table in the place of the one that is on the page. Raises ``ValueError`` where its marks are missing."""
    before, begin, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{README} has no {first} … {last}.")
    return f"{before}{first}\n\n{table}\n\n{last}{after}"
