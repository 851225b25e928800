"""Time spans of .NET, as host.json and Azure's quota headers have them."""

from datetime import timedelta

import pytest

from azureformats.time_span import read_time_span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:30:00", timedelta(minutes=30)),
        ("0:5:0", timedelta(minutes=5)),
        ("1.02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("00:00:04.5", timedelta(seconds=4.5)),
        (" 00:01:03 ", timedelta(seconds=63)),
        ("-00:00:01", timedelta(seconds=-1)),
        ("00:00:00", timedelta(0)),
    ],
)
def test_a_time_span_is_read(text: str, expected: timedelta) -> None:
    """Days before a point, fractions of a second after one."""
    assert read_time_span(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "30",
        "soon",
        "24:00:00",
        "00:60:00",
        "00:00:60",
        "1:2",
        "1:2:3:4",
        "٣:00:00",
        "nan:00:00",
        "999999999.00:00:00",
    ],
)
def test_what_is_no_time_span_is_refused(text: str) -> None:
    """.NET reads 24:00:00 as 24 days: it is refused rather than guessed."""
    with pytest.raises(ValueError, match="is not a time span"):
        read_time_span(text)
