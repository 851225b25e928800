"""The facts that are compared between scans."""

import pytest

from scanner.facts.compared import COMPARED, compared_facts, safety_of
from scanner.facts.posture import Posture
from scanner.reading.posture_rows import parse_scale_set
from scanner.state.drift import direction_of
from tests.rules.decision_tables import base


def test_each_fact_has_one_row() -> None:
    """No name stands twice, and facts are read in the order of the table."""
    names = [fact.name for fact in COMPARED]

    assert len(set(names)) == len(names)
    assert list(compared_facts(parse_scale_set(base()))) == names


def test_nothing_read_is_nothing_compared() -> None:
    """A fact that was not read is none, whatever its kind."""
    posture = Posture(scale_set_id="/a", name="a", subscription_id="s", resource_group="g")

    assert set(compared_facts(posture).values()) == {None}


def test_what_is_safer_is_said_of_the_values_that_are_read() -> None:
    """A fact with a better and a worse says so of each value that it can have; of others it says nothing."""
    for name, worse, better in (
        ("upgrade_mode", "manual", "automatic"),
        ("automatic_os_upgrade", False, True),
        ("automatic_rollback_disabled", True, False),
        ("max_batch_instance_percent", 40, 20),
        ("pause_between_batches_seconds", 0, 60),
        ("application_health", "none", "tcp"),
        ("image_pinned", True, False),
    ):
        low, high = safety_of(name, worse), safety_of(name, better)
        assert low is not None
        assert high is not None
        assert low < high
    assert safety_of("image", "platform:a/b/c/latest") is None
    assert safety_of("upgrade_mode", "weekly") is None
    assert safety_of("no-such-fact", 1) is None


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("yes", "unknown", "weakened"),
        ("yes", "blocked", "weakened"),
        ("yes", "in_guest", "weakened"),
        ("in_guest", "no", "weakened"),
        ("no", "yes", "strengthened"),
        ("unknown", "in_guest", "strengthened"),
        ("no", "blocked", "neutral"),
        ("yes", "managed", "neutral"),
        ("managed", "no", "neutral"),
    ],
)
def test_the_headline_has_a_better_and_a_worse(before: str, after: str, direction: str) -> None:
    """Yes is over in_guest, which is over the rest; to and from managed nothing is better or worse."""
    assert direction_of("upgrades_itself", before, after) == direction
