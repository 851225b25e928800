"""The numbers of the charts: shares of a bar, steps of a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scanner.overview.figures import HEADLINES
from scanner.overview.happened import KnownScan
from scanner.report import words

MOST_POINTS = 90
"""Scans that a trend shows: of more, the last of each of as many spans."""
WIDTH, HEIGHT = 400, 120
"""Of the trend, in the units of its drawing."""
_LAST = 0.96 * WIDTH
"""Where the last scan stands, at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a bar, in percent of its length."""

    name: str
    count: int
    start: str
    length: str


def segments(counts: Mapping[str, int]) -> list[Segment]:
    """Divide a bar by headline; what is there is seen, however few."""
    present = [(name, counts.get(name, 0)) for name in HEADLINES if counts.get(name, 0)]
    total = sum(count for _name, count in present)
    lengths = [max(100 * count / total, 1.5) for _name, count in present]
    scale = 100 / sum(lengths) if lengths else 0
    found, start = [], 0.0
    for (name, count), length in zip(present, lengths, strict=True):
        found.append(Segment(name=name, count=count, start=f"{start:.2f}", length=f"{length * scale:.2f}"))
        start += length * scale
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of a trend."""

    name: str
    kind: str
    path: str
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How counts moved from scan to scan."""

    lines: Sequence[Line]
    rows: Sequence[tuple[str, int, int, int]]
    """The same numbers: moment, blocked or not automatic, not known, open high findings."""
    top: int
    first: str
    last: str


def trend_of(scans: Sequence[KnownScan], at: str) -> Trend | None:
    """Draw the scans that read something, oldest first, up to the moment of the report; ``None``: fewer than two."""
    read = _thinned([scan for scan in scans if scan.has_read and scan.headlines])
    if len(read) < 2:
        return None
    rows = [
        (
            words.moment(scan.at),
            scan.headlines.get("no", 0) + scan.headlines.get("blocked", 0),
            scan.headlines.get("unknown", 0),
            scan.open_findings.get("high", 0),
        )
        for scan in read
    ]
    top = max(max(row[1], row[3]) for row in rows) or 1
    xs = _positions([*[scan.at for scan in read], max(at, read[-1].at)])
    series = (("open high findings", "high", 3), ("blocked or not automatic", "stuck", 1))
    lines = [_line(name, kind, [int(row[place]) for row in rows], xs, top) for name, kind, place in series]
    return Trend(lines=lines, rows=rows, top=top, first=words.day(read[0].at), last=words.day(max(at, read[-1].at)))


def _line(name: str, kind: str, values: Sequence[int], xs: Sequence[float], top: int) -> Line:
    """Draw a series as steps: a count holds until the next scan says otherwise."""
    ys = [HEIGHT - 2 - (HEIGHT - 8) * value / top for value in values]
    steps = [f"M{xs[0]:.1f} {ys[0]:.1f}"]
    steps += [f"H{x:.1f}V{y:.1f}" for x, y in zip(xs[1:-1], ys[1:], strict=True)]
    steps.append(f"H{xs[-1]:.1f}")
    return Line(name=name, kind=kind, path="".join(steps), last=values[-1])


def _positions(moments: Sequence[str]) -> list[float]:
    try:
        times = [datetime.fromisoformat(text).timestamp() for text in moments]
    except ValueError:
        times = [float(index) for index in range(len(moments))]
    span = times[-1] - times[0] or 1
    # What the last scan said is drawn for a while: it holds until now.
    return [*[_LAST * (time - times[0]) / span for time in times[:-1]], WIDTH]


def _thinned(scans: Sequence[KnownScan]) -> list[KnownScan]:
    if len(scans) <= MOST_POINTS:
        return list(scans)
    return [scans[(index + 1) * len(scans) // MOST_POINTS - 1] for index in range(MOST_POINTS)]
