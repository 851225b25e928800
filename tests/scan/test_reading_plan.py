"""Which scale sets Compute is asked about, and in what order."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from scanner.scan.reading_plan import Candidate, Reason, make_plan

NOW = datetime(2026, 11, 9, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def candidate(key: str = "a", hours: float | None = 0, **facts: object) -> Candidate:
    """Make a scale set that was read so many hours ago."""
    read_at = None if hours is None else NOW - HOUR * hours
    return Candidate(**{"key": key, "place": "s/r", "calls": 2, "read_at": read_at, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "found", "reason", "is_due"),
    [
        ("never read", candidate(hours=None), Reason.NEW, True),
        ("at rest, an hour ago", candidate(hours=1), Reason.AGE, False),
        ("at rest, a day ago", candidate(hours=24), Reason.AGE, True),
        ("another model, a minute ago", candidate(hours=0.02, is_changed=True), Reason.CHANGED, True),
        ("behind, an hour ago", candidate(hours=1, is_troubled=True), Reason.TROUBLED, False),
        ("behind, three hours ago", candidate(hours=3, is_troubled=True), Reason.TROUBLED, True),
        ("the grace time ended since", candidate(hours=1, is_troubled=True, grace_ends_at=NOW), Reason.TROUBLED, True),
        (
            "read after the grace time",
            candidate(hours=1, is_troubled=True, grace_ends_at=NOW - 2 * HOUR),
            Reason.TROUBLED,
            False,
        ),
    ],
)
def test_what_is_due_and_why(case: str, found: Candidate, reason: Reason, is_due: bool) -> None:  # noqa: FBT001 - the expected answer
    """Each reason has its own interval."""
    assert found.reason is reason, case
    assert (make_plan([found], {"s/r": 10}, NOW) == [found]) is is_due, case


def test_calls_are_spent_within_what_is_left_of_each_place() -> None:
    """One place that has none left does not keep another one waiting."""
    all_due = [candidate(f"{place}-{number}", None, place=place) for place in ("x", "y") for number in range(5)]
    plan = make_plan(all_due, {"x": 5, "y": 0}, NOW)
    assert [each.key for each in plan] == ["x-0", "x-1"]
    assert make_plan(all_due, {}, NOW) == []


def test_those_read_together_are_not_due_together() -> None:
    """A first scan reads all of a fleet in one hour; afterwards they are spread over a quarter of a day."""
    due = {each.due_at for number in range(200) if (each := candidate(f"set-{number}", 0))}
    moments = sorted(moment for moment in due if moment is not None)
    assert moments[-1] - moments[0] > 5 * HOUR
    assert moments[-1] <= NOW + 24 * HOUR


@pytest.mark.parametrize("seed", range(5))
def test_nothing_starves_where_the_budget_is_far_too_small(seed: int) -> None:
    """Forty scale sets, of which three can be read in a scan: each is read all the same, and the urgent ones first."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    read: dict[str, datetime | None] = {f"set-{number:02}": None for number in range(40)}
    behind = {key for key in read if chance.random() < 0.5}
    longest: dict[str, timedelta] = dict.fromkeys(read, timedelta(0))
    for hour in range(24 * 20):
        moment = NOW + hour * HOUR
        found = [
            Candidate(key=key, place="s/r", calls=2, read_at=at, is_troubled=key in behind) for key, at in read.items()
        ]
        for each in make_plan(found, {"s/r": 6}, moment):
            before = read[each.key]
            if hour > 120 and before is not None:  # after what was never read was read
                longest[each.key] = max(longest[each.key], moment - before)
            read[each.key] = moment
    assert None not in read.values()
    assert max(longest.values()) <= timedelta(hours=100)
    assert max(longest[key] for key in behind) <= timedelta(hours=14)


@pytest.mark.parametrize("seed", range(3))
def test_a_month_of_a_fleet_at_rest_costs_a_read_a_day_each(seed: int) -> None:
    """And what falls behind is read more often, for as long as it lasts."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    keys = [f"set-{number}" for number in range(100)]
    read: dict[str, datetime | None] = dict.fromkeys(keys)
    calls = 0
    for hour in range(24 * 30):
        moment = NOW + hour * HOUR + timedelta(minutes=chance.randint(0, 5))
        found = [Candidate(key=key, place="s/r", calls=2, read_at=read[key]) for key in keys]
        for each in make_plan(found, {"s/r": 10_000}, moment):
            read[each.key] = moment
            calls += each.calls
    assert 30 * 100 * 2 <= calls <= 45 * 100 * 2
