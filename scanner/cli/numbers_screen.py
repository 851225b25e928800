"""What ``scan`` shows of the numbers of docs/numbers.md: of everything, and place by place."""

from collections.abc import Mapping
from typing import Literal, get_args

from scanner.cli.screen import Screen
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plural

type By = Literal["application", "environment", "region", "subscription"]
BY: tuple[str, ...] = get_args(By.__value__)
_COLUMNS = (
    ("scale sets", "scale_sets", ""),
    ("compliant", "compliance_percent", "%"),
    ("newest image", "image_compliance_percent", "%"),
    ("behind", "instances_behind", ""),
    ("exposure", "exposure_hours", " h"),
    ("lead time", "lead_time_days", " d"),
    ("findings' age", "finding_age_days", " d"),
    ("not read", "scale_sets_not_read", ""),
)
NOT_KNOWN = "?"


def show_numbers(out: Screen, numbers: Mapping[str, JsonValue], by: str) -> None:
    """Show a row for each place, and one for all; ``?`` where nothing was read of a number."""
    whole, places = numbers.get("all"), numbers.get(by)
    if not isinstance(whole, Mapping) or not whole.get("scale_sets"):
        return
    named = places if isinstance(places, Mapping) else {}
    rows = [(name, *_cells(each)) for name, each in named.items() if isinstance(each, Mapping)]
    out.blank()
    columns = tuple([title for title, _, _ in _COLUMNS])
    out.table(
        f"Numbers of all that is remembered, by {by}",
        (by, *columns),
        [*rows, ("all", *_cells(whole))] if len(rows) > 1 else [("all", *_cells(whole))],
        numbers=columns,
    )
    unread = whole.get("scale_sets_not_read")
    if isinstance(unread, int) and unread:
        out.say(f"Of {plural(unread, 'scale set')} it was not read which image version the instances run.")


def _cells(figures: Mapping[str, JsonValue]) -> list[str]:
    return [_cell(figures.get(name), unit) for _, name, unit in _COLUMNS]


def _cell(value: JsonValue, unit: str) -> str:
    return f"{value:,}{unit}" if isinstance(value, int | float) else NOT_KNOWN
