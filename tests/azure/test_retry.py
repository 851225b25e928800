"""How long a request waits, as Azure's headers ask."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from scanner.adapters.azure.connection import CallCounter
from scanner.adapters.azure.retry import retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("soon", None), ("7", 7), ("0.5", 0.5), ("0", 0), ("-3", 0), ("nan", 0), ("inf", float("inf"))],
)  # fmt: skip
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    """What is no number of seconds is no answer, and nothing waits for less than no time."""
    assert retry_after(header) == seconds


@pytest.mark.parametrize(("ahead", "least", "most"), [(30, 28, 30), (-30, 0, 0)])
def test_retry_after_as_a_date(ahead: int, least: float, most: float) -> None:
    """A date is so many seconds from now; a past one means at once."""
    moment = datetime.now(UTC) + timedelta(seconds=ahead)
    for header in (format_datetime(moment, usegmt=True), format_datetime(moment.replace(tzinfo=None))):
        wait = retry_after(header)
        assert wait is not None
        assert least <= wait <= most


def test_the_counter_counts_from_many_threads() -> None:
    """No request is lost or counted twice; the kind is told by the address, in whatever case."""
    counter = CallCounter()

    def work() -> None:
        for _ in range(1000):
            counter.sent("https://arm.example/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01")
            counter.sent("https://arm.example/subscriptions/a/providers/Microsoft.Compute/virtualMachineScaleSets/b")
            counter.answered(429)
            counter.answered(200)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counter.graph_queries, counter.arm_calls, counter.throttles) == (4000, 4000, 4000)
