"""Rolling upgrades, histories and records of changes as Azure answers them: odd ones are not known, and none is a crash."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.facts.change import Certainty, touches, value_at
from scanner.facts.people import Naming, People
from scanner.facts.rollout import Progress, RolloutStatus
from scanner.reading.change_rows import parse_change, with_current
from scanner.reading.rollout_rows import read_attempts, read_latest, read_wait

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["properties", "runningStatus", "code", "startTime", "progress", "failedInstanceCount", "error", "rollbackInfo"]
)
NAMED = st.recursive(JSON, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
PEOPLE = People(naming=Naming.NAME)
TEN = datetime(2024, 3, 5, 10, 0, tzinfo=UTC)


@given(body=NAMED)
def test_no_answer_about_rollouts_is_a_crash(body: Any) -> None:
    """Whatever stands where, it is read or not known."""
    read_latest(body)
    read_attempts([body, {"properties": body}])
    read_wait([body, {"properties": body}])


@given(
    row=JSON | st.fixed_dictionaries({"properties": NAMED | JSON}), document=st.dictionaries(st.text(max_size=5), JSON)
)
def test_no_record_of_a_change_is_a_crash(row: Any, document: dict[str, Any]) -> None:
    """Whatever stands where, it is a change or none."""
    found = parse_change(row, {}, PEOPLE)
    if found is not None:
        with_current(found[1], document)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"runningStatus": {"code": "rollingforward"}}, RolloutStatus.ROLLING_FORWARD),
        ({"runningStatus": {"code": "Sleeping"}}, None),
        ({"runningStatus": {"code": 3}}, None),
        ({"runningStatus": {"startTime": "2024-03-05T10:00:00Z"}}, None),
    ],
)
def test_a_status_is_one_that_is_documented_or_not_known(properties: dict[str, Any], expected: Any) -> None:
    """Enums of Azure are open."""
    latest = read_latest({"properties": properties})
    assert latest is not None
    assert latest.status is expected


@pytest.mark.parametrize("body", [None, [], {}, {"properties": {}}, {"properties": {"runningStatus": []}}, "404"])
def test_an_answer_without_a_status_is_none(body: Any) -> None:
    """It is not read, and not *never*."""
    assert read_latest(body) is None


def test_an_attempt_as_azure_recorded_it() -> None:
    """No id, no name, completedTime, a small p, nothing to upgrade, an address that must not be kept."""
    (attempt,) = read_attempts(
        [
            {
                "properties": {
                    "runningStatus": {
                        "code": "Completed",
                        "startTime": "2024-03-05T10:00:00.1234567+00:00",
                        "completedTime": "2024-03-05T10:01:00+00:00",
                    },
                    "progress": {"successfulInstanceCount": 0, "failedInstanceCount": 0, "inprogressInstanceCount": 0},
                    "error": {"code": "X", "message": "https://a.blob.core.windows.net/s.sh?sig=secret"},
                    "startedBy": "Platform",
                    "targetImageReference": {"id": "/subscriptions/a/galleries/G/images/I/versions/1.0.0"},
                },
                "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
                "location": "eastus",
            },
            {"properties": {}},
        ]
    )
    assert attempt.started_at is not None
    assert attempt.started_at.replace(microsecond=0) == TEN
    assert attempt.ended_at == TEN.replace(minute=1)
    assert attempt.progress == Progress(successful=0, failed=0, in_progress=0, pending=None)
    assert attempt.target == "/subscriptions/a/galleries/g/images/i/versions/1.0.0"
    assert "secret" not in str(attempt)


def test_a_time_that_says_nothing_is_none() -> None:
    """Year 1 is how .NET says so."""
    latest = read_latest(
        {"properties": {"runningStatus": {"code": "Faulted", "startTime": "0001-01-01T00:00:00+00:00"}}}
    )
    assert latest is not None
    assert latest.started_at is None


def test_only_active_hooks_wait() -> None:
    """The latest end of those that are active counts."""
    events = [
        {"properties": {"state": "Completed", "waitUntil": "2024-03-06T00:00:00Z"}},
        {"properties": {"state": "Active", "waitUntil": "2024-03-05T10:00:00Z"}},
        {"properties": {"state": "active", "maxWaitUntil": "2024-03-05T09:00:00Z"}},
    ]
    assert read_wait(events) == TEN
    assert read_wait(events[:1]) is None


@pytest.mark.parametrize(
    ("attributes", "certainty", "name", "client"),
    [
        (
            {"changedBy": "eve@contoso.com", "clientType": "Azure Portal"},
            Certainty.KNOWN,
            "eve@contoso.com",
            "Azure Portal",
        ),
        ({"changedBy": "System", "changedByType": "System", "clientType": "Unspecified"}, Certainty.PLATFORM, "", ""),
        ({"changedBy": "Unspecified", "clientType": "Unknown"}, Certainty.UNSPECIFIED, "", ""),
        ({"clientType": 5}, Certainty.UNSPECIFIED, "", ""),
        (
            {"changedBy": "a", "clientType": "11111111-2222-3333-4444-555555555555"},
            Certainty.KNOWN,
            "a",
            "11111111-2222-3333-4444-555555555555",
        ),
        ({"changedBy": "a\nb<script>"}, Certainty.KNOWN, "a\\u000ab<script>", ""),
    ],
)
def test_who_is_read_as_azure_says_it(attributes: dict[str, Any], certainty: Certainty, name: str, client: str) -> None:
    """A name is one line; what Azure does not say is empty."""
    told = {"timestamp": "2025-05-29T10:00:00.1234567Z", **attributes}
    found = parse_change(
        {"properties": {"targetResourceId": "/A", "changeAttributes": told, "changes": {"tags.a": {"newValue": None}}}},
        {},
        PEOPLE,
    )
    assert found is not None
    who = found[1].attribution
    assert (who.certainty, who.changed_by, who.changed_with) == (certainty, name, client)
    assert who.changed_at == "2025-05-29T10:00:00.123Z"


DOCUMENT = {
    "tags": {"a.b": "x"},
    "properties": {"upgradePolicy": {"mode": "Rolling"}, "list": [{"name": "health", "on": True}, {"name": "other"}]},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("properties.upgradePolicy.mode", "Rolling"),
        ("Properties.upgradepolicy.Mode", "Rolling"),
        ("tags.a.b", "x"),
        ("properties.list[0].on", True),
        ('properties.list["health"].on', True),
        ("properties.list[9].on", None),
        ("properties.nothing.here", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_path_of_a_change_finds_its_value(path: str, expected: object) -> None:
    """Names without case, items of lists by place or name, tags whose name has a dot."""
    found = value_at(DOCUMENT, path)
    assert found == expected if path else found is not None


def test_a_change_touches_what_it_is_within() -> None:
    """A path below a property is about it; one that only begins alike is not."""
    assert touches("properties.a.b", "properties.a")
    assert touches("properties.a[0].b", "properties.a[].b")
    assert not touches("properties.ab", "properties.a")
