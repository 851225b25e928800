"""Schedules of timers: which texts are NCRONTAB, and when they fire next."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from azureformats import ncrontab


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        pytest.param("0 */30 * * * *", "2026-11-20T10:00:00", "2026-11-20T10:30:00", id="every half hour"),
        pytest.param("0 */30 * * * *", "2026-11-20T10:29:59", "2026-11-20T10:30:00", id="the very next second"),
        pytest.param("0 0 */2 * * *", "2026-12-31T23:00:00", "2027-01-01T00:00:00", id="over the end of the year"),
        pytest.param("0 0 6 * * *", "2026-11-20T06:00:00", "2026-11-21T06:00:00", id="not the same moment again"),
        pytest.param("15,45 5 0-2 * * *", "2026-11-20T00:05:15", "2026-11-20T00:05:45", id="lists and ranges"),
        pytest.param("0 5/20 * * * *", "2026-11-20T10:26:00", "2026-11-20T10:45:00", id="a step from a first value"),
        pytest.param("0 0 0 * * Mon-Fri", "2026-11-20T12:00:00", "2026-11-23T00:00:00", id="working days"),
        pytest.param("0 0 0 * * 0", "2026-11-20T12:00:00", "2026-11-22T00:00:00", id="0 is Sunday"),
        pytest.param("0 0 0 1 jan *", "2026-11-20T12:00:00", "2027-01-01T00:00:00", id="a month by name"),
        pytest.param("0 0 0 13 * fri", "2026-11-20T12:00:00", "2027-08-13T00:00:00", id="both day fields must match"),
        pytest.param("0 0 0 29 2 *", "2026-11-20T12:00:00", "2028-02-29T00:00:00", id="the next leap year"),
        pytest.param("0 0 0 29 2 sun", "2072-11-20T12:00:00", "2088-02-29T00:00:00", id="a leap day that is a Sunday"),
        pytest.param("* * * * * *", "2026-11-20T23:59:59", "2026-11-21T00:00:00", id="every second"),
    ],
)
def test_a_schedule_names_its_next_moment(text: str, after: str, expected: str) -> None:
    """The next moment is the first one after the time given, in UTC."""
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert ncrontab.parse(text).next_after(moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_schedule_is_in_utc_whatever_the_clock_says() -> None:
    """A clock of another time zone changes nothing."""
    in_tokyo = datetime(2026, 11, 20, 14, 59, tzinfo=timezone(timedelta(hours=9)))
    assert ncrontab.parse("0 0 6 * * *").next_after(in_tokyo) == datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("*/30 * * * *", id="five fields"),
        pytest.param("0 0 0 * * 7", id="7 is no Sunday"),
        pytest.param("0 60 * * * *", id="minute 60"),
        pytest.param("0 0 0 0 * *", id="day 0"),
        pytest.param("0 0 0 ? * *", id="a question mark"),
        pytest.param("0 0 0 L * *", id="the last day"),
        pytest.param("0 */0 * * * *", id="a step of 0"),
        pytest.param("0 30-10 * * * *", id="a range backwards"),
        pytest.param("0 *-5 * * * *", id="a range from everything"),
        pytest.param("0 ٣ * * * *", id="digits of another script"),
        pytest.param("@daily x x x x x", id="a nickname"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_azure_refuses_is_refused_here(text: str) -> None:
    """A text of another cron dialect is no schedule."""
    with pytest.raises(ncrontab.ScheduleError):
        ncrontab.parse(text)


def test_a_day_that_never_comes_is_said_to() -> None:
    """30 February is well written and never comes."""
    with pytest.raises(ncrontab.ScheduleError, match="never comes"):
        ncrontab.parse("0 0 0 30 2 *").next_after(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "shortest", "longest"),
    [
        pytest.param("0 */30 * * * *", timedelta(minutes=30), timedelta(minutes=30), id="every half hour"),
        pytest.param(
            "0 */25 * * * *", timedelta(minutes=10), timedelta(minutes=25), id="a step that does not divide the hour"
        ),
        pytest.param("0 0 6 * * *", timedelta(days=1), timedelta(days=1), id="daily"),
        pytest.param("0 30 19 * * 1-5", timedelta(days=1), timedelta(days=3), id="working days: over the weekend"),
        pytest.param(
            "0 */10 8-17 * * mon-fri", timedelta(minutes=10), timedelta(days=2, hours=14, minutes=10), id="office hours"
        ),
        pytest.param(
            "0 59,0 23,0 * * *", timedelta(minutes=1), timedelta(hours=22, minutes=1), id="on both sides of midnight"
        ),
        pytest.param("0 0 0 31 * *", timedelta(days=31), timedelta(days=61), id="the months that have 31 days"),
        pytest.param("0 0 0 29 2 *", timedelta(days=1461), timedelta(days=1461), id="leap days"),
        pytest.param("* * * * * *", timedelta(seconds=1), timedelta(seconds=1), id="every second"),
    ],
)
def test_a_schedule_has_its_shortest_and_its_longest_gap(text: str, shortest: timedelta, longest: timedelta) -> None:
    """The gap to the next firing alone says little: the longest one may be over a night, a weekend or a month."""
    for day in range(1, 8):
        moment = datetime(2026, 11, day, 12, 34, tzinfo=UTC)
        assert ncrontab.parse(text).gaps(moment) == (shortest, longest)
