"""Answers in the shapes that Microsoft publishes and others recorded: no crash, and no unknown that becomes failed.

The bodies are written here; their form is that of the examples of the Compute API (rolling upgrade, OS upgrade history,
instance view and instances of a scale set), of the pages about automatic OS upgrade from 2017 on, and of what ``az`` and
PowerShell print. Each is then damaged in every place, by what could stand there instead.
"""

import copy
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.facts.depth import Depth, ScaleSet
from scanner.facts.instances import ComputeReading, Instances, Listing, RepairsService
from scanner.facts.rollout import OsUpgradeAttempt, Progress, RolloutStatus
from scanner.reading.instance_rows import add_instances, read_repairs
from scanner.reading.posture_rows import parse_scale_set
from scanner.reading.rollout_rows import newest_first_of, read_attempts, read_latest
from scanner.rules import rule_by_id
from scanner.rules.verdict import Outcome
from tests.rules.decision_tables import criteria
from tests.scale_sets import document, scale_set_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = ("VMSS-010", "VMSS-016", "VMSS-042", "VMSS-043", "VMSS-060", "VMSS-061", "VMSS-062")
JUNK: tuple[Any, ...] = (None, "aaaaaaaaaaaa", "", {}, [], -1, 7, True, [None], "0001-01-01T00:00:00+00:00")

LATEST: dict[str, Any] = {
    "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
    "location": "westeurope",
    "properties": {
        "policy": {"maxBatchInstancePercent": 20, "pauseTimeBetweenBatches": "PT0S", "maxSurge": False},
        "runningStatus": {
            "code": "Completed",
            "startTime": "2026-11-19T03:40:14.0924763+00:00",
            "lastAction": "Start",
            "lastActionTime": "2026-11-19T03:40:14.1838042+00:00",
        },
        "progress": {
            "successfulInstanceCount": 3,
            "failedInstanceCount": 0,
            "inprogressInstanceCount": 0,
            "pendingInstanceCount": 0,
        },
    },
}
HISTORY: dict[str, Any] = {
    "value": [
        {
            "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
            "location": "westeurope",
            "properties": {
                "runningStatus": {
                    "code": "Completed",
                    "startTime": "2026-11-19T03:40:14.0924763+00:00",
                    "completedTime": "2026-11-19T05:10:00.0511245+00:00",
                },
                "progress": {
                    "successfulInstanceCount": 3,
                    "failedInstanceCount": 0,
                    "inProgressInstanceCount": 0,
                    "pendingInstanceCount": 0,
                },
                "startedBy": "Platform",
                "targetImageReference": {
                    "publisher": "MicrosoftWindowsServer",
                    "offer": "WindowsServer",
                    "sku": "2022-datacenter-azure-edition",
                    "version": "20348.4052.251002",
                },
                "rollbackInfo": {"successfullyRolledbackInstanceCount": 0, "failedRolledbackInstanceCount": 0},
            },
        }
    ],
    "nextLink": "foo://example.com/next",
}
VIEW: dict[str, Any] = {
    "virtualMachine": {"statusesSummary": [{"code": "ProvisioningState/succeeded", "count": 3}]},
    "extensions": [{"name": "health", "statusesSummary": [{"code": "ProvisioningState/succeeded", "count": 3}]}],
    "statuses": [{"code": "ProvisioningState/succeeded", "level": "Info", "time": "2026-11-19T12:58:26.526Z"}],
    "orchestrationServices": [{"serviceName": "AutomaticRepairs", "serviceState": "Running"}],
}
INSTANCES: dict[str, Any] = {
    "value": [
        {
            "id": f"{scale_set_id('web')}/virtualMachines/{number}",
            "type": "Microsoft.Compute/virtualMachines",
            "zones": [None],
            "properties": {
                "latestModelApplied": True,
                "modelDefinitionApplied": "VirtualMachineScaleSet",
                "provisioningState": "Succeeded",
                "protectionPolicy": {"protectFromScaleIn": True, "protectFromScaleSetActions": False},
                "instanceView": {
                    "rdpThumbPrint": None,
                    "vmAgent": {"vmAgentVersion": "Unknown", "extensionHandlers": None},
                    "extensions": None,
                    "statuses": [
                        {"code": "ProvisioningState/succeeded", "message": None},
                        {"code": "PowerState/running", "time": None},
                    ],
                    "vmHealth": {"status": {"code": "HealthState/healthy", "level": "Info"}},
                },
            },
        }
        for number in range(3)
    ]
}
ANSWERS: Mapping[str, dict[str, Any]] = {"latest": LATEST, "history": HISTORY, "view": VIEW, "instances": INSTANCES}


def outcomes(answers: Mapping[str, Any]) -> dict[str, Outcome]:
    """Read the answers as the service does, and judge what they say."""
    listing = add_instances(Listing(is_whole=True), _items(answers["instances"]))
    reading = ComputeReading(read_at=NOW, about="", listing=listing, repairs=read_repairs(answers["view"]))
    depth = Depth(
        rolling_upgrade=read_latest(answers["latest"]),
        attempts=newest_first_of(read_attempts(_items(answers["history"]))),
        instances=Instances(reading=reading),
    )
    scale_set = ScaleSet(posture=parse_scale_set(document("web")), depth=depth)
    return {rule_id: _check(rule_id, scale_set) for rule_id in RULES}


def _check(rule_id: str, scale_set: ScaleSet) -> Outcome:
    check: Any = rule_by_id(rule_id).check
    outcome: Outcome = check(scale_set, criteria(now=NOW)).outcome
    return outcome


def _items(body: Any) -> list[Any]:
    found = body.get("value") if isinstance(body, Mapping) else None
    return found if isinstance(found, list) else []


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from _places(each, (*path, key))


def _damaged(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _places(ANSWERS[name]):
        for number in range(-1, len(JUNK)):
            body = copy.deepcopy(ANSWERS[name])
            parent = body
            for key in path[:-1]:
                parent = parent[key]
            if number < 0:
                del parent[path[-1]]
            else:
                parent[path[-1]] = JUNK[number]
            yield f"{path} {'left out' if number < 0 else JUNK[number]!r}", body


def test_the_shapes_are_read() -> None:
    """As they stand nothing fails, and the rules that they are about have an answer."""
    found = outcomes(ANSWERS)
    assert {rule_id: found[rule_id] for rule_id in ("VMSS-010", "VMSS-042", "VMSS-043", "VMSS-060", "VMSS-062")} == {
        "VMSS-010": Outcome.PASSED,
        "VMSS-042": Outcome.PASSED,
        "VMSS-043": Outcome.PASSED,
        "VMSS-060": Outcome.PASSED,
        "VMSS-062": Outcome.PASSED,
    }
    assert Outcome.FAILED not in found.values()


SAYS_SO: Mapping[str, frozenset[str]] = {
    "history": frozenset({"successfullyRolledbackInstanceCount", "failedRolledbackInstanceCount"}),
}
"""Places where a number is no damage: seven instances that were rolled back were."""


@pytest.mark.parametrize("name", ANSWERS)
def test_no_damage_makes_a_finding(name: str) -> None:
    """Whatever is left out, or stands in its place, nothing that was not known has failed."""
    failed = [
        f"{where}: {rule_id}"
        for where, body in _damaged(name)
        for rule_id, outcome in outcomes({**ANSWERS, name: body}).items()
        if outcome is Outcome.FAILED
        and not (where.endswith(" 7") and any(each in where for each in SAYS_SO.get(name, ())))
    ]
    assert failed == []


@pytest.mark.parametrize(
    ("attempt", "status", "has_end"),
    [
        pytest.param({"code": "RollingForward", "completedTime": "2018-04-21T12:29:25.0511245+00:00"}, RolloutStatus.ROLLING_FORWARD, False, id="one that moves has no end yet"),
        pytest.param({"code": "Completed", "completedTime": "2018-04-21T12:29:25.0511245+00:00"}, RolloutStatus.COMPLETED, False, id="an end before its start is none"),
        pytest.param({"code": "Completed", "endTime": None}, RolloutStatus.COMPLETED, False, id="PowerShell's EndTime is null"),
        pytest.param({"code": "Completed", "endTime": "2018-07-24T19:00:00Z"}, RolloutStatus.COMPLETED, True, id="the documented name"),
        pytest.param({"code": "Completed", "completedTime": "2018-07-24T19:00:00Z"}, RolloutStatus.COMPLETED, True, id="the recorded name"),
    ],
)  # fmt: skip
def test_an_end_is_one(attempt: dict[str, Any], status: RolloutStatus, has_end: bool) -> None:  # noqa: FBT001 - a column
    """Microsoft's own example moves forward and was completed three months before it began."""
    running = {"startTime": "2018-07-24T17:46:06.1248429+00:00", **attempt}
    (found,) = read_attempts([{"properties": {"runningStatus": running}}])
    assert (found.status, found.ended_at is not None) == (status, has_end)


def test_an_attempt_that_was_taken_back_keeps_what_azure_says() -> None:
    """Rolled back counts, an error with details and an inner error, a start that nobody is named for."""
    error = {
        "details": [{"code": "A", "target": "b"}],
        "innererror": {"exceptiontype": "C"},
        "code": "D",
        "message": "e",
    }
    (found,) = read_attempts(
        [
            {
                "properties": {
                    "runningStatus": {"code": "Faulted", "startTime": "2026-11-19T13:05:40.442Z", "endTime": "2026-11-19T14:05:40Z"},
                    "progress": {"successfulInstanceCount": 6, "failedInstanceCount": 2},
                    "error": error,
                    "startedBy": "Unknown",
                    "targetImageReference": {"id": "", "sharedGalleryImageId": "/SharedGalleries/u/Images/i/Versions/1.0.0"},
                    "rollbackInfo": {"successfullyRolledbackInstanceCount": 5, "failedRolledbackInstanceCount": 1, "rollbackError": error},
                }
            }
        ]
    )  # fmt: skip
    assert isinstance(found, OsUpgradeAttempt)
    assert (found.rolled_back, found.is_rolled_back, str(found.rollback_error)) == (6, True, "D: e")
    assert (found.started_by, found.target) == ("unknown", "/sharedgalleries/u/images/i/versions/1.0.0")
    assert found.progress == Progress(successful=6, failed=2)


@pytest.mark.parametrize(
    ("code", "unhealthy", "silent"),
    [("HealthState/unhealthy", 3, 0), ("HealthState/unknown", 3, 0), ("HealthState/strange", 0, 3), ("aa", 0, 3)],
)
def test_a_health_that_nobody_documented_says_nothing(code: str, unhealthy: int, silent: int) -> None:
    """Azure counts unknown as unhealthy; a word of its own is not known."""
    body = copy.deepcopy(INSTANCES)
    for each in body["value"]:
        each["properties"]["instanceView"]["vmHealth"]["status"]["code"] = code
    found = add_instances(Listing(is_whole=True), body["value"])
    assert found is not None
    assert (found.unhealthy, found.silent) == (unhealthy, silent)


def test_repairs_that_are_not_listed_are_not_known() -> None:
    """An instance view without services, or with others: Azure added AutomaticZoneRebalancing in 2025."""
    others = [{"serviceName": "AutomaticZoneRebalancing", "serviceState": "Suspended"}]
    for services in ([], None, others, [{"serviceName": "AutomaticRepairs", "serviceState": "Paused"}]):
        found = read_repairs({**VIEW, "orchestrationServices": services})
        assert found == RepairsService()
