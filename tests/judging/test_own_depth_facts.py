"""Own rules over what is read beside the row: instances, published images, rollouts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scanner.facts.depth import NOT_READ, Depth, ScaleSet
from scanner.judging.judge import judge
from scanner.judging.own_conditions import is_of
from scanner.judging.own_rules_file import parse_own_rules
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules.own_depth_facts import DEPTH_FACTS
from scanner.rules.own_facts import OWN_FACTS, ROW_FACTS
from scanner.rules.verdict import Outcome
from tests.rules.decision_tables import NOW, changed, criteria, rows
from tests.rules.depth_facts import depth_of

READ_AT = datetime(2026, 6, 1, 23, tzinfo=UTC)
IMAGE = "canonical/ubuntu-24_04-lts/server-arm64"
OLD, NEW = "24.04.202604010", "24.04.202605010"
OFFERED = [
    {"version": OLD, "since": datetime(2026, 4, 2, tzinfo=UTC)},
    {"version": NEW, "since": datetime(2026, 5, 2, tzinfo=UTC)},
]


def census(*images: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Tell what instances run; of the image of the base document, unless another one is named."""
    told = [{"name": IMAGE, "version": NEW, "count": 1, **image} for image in images]
    return {"census_read_at": READ_AT, "census": {"images": told, **more}}


BEHIND = {"behind_model": READ_AT - timedelta(days=3, hours=1)}
ONE_BEHIND = census({"count": 9}, {"version": OLD}, behind=1, power={"running": 9, "deallocated": 1}) | {
    "behind_image": 1
}
LISTING = {"read_at": READ_AT, "listing": {"is_whole": True, "total": 10, "unhealthy": 2, "held": 1}}
NEWEST = {"version": NEW, "offered": OFFERED}

CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("instances", {"instances": ONE_BEHIND}, 10),
    ("instances", {"instances": census()}, 0),
    ("instances_running", {"instances": ONE_BEHIND}, 9),
    ("instances_running", {"instances": census({}, power={"": 1})}, None),
    ("instances_behind_model", {"instances": ONE_BEHIND}, 1),
    ("instances_behind_model", {"instances": census({})}, None),
    ("instances_held_back", {"instances": {**census({}), "reading": LISTING}}, 1),
    ("instances_unhealthy", {"instances": {**census({}), "reading": LISTING}}, 2),
    ("instances_unhealthy", {"instances": {**census({}), "reading": {"read_at": READ_AT, "listing": {}}}}, None),
    ("instances_behind_image", {"instances": ONE_BEHIND, "newest": NEWEST}, 1),
    ("instances_behind_image", {"instances": census({"name": "another"}) | {"behind_image": 0}}, None),
    ("instances_behind_image", {"instances": census({"version": ""}) | {"behind_image": 0}}, None),
    ("days_behind_model", {"instances": ONE_BEHIND, "since": BEHIND}, 3),
    ("days_behind_model", {"instances": census({}, behind=0), "since": BEHIND}, 0),
    ("days_behind_model", {"instances": census({}, behind=1)}, None),
    ("days_behind_model", {"since": BEHIND}, None),
    ("days_held_back", {"instances": census({}, held=1), "since": {"held": READ_AT - timedelta(days=2)}}, 2),
    ("days_behind_image", {"instances": ONE_BEHIND, "since": {"behind_image": READ_AT - timedelta(hours=47)}}, 1),
    ("days_behind_image", {"instances": census({}) | {"behind_image": 0}}, 0),
    ("days_behind_image", {"instances": census({}, {"name": "another"}) | {"behind_image": 0}}, None),
    ("mixed_image_versions", {"instances": ONE_BEHIND}, True),
    ("mixed_image_versions", {"instances": census({})}, False),
    ("running_image_versions", {"instances": ONE_BEHIND}, [OLD, NEW]),
    ("newest_image_version", {"newest": NEWEST}, NEW),
    ("newest_image_version", {"newest": {"version": None, "offered": []}}, ""),
    ("new_image_age_days", {"newest": NEWEST}, 30),
    ("new_image_age_days", {"newest": {"version": NEW, "offered": [{**OFFERED[1], "is_exact": False}]}}, None),
    ("oldest_image_age_days", {"instances": ONE_BEHIND, "newest": NEWEST}, 60),
    ("oldest_image_age_days", {"instances": census({"version": "24.04.202601010"}), "newest": NEWEST}, None),
    ("oldest_image_age_days", {"instances": census({}, {"name": "another"}), "newest": NEWEST}, None),
    ("oldest_image_age_days", {"instances": census(), "newest": NEWEST}, None),
    ("rolling_upgrade", {"rolling_upgrade": {"status": "rolling_forward"}}, "rolling_forward"),
    ("last_os_upgrade", {"attempts": [{"status": "faulted"}, {"status": "completed"}]}, "faulted"),
    ("last_os_upgrade", {"attempts": []}, ""),
    (
        "automatic_repairs_state",
        {"instances": {"reading": {"read_at": READ_AT, "repairs": {"state": "suspended"}}}},
        "suspended",
    ),
    ("health_probe_protocol", {"probe": {"probe_id": "/p", "protocol": "tcp"}}, "tcp"),
    ("health_probe_path", {"probe": {"probe_id": "/p", "protocol": "http", "path": "/healthz"}}, "/healthz"),
    (
        "maintenance_configurations",
        {"windows": [{"configuration_id": "/b"}, {"configuration_id": "/a"}]},
        ["/a", "/b"],
    ),
    ("maintenance_configurations", {"windows": []}, []),
]


def probed() -> dict[str, Any]:
    """Make a scale set that names a probe."""
    return changed({"properties.virtualMachineProfile.networkProfile.healthProbe": {"id": "/p"}})


@pytest.mark.parametrize(("name", "told", "expected"), CASES)
def test_a_fact_is_read(name: str, told: dict[str, Any], expected: object) -> None:
    """What was counted, since when, and what Azure published; and what was not read, or not of all, is not made up."""
    posture = parse_scale_set(probed())
    read = OWN_FACTS[name].read
    assert read(ScaleSet(posture=posture, depth=depth_of(told)), criteria()) == expected
    assert read(ScaleSet(posture=posture), criteria()) is None


def test_every_fact_has_a_case_and_a_kind() -> None:
    """Of every decision table's row each fact is of its kind or not read; both parts of the list are one."""
    assert {name for name, _, value in CASES if value is not None} == set(DEPTH_FACTS)
    assert set(OWN_FACTS) == {*ROW_FACTS, *DEPTH_FACTS}
    known = set()
    for row in rows():
        scale_set = ScaleSet(posture=parse_scale_set(row.document), depth=row.depth)
        for name, fact in OWN_FACTS.items():
            value = fact.read(scale_set, criteria(row.policy))
            assert value is None or is_of(value, fact.kind), (row.case, name, value)
            known |= set() if value is None else {name}
    assert known >= set(DEPTH_FACTS)


def test_a_scale_set_without_instances_and_probe_is_known() -> None:
    """None is behind, none is held, none is mixed: by its capacity alone."""
    scale_set = ScaleSet(posture=parse_scale_set(changed({"sku.capacity": 0})))
    zeros = [name for name in DEPTH_FACTS if name.startswith(("instances", "days"))]
    assert len(zeros) == 9
    assert [DEPTH_FACTS[name].read(scale_set, criteria()) for name in zeros] == [0] * 9
    assert DEPTH_FACTS["mixed_image_versions"].read(scale_set, criteria()) is False
    assert DEPTH_FACTS["health_probe_path"].read(scale_set, criteria()) == ""


def judged(expects: str, depth: Depth, now: datetime = NOW) -> Any:
    """Judge by one own rule."""
    (rule,) = parse_own_rules(
        {
            "r.toml": '[[rule]]\nid = "SHOP-001"\nname = "too-late"\nseverity = "low"\ntitle = "Soon."\n'
            f'rationale = "r"\nremediation = "r"\nexpects = {expects}\n'
        }
    )
    judgement = judge(parse_scale_set(changed()), replace(criteria(now=now), own=(rule,)), depth)
    return judgement.verdicts[-1]


SINCE = NOW - timedelta(days=3, hours=1)


@pytest.mark.parametrize(
    ("expects", "days"),
    [
        pytest.param('{ fact = "days_behind_model", at_most = 3 }', 4, id="it fails the day after"),
        pytest.param('{ fact = "days_behind_model", at_most = 3.5 }', 4, id="a part of a day"),
        pytest.param('{ fact = "days_behind_model", less_than = 5 }', 5, id="it fails on the day"),
        pytest.param('{ not = { fact = "days_behind_model", is = 3 } }', 4, id="it passes the day after"),
        pytest.param('{ fact = "days_behind_model", in = [9, 7, 1] }', 7, id="the first of several"),
        pytest.param('{ fact = "days_behind_model", at_most = 2 }', None, id="the day is over"),
        pytest.param('{ fact = "instances_behind_model", at_most = 2 }', None, id="no time in it"),
        pytest.param('{ fact = "days_behind_model", at_most = 1e300 }', None, id="never"),
    ],
)
def test_a_comparison_of_days_says_until_when_it_holds(expects: str, days: int | None) -> None:
    """So that a scan judges again then; before that moment the answer is the same, and from then on it is another."""
    instances = {**census({}, behind=1), "census_read_at": NOW}
    depth = depth_of({"instances": instances, "since": {"behind_model": SINCE}})
    verdict = judged(expects, depth)
    assert verdict.holds_until == (None if days is None else SINCE + timedelta(days=days))
    if days is None:
        return
    answers = []
    for moment in (verdict.holds_until - timedelta(seconds=1), verdict.holds_until):
        now_read = depth_of({"instances": {**instances, "census_read_at": moment}, "since": {"behind_model": SINCE}})
        answers.append(judged(expects, now_read, moment).outcome)
    assert answers[0] is verdict.outcome
    assert len(set(answers)) == 2


def test_what_only_a_scan_reads_is_unknown_elsewhere() -> None:
    """As where a template or an exported file is checked; a reason that names the fact."""
    verdict = judged('{ fact = "days_behind_image", at_most = 14 }', NOT_READ)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "Not read: days_behind_image.")
