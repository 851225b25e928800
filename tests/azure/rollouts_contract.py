"""What every ``RolloutReads`` must answer: one suite for the real adapter over the emulator and the fake."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from scanner.facts.rollout import Progress, RolloutStatus
from scanner.ports.rollouts import RolloutQuestion, RolloutReads, RolloutsTold
from tests.scale_sets import SUBSCRIPTION, document, scale_set_id

WEB = scale_set_id("web")
QUESTION = RolloutQuestion(scale_set_id=WEB, subscription_id=SUBSCRIPTION, location="westeurope")
BEGAN = datetime(2026, 11, 8, 6, 0, tzinfo=UTC)
TARGET = {"publisher": "Canonical", "offer": "jammy", "sku": "22_04-LTS", "exactVersion": "22.04.202611050"}
ERROR = {"code": "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade", "message": "2 are unhealthy."}


class Estate(Protocol):
    """What a test may do to the estate."""

    def put_subscription(self, subscription_id: str, name: str) -> object: ...
    def put_scale_set(self, document: Mapping[str, Any]) -> object: ...


class Rollouts(Protocol):
    """What a test may do to rollouts."""

    def put_upgrade(self, scale_set_id: str, **facts: Any) -> object: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """An estate and the port that reads its rollouts."""

    estate: Estate
    rollouts: Rollouts
    reads: RolloutReads

    def told(self) -> RolloutsTold:
        return self.reads.ask([QUESTION], 60)[WEB.lower()]


class RolloutsContract(ABC):
    """The contract of the port."""

    @pytest.fixture
    @abstractmethod
    def empty_stage(self) -> Stage:
        """Make an estate without any subscription."""

    @pytest.fixture
    def stage(self, empty_stage: Stage) -> Stage:
        """Put a scale set into a subscription."""
        empty_stage.estate.put_subscription(SUBSCRIPTION, "shop-production")
        empty_stage.estate.put_scale_set(document("web"))
        return empty_stage

    def test_a_scale_set_that_never_rolled_says_so(self, stage: Stage) -> None:
        """A 404 about the upgrade is an answer: never, and an empty history."""
        told = stage.told()
        assert (told.latest.status, told.attempts) == (RolloutStatus.NEVER, ())

    def test_a_scale_set_that_is_not_there_says_nothing(self, stage: Stage) -> None:
        """A 404 about the scale set is no answer about its rollouts."""
        gone = RolloutQuestion(scale_set_id=scale_set_id("gone"), subscription_id=SUBSCRIPTION, location="westeurope")
        assert set(stage.reads.ask([gone, QUESTION], 60)) == {WEB.lower()}

    def test_an_upgrade_under_way_has_its_counts(self, stage: Stage) -> None:
        """Status, start and counts are those of the latest one, and its attempt stands in the history."""
        stage.rollouts.put_upgrade(
            WEB, is_os=True, started=BEGAN, target=TARGET, successful=2, in_progress=2, pending=6, started_by="Platform"
        )
        told = stage.told()
        assert (told.latest.status, told.latest.started_at) == (RolloutStatus.ROLLING_FORWARD, BEGAN)
        assert told.latest.progress == Progress(successful=2, failed=0, in_progress=2, pending=6)
        (attempt,) = told.attempts
        assert (attempt.status, attempt.started_at) == (RolloutStatus.ROLLING_FORWARD, BEGAN)

    def test_the_history_has_target_who_and_what_was_rolled_back(self, stage: Stage) -> None:
        """Newest first; the end comes under the name that Azure really sends."""
        for days, code, more in (
            (9, "Completed", {"successful": 10}),
            (2, "Faulted", {"failed": 2, "pending": 8, "error": ERROR}),
        ):
            began = BEGAN - timedelta(days=days)
            rollback = {"successfullyRolledbackInstanceCount": 2, "failedRolledbackInstanceCount": 0}
            facts = {"rollback": rollback} if code == "Faulted" else {}
            stage.rollouts.put_upgrade(
                WEB,
                is_os=True,
                started=began,
                ended=began + timedelta(hours=1),
                code=code,
                target=TARGET,
                started_by="Platform",
                **more,
                **facts,
            )
        told = stage.told()
        newest, before = told.attempts
        assert newest.target == "canonical/jammy/22_04-lts/22.04.202611050"
        assert (newest.started_by, newest.ended_at) == ("platform", BEGAN - timedelta(days=2, hours=-1))
        assert (newest.rolled_back, newest.is_rolled_back, str(newest.error)) == (
            2,
            True,
            f"{ERROR['code']}: {ERROR['message']}",
        )
        assert (before.status, before.is_rolled_back) == (RolloutStatus.COMPLETED, False)

    def test_a_rolling_upgrade_of_the_model_is_not_in_the_history(self, stage: Stage) -> None:
        """It is the latest one, and no OS image upgrade."""
        stage.rollouts.put_upgrade(WEB, is_os=False, started=BEGAN, code="Completed", successful=10)
        told = stage.told()
        assert (told.latest.status, told.attempts) == (RolloutStatus.COMPLETED, ())

    def test_a_scale_set_without_hook_events_waits_for_nothing(self, stage: Stage) -> None:
        """That is an answer too."""
        assert stage.reads.hooks([QUESTION], 60)[WEB.lower()].until is None

    def test_nothing_is_asked_without_time(self, stage: Stage) -> None:
        """What is not asked is not answered."""
        assert stage.reads.ask([QUESTION], 0) == {}
