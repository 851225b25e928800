"""Counts and orders of a fleet, as tables."""

from datetime import date

import pytest

from scanner.overview.environments import compare_environments
from scanner.overview.figures import attention, count_rules, days_between, exempt_findings, groups_by, oldest
from scanner.overview.happened import KnownChange, change_of, newest_first
from scanner.overview.instances import instance_figures
from scanner.overview.rollouts import attempts_of, count_endings
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet
from scanner.state.state import ExemptionNote
from tests.scale_sets import SUBSCRIPTION, scale_set_id

PRODUCTION = frozenset({"production"})


def known(name: str, headline: str = "yes", *severities: str, **more: object) -> KnownScaleSet:
    """Make a scale set with an open finding of each severity."""
    findings = tuple([KnownFinding(rule_id="VMSS-001", severity=each, reason="off") for each in severities])
    given: dict[str, object] = {"environment": "production", "application": "shop", "findings": findings, **more}
    return KnownScaleSet(
        scale_set_id=scale_set_id(name),
        name=name,
        subscription_id=SUBSCRIPTION,
        resource_group="rg",
        upgrades_itself=headline,
        **given,  # type: ignore[arg-type]
    )


def exempt(rule_id: str, until: str) -> KnownFinding:
    """Make a finding that is exempt until a day."""
    note = ExemptionNote(reason="agreed", owner="web", until=until, source="tag")
    return KnownFinding(rule_id=rule_id, severity="low", reason="", exemption=note)


def test_what_needs_attention_comes_first() -> None:
    """Stuck before open findings before none; then severity, production, headline, number of findings, id."""
    ordered = [
        known("a", "no", "high", "low"),
        known("b", "no", "high"),
        known("c", "unknown", "high"),
        known("d", "blocked", "high", environment="dev"),
        known("e", "blocked", "medium"),
        known("f", "unknown"),
        known("g", "yes", "high"),
        known("h", "managed", "low"),
        known("i", "in_guest"),
        known("j"),
    ]
    mixed = sorted(ordered, key=lambda item: item.name[::-1], reverse=True)
    assert [item.name for item in sorted(mixed, key=lambda item: attention(item, PRODUCTION))] == list("abcdefghij")


def test_groups_count_everything_once() -> None:
    """Also the scale sets without the label; the group with the most high findings is first."""
    items = [
        known("a", "no", "high"),
        known("b", owner="x"),
        known("c", "unknown", owner="x"),
        known("d", "yes", "low"),
    ]
    groups = groups_by(lambda item: item.owner, items)
    assert [(each.name, each.total, each.stuck, each.open_findings["high"]) for each in groups] == [
        ("", 2, 1, 1),
        ("x", 2, 1, 0),
    ]


def test_rules_are_counted_by_answer() -> None:
    """Open, exempt and unknown; a rule that only passed is left out."""
    items = [
        known("a", "no", "high", outcomes={"VMSS-001": "failed", "VMSS-040": "unknown", "VMSS-002": "passed"}),
        known("b", findings=(exempt("VMSS-001", "2026-12-01"), exempt("VMSS-020", "2026-12-01"))),
    ]
    counted = [(each.rule_id, each.severity, each.open, each.exempt, each.unknown) for each in count_rules(items)]
    assert counted == [("VMSS-001", "high", 1, 1, 0), ("VMSS-020", "low", 0, 1, 0), ("VMSS-040", "", 0, 0, 1)]


def test_exemptions_are_listed_by_their_end() -> None:
    """With the days that are left; an end that is no date is shown as it is."""
    item = known(
        "a", findings=tuple(exempt("VMSS-001", each) for each in ("soon", "2026-11-20", "2026-11-15", "2026-11-14"))
    )
    listed = exempt_findings([item], date(2026, 11, 15))
    assert [(each.until, each.days_left) for each in listed] == [
        ("2026-11-14", -1),
        ("2026-11-15", 0),
        ("2026-11-20", 5),
        ("soon", None),
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "days"),
    [
        pytest.param("2026-11-01T23:59:59Z", "2026-11-02T00:00:00Z", 1, id="over midnight"),
        pytest.param("2026-11-02T00:00:00Z", "2026-11-02T23:00:00Z", 0, id="the same day"),
        pytest.param("2026-11-05T00:00:00Z", "2026-11-02T00:00:00Z", 0, id="a clock that was set back"),
        pytest.param("", "2026-11-02T00:00:00Z", None, id="not known"),
        pytest.param("yesterday", "2026-11-02", None, id="no moment"),
    ],
)
def test_days_are_counted_by_the_calendar(earlier: str, later: str, days: int | None) -> None:
    """In UTC; what is not known is not nothing."""
    assert days_between(earlier, later) == days
    finding = KnownFinding(rule_id="VMSS-001", severity="high", reason="", opened_at=earlier)
    assert oldest([finding], later) == days


def test_environments_of_one_application_are_compared() -> None:
    """Production last; a fact that was not read is no difference, and an application with one environment is left out."""
    facts = {"upgrade_mode": "rolling", "image": "a", "automatic_repairs": True}
    items = [
        known("a", facts=facts),
        known("b", "no", environment="staging", facts={**facts, "upgrade_mode": "manual", "automatic_repairs": None}),
        known("c", application="other", facts=facts),
        known("d", application="", environment="staging", facts={}),
    ]
    (compared,) = compare_environments(items, PRODUCTION)
    assert (compared.name, [group.name for group in compared.environments]) == ("shop", ["staging", "production"])
    assert [(each.fact, each.values) for each in compared.differences] == [
        ("upgrade_mode", (("manual",), ("rolling",)))
    ]


def test_instances_that_are_behind_are_summed_up() -> None:
    """The most exposed first; what was not read is counted apart, and never as well."""

    def with_instances(name: str, **counts: object) -> KnownScaleSet:
        return known(name, instances=KnownInstances(**counts))  # type: ignore[arg-type]

    first, second = "2026-11-01T06:00:00.000Z", "2026-11-09T06:00:00.000Z"
    items = [
        with_instances("a", count=10, behind_image=2, behind_model=1, exposure_hours=60, exposure_from=second),
        with_instances("b", count=5, behind_image=5, behind_model=0, exposure_hours=5, exposure_from=second),
        with_instances("c", count=7, behind_image=None, behind_model=None),
        with_instances("d", count=4, behind_image=1, behind_model=0),
        known("e"),
        with_instances("f", count=1, behind_image=0, behind_model=0, exposure_hours=100, exposure_from=first),
    ]
    found = instance_figures(items)
    assert (found.read, found.not_read, found.count, found.behind_image, found.behind_model) == (5, 1, 27, 8, 1)
    assert (found.image_not_read, found.model_not_read) == (1, 1)
    assert (found.hours, found.hours_from, found.hours_not_read) == (165, first, 2)
    assert [(lag.scale_set.name, lag.hours) for lag in found.lags] == [("a", 60), ("b", 5), ("d", None)]


def test_a_rollout_stands_as_its_last_event_says() -> None:
    """Each attempt once; what needs attention first, then the newest."""

    def told(attempt: str, word: str, at: str, name: str = "web") -> KnownChange:
        return change_of(
            {
                "EventId": f"{name}{attempt}{word}",
                "EventType": f"rollout.{word}",
                "DetectedAt": at,
                "ScaleSetId": f"/{name}",
                "RolloutId": attempt,
                "RolloutStartedAt": attempt,
                "InstancesFailed": 2,
            }
        )

    changes = newest_first(
        [
            told("2026-11-01", "started", "2026-11-01T01"),
            told("2026-11-01", "stalled", "2026-11-01T03"),
            told("2026-11-01", "completed", "2026-11-01T09"),
            told("2026-11-05", "started", "2026-11-05T01"),
            told("2026-11-06", "completed", "2026-11-06T01", "shop"),
            told("2026-11-04", "rolled_back", "2026-11-04T01", "shop"),
        ]
    )
    found = attempts_of(changes)
    assert [(each.last.scale_set_id, each.started_at, each.ending) for each in found] == [
        ("/shop", "2026-11-04", "rolled_back"),
        ("/web", "2026-11-05", "started"),
        ("/shop", "2026-11-06", "completed"),
        ("/web", "2026-11-01", "completed"),
    ]
    assert count_endings(found) == {"rolled_back": 1, "started": 1, "completed": 2}
    assert (found[0].failed, found[0].succeeded) == (2, None)
