"""Maintenance windows: when they open, how often, and whether they are over."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scanner.facts.window import NEVER, Recurrence, Unit, Window

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Recurrence(every=1, unit=Unit.DAY)


def window(recurrence: Recurrence | None = DAILY, **changes: object) -> Window:
    """Make a window from 22:00 for five hours, from Thursday 1 January 2026 on."""
    told = {
        "starts_at": datetime(2026, 1, 1, 22),  # noqa: DTZ001 - local time
        "duration_minutes": 300,
        "expires_at": NEVER,
        **changes,
    }
    return Window(configuration_id="/c", recurrence=recurrence, **told)  # type: ignore[arg-type]


def at(day: int, hour: int, month: int = 6) -> datetime:
    """Make a moment of 2026 in UTC."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "moment", "is_open"),
    [
        (window(), at(10, 20), True),  # 22:00 in summer
        (window(), at(10, 19), False),
        (window(), at(11, 0), True),  # past midnight
        (window(), at(11, 1), False),
        (window(), at(10, 20, month=1), False),  # 21:00 in winter
        (window(), at(10, 21, month=1), True),
        (window(), datetime(2025, 12, 31, 22, tzinfo=UTC), False),  # before its start
        (window(Recurrence(every=2, unit=Unit.DAY)), at(1, 22, month=1), True),
        (window(Recurrence(every=2, unit=Unit.DAY)), at(2, 22, month=1), False),
        (window(Recurrence(every=1, unit=Unit.WEEK)), at(8, 22, month=1), True),
        (window(Recurrence(every=1, unit=Unit.WEEK)), at(9, 22, month=1), False),
        (window(Recurrence(every=1, unit=Unit.WEEK, weekdays=(4, 5))), at(9, 22, month=1), True),
        (window(Recurrence(every=1, unit=Unit.WEEK, weekdays=(4, 5))), at(8, 22, month=1), False),
        (window(Recurrence(every=2, unit=Unit.WEEK)), at(8, 22, month=1), None),
        (window(Recurrence(every=1, unit=Unit.MONTH)), at(8, 22, month=1), None),
        (window(None), at(8, 22, month=1), None),
        (window(duration_minutes=None), at(8, 22, month=1), None),
        (window(expires_at=datetime(2026, 6, 1)), at(10, 20), False),  # noqa: DTZ001 - local time
        (window(duration_minutes=48 * 60), at(10, 12), True),
    ],
)
def test_a_window_is_open_by_local_time(made: Window, moment: datetime, is_open: bool | None) -> None:  # noqa: FBT001
    """Summer time moves it; what cannot be said is not guessed."""
    assert made.is_open(BERLIN, moment) is is_open


def test_openings_of_years_are_counted_whole() -> None:
    """One for each day, whatever the span."""
    openings = window().openings(BERLIN, at(1, 0, month=1), at(1, 0, month=1) + timedelta(days=1500))
    assert openings is not None
    assert len(openings) == 1500
    assert all(closes - opens == timedelta(hours=5) for opens, closes in openings)


@pytest.mark.parametrize(
    ("expires_at", "zone", "expected"),
    [
        (datetime(2026, 6, 10, 22), BERLIN, True),  # noqa: DTZ001 - local time
        (datetime(2026, 6, 10, 22, 1), BERLIN, False),  # noqa: DTZ001 - local time
        (datetime(2026, 6, 10, 6), None, True),  # noqa: DTZ001 - local time
        (datetime(2026, 6, 10, 7), None, None),  # noqa: DTZ001 - local time
        (datetime(2026, 6, 11, 11), None, False),  # noqa: DTZ001 - local time
        (NEVER, None, False),
        (None, BERLIN, None),
    ],
)
def test_a_window_expires_by_local_time(
    expires_at: datetime | None,
    zone: ZoneInfo | None,
    expected: bool | None,  # noqa: FBT001
) -> None:
    """Without a zone it is only said where every zone agrees."""
    assert window(expires_at=expires_at).has_expired(zone, at(10, 20)) is expected
