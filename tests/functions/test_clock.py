"""A machine whose clock is wrong: what the deployed service tells is dated by Azure all the same."""

from datetime import UTC, datetime, timedelta

import pytest

from emulator.client.client import Control
from scanner.adapters.azure.service_clock import ServiceClock, machine_clock
from scanner.bootstrap import deployed
from scanner.settings import read_settings

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Machine:
    """A machine whose clock a test sets."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.ahead = ahead

    def __call__(self) -> datetime:
        """Tell the time of this machine."""
        return NOON + self.ahead


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        pytest.param(timedelta(hours=12), timedelta(), id="half a day ahead"),
        pytest.param(-timedelta(days=3), timedelta(), id="three days behind"),
        pytest.param(timedelta(minutes=4), timedelta(minutes=4), id="four minutes ahead, which is tolerated"),
    ],
)
def test_an_answer_puts_the_clock_right(ahead: timedelta, told: timedelta) -> None:
    """The clock goes by Azure's answers where the machine is more than five minutes off, and by the machine else."""
    clock = ServiceClock(Machine(ahead))
    assert clock() == NOON + ahead
    clock.heard(NOON)
    clock.heard(None)
    assert clock() == NOON + told


def test_a_machine_that_is_put_right_is_believed_again() -> None:
    """What was learned of a wrong clock ends with the first answer after it was set."""
    machine = Machine(timedelta(hours=12))
    clock = ServiceClock(machine)
    clock.heard(NOON)
    machine.ahead = timedelta()
    clock.heard(NOON)
    assert clock() == NOON


@pytest.mark.parametrize("off", [timedelta(hours=12), -timedelta(hours=12)], ids=["ahead", "behind"])
def test_rows_of_a_wrong_clock_lie_where_alerts_look(
    settings: dict[str, str], azure: Control, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    """Every moment that a scan tells is Azure's, so that no alert's window misses it."""
    azure.create_fleet(scale_sets=2, subscriptions=1, instances=1)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with deployed(read_settings(settings), clock=ServiceClock(lambda: machine_clock() + off)) as service:
        service.scan(trigger="timer", scan_id="a-wrong-clock")
    moments = [
        datetime.fromisoformat(row[column])
        for table, columns in _MOMENTS.items()
        for row in azure.query(f"{table} | where ScanId == 'a-wrong-clock'")
        for column in columns
    ]
    assert len(moments) > 4
    assert all(abs(moment - machine_clock()) < timedelta(minutes=5) for moment in moments)


_MOMENTS: dict[str, tuple[str, ...]] = {
    "VmssPostureEvents_CL": ("TimeGenerated", "DetectedAt"),
    "VmssPostureScans_CL": ("TimeGenerated", "DetectedAt"),
}
