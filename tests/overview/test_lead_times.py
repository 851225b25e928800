"""Lead times out of snapshot rows: each once, and what is not known in no average."""

from typing import Any

from scanner.overview.lead_times import LeadTimeFigures, lead_time_figures, lead_times_of


def row(name: str, *lead_times: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """Make a row of a snapshot."""
    return {"ScaleSetId": f"/scale-sets/{name}", "ScaleSetName": name, "LeadTimes": list(lead_times), **columns}


def reached(version: str, at: str, hours: int | None) -> dict[str, Any]:
    """Make an element of LeadTimes."""
    published = None if hours is None else "2026-11-01T00:00:00.000Z"
    kind = "before_first_seen" if hours is None else "first_seen"
    return {
        "version": version,
        "published_at": published,
        "published_is": kind,
        "reached_at": at,
        "hours": hours,
    }


V2 = reached("2.0.0", "2026-11-04T00:00:00.000Z", 72)
V3 = reached("3.0.0", "2026-11-06T00:00:00.000Z", 120)
BEFORE = reached("2.0.0", "2026-11-02T00:00:00.000Z", None)


def test_each_is_told_once_with_the_labels_of_the_last_row() -> None:
    """Two snapshots tell V2; the earliest comes first."""
    rows = [
        row("web", V2, Application="shop"),
        row("web", V2, V3, Application="store"),
        row("api", BEFORE),
        row("empty"),
        {"ScaleSetId": "/scale-sets/never-read", "LeadTimes": None},
    ]
    found = lead_times_of(rows)
    assert [(each.name, each.version, each.application, each.hours) for each in found] == [
        ("api", "2.0.0", "", None),
        ("web", "2.0.0", "store", 72),
        ("web", "3.0.0", "store", 120),
    ]


def test_what_is_not_known_is_counted_apart() -> None:
    """72 and 120 hours are 96 on average; the unknown one is one unknown."""
    found = lead_time_figures(lead_times_of([row("web", V2, V3), row("api", BEFORE)]))
    assert found == LeadTimeFigures(known=2, unknown=1, mean_hours=96.0, median_hours=96.0, longest_hours=120)


def test_without_any_there_is_no_average() -> None:
    """Nothing known is no zero."""
    found = lead_time_figures(lead_times_of([row("api", BEFORE)]))
    assert (found.known, found.unknown, found.mean_hours, found.longest_hours) == (0, 1, None, None)
