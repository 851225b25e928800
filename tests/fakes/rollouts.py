"""Rollouts of the fake Azure: the port ``RolloutReads``, from what a test says of each upgrade."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scanner.facts.rollout import RollingUpgrade, RolloutStatus
from scanner.ports.rollouts import HookWait, RolloutQuestion, RolloutsTold
from scanner.reading.rollout_rows import newest_first_of, read_attempts, read_latest, read_wait
from scanner.times import iso
from tests.fakes.azure import FakeAzure

HISTORY_KEPT = 5


@dataclass(slots=True)
class RolloutFaults:
    """What goes wrong with the next answers, until it is changed."""

    is_silent: bool = False
    """Compute answers nothing about rollouts."""


class FakeRollouts:
    """The port on one fake Azure."""

    def __init__(self, azure: FakeAzure, now: Callable[[], datetime]) -> None:
        self._azure = azure
        self._now = now
        self.upgrades: dict[str, list[dict[str, Any]]] = {}
        """By id in lower case, oldest first: facts with the names that the emulator's control has for them."""
        self.events: dict[str, list[dict[str, Any]]] = {}
        """Lifecycle hook events, by id in lower case."""
        self.faults = RolloutFaults()
        self.asked: list[RolloutQuestion] = []
        self.asked_for_hooks: list[RolloutQuestion] = []

    def put_upgrade(self, scale_set_id: str, **facts: Any) -> None:
        """Add an upgrade as it is."""
        self.upgrades.setdefault(scale_set_id.lower(), []).append(facts)

    def change(self, scale_set_id: str, **facts: Any) -> None:
        """Say what became of the latest one."""
        self.upgrades[scale_set_id.lower()][-1].update(facts)

    def hold(self, scale_set_id: str, until: datetime) -> None:
        """Let a lifecycle hook hold the upgrade."""
        event = {"properties": {"state": "Active", "waitUntil": iso(until)}}
        self.events.setdefault(scale_set_id.lower(), []).append(event)

    def ask(self, questions: list[RolloutQuestion], seconds: float) -> Mapping[str, RolloutsTold]:
        """Answer as Compute does."""
        there = self._there(questions, seconds)
        self.asked += there
        return {question.scale_set_id.lower(): self._told(question.scale_set_id.lower()) for question in there}

    def hooks(self, questions: list[RolloutQuestion], seconds: float) -> Mapping[str, HookWait]:
        """Answer as Compute does."""
        there = self._there(questions, seconds)
        self.asked_for_hooks += there
        keys = [question.scale_set_id.lower() for question in there]
        return {key: HookWait(until=read_wait(self.events.get(key, []))) for key in keys}

    def _there(self, questions: list[RolloutQuestion], seconds: float) -> list[RolloutQuestion]:
        if self.faults.is_silent or seconds <= 0:
            return []
        return [question for question in questions if question.scale_set_id.lower() in self._azure.documents]

    def _told(self, key: str) -> RolloutsTold:
        upgrades = self.upgrades.get(key, [])
        latest = read_latest(_latest(upgrades[-1])) if upgrades else RollingUpgrade(status=RolloutStatus.NEVER)
        assert latest is not None
        history = [_attempt(each) for each in upgrades if each.get("is_os", True)][-HISTORY_KEPT:]
        return RolloutsTold(read_at=self._now(), latest=latest, attempts=newest_first_of(read_attempts(history)))


def _latest(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "properties": {
            "runningStatus": {"code": facts.get("code", "RollingForward"), "startTime": iso(facts["started"])},
            "progress": _progress(facts),
            "error": facts.get("error"),
        }
    }


def _attempt(facts: Mapping[str, Any]) -> dict[str, Any]:
    body = _latest(facts)
    properties: dict[str, Any] = body["properties"]
    if "ended" in facts:
        properties["runningStatus"]["completedTime"] = iso(facts["ended"])
    properties["startedBy"] = facts.get("started_by", "Platform")
    properties["targetImageReference"] = facts.get("target")
    properties["rollbackInfo"] = facts.get("rollback")
    return body


def _progress(facts: Mapping[str, Any]) -> dict[str, int]:
    return {
        "successfulInstanceCount": facts.get("successful", 0),
        "failedInstanceCount": facts.get("failed", 0),
        "inprogressInstanceCount": facts.get("in_progress", 0),
        "pendingInstanceCount": facts.get("pending", 0),
    }
