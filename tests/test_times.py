"""Moments as text: ours sorts as time does, HTTP's is read whatever it holds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scanner.times import http_date, iso


def test_our_text_sorts_as_time_does() -> None:
    """To the millisecond, in UTC."""
    moments = [datetime(2026, 11, 9, 6, 0, tzinfo=UTC) + timedelta(milliseconds=step) for step in (0, 1, 999, 60_000)]
    texts = [iso(moment) for moment in moments]
    assert texts == sorted(texts)
    assert texts[1] == "2026-11-09T06:00:00.001Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 09 Nov 2026 06:00:00 GMT", datetime(2026, 11, 9, 6, 0, tzinfo=UTC)),
        ("Mon, 09 Nov 2026 06:00:00 +0100", datetime(2026, 11, 9, 6, 0, tzinfo=timezone(timedelta(hours=1)))),
        ("Mon, 09 Nov 2026 06:00:00", datetime(2026, 11, 9, 6, 0, tzinfo=UTC)),
        ("Thu, 31 Dec 2026 23:59:60 GMT", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("yesterday", None),
        ("Mon, 99 Nov 2026 06:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_of_http_is_a_moment_or_none(text: str | None, expected: datetime | None) -> None:
    """A leap second is the second before it; what names no moment is none."""
    assert http_date(text) == expected
