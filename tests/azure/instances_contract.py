"""What every ``InstanceCensus`` and ``InstanceReads`` must answer: one suite for the real adapters and the fake."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest

from scanner.facts.instances import Census, Listing, RepairsState
from scanner.ports.instances import InstanceCensus, InstanceReads, Question, Wanted
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

KEY = scale_set_id("web").lower()
IMAGE = "canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2"
OLD, NEW = "22.04.202608140", "22.04.202609100"
QUESTION = Question(scale_set_id=scale_set_id("web"), subscription_id=SUBSCRIPTION, location="westeurope", instances=10)


class Estate(Protocol):
    """What a test may do to the estate."""

    def put_subscription(self, subscription_id: str, name: str) -> object: ...
    def put_scale_set(self, document: Mapping[str, Any]) -> object: ...


class Instances(Protocol):
    """What a test may do to the instances."""

    def set_instances(self, scale_set_id: str, *runs: Mapping[str, Any]) -> object: ...
    def set_repairs(self, scale_set_id: str, state: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """An estate and the two ports that read its instances."""

    estate: Estate
    instances: Instances
    census: InstanceCensus
    reads: InstanceReads

    def counted(self, key: str = KEY) -> Census:
        return self.census.count({SUBSCRIPTION: 1, OTHER: 0}).censuses[key]


class InstancesContract(ABC):
    """The contract of both ports."""

    @pytest.fixture
    @abstractmethod
    def empty_stage(self) -> Stage:
        """Make an estate without any subscription."""

    @abstractmethod
    def hide_columns(self, stage: Stage) -> None:
        """Let the cloud offer neither the model nor the protection of an instance."""

    @pytest.fixture
    def stage(self, empty_stage: Stage) -> Stage:
        """Put a Uniform scale set into one of two subscriptions."""
        empty_stage.estate.put_subscription(SUBSCRIPTION, "shop-production")
        empty_stage.estate.put_subscription(OTHER, "shop-staging")
        empty_stage.estate.put_scale_set(document("web"))
        return empty_stage

    def test_instances_are_counted_by_version_and_power(self, stage: Stage) -> None:
        """Each version has its count and up to three examples; there is no list."""
        stage.instances.set_instances(
            scale_set_id("web"),
            {"count": 6, "exact_version": NEW},
            {"count": 3, "exact_version": OLD},
            {"count": 1, "exact_version": OLD, "power": "deallocated"},
        )
        census = stage.counted()
        assert [(image.name, image.version, image.count) for image in census.images] == [
            (IMAGE, OLD, 4),
            (IMAGE, NEW, 6),
        ]
        assert census.power == {"deallocated": 1, "running": 9}
        assert census.total == 10
        assert all(len(image.examples) == 3 for image in census.images)

    def test_behind_the_model_and_held_back_are_two_things(self, stage: Stage) -> None:
        """An instance that is protected from scale set actions is held, and not behind."""
        stage.instances.set_instances(
            scale_set_id("web"),
            {"count": 5, "exact_version": NEW},
            {"count": 3, "exact_version": OLD, "latest_model": False},
            {"count": 2, "exact_version": OLD, "latest_model": False, "protect_from_actions": True},
        )
        census = stage.counted()
        assert (census.behind, census.held) == (3, 2)
        assert len(census.behind_examples) == 3
        assert len(census.held_examples) == 2

    def test_a_cloud_may_not_offer_the_columns(self, stage: Stage) -> None:
        """Then the census says so, and counts the rest."""
        stage.instances.set_instances(scale_set_id("web"), {"count": 2, "exact_version": OLD, "latest_model": False})
        self.hide_columns(stage)
        counted = stage.census.count({SUBSCRIPTION: 1, OTHER: 0})
        assert (counted.offers_model, counted.offers_protection) == (False, False)
        assert (counted.censuses[KEY].behind, counted.censuses[KEY].held) == (None, None)
        assert counted.censuses[KEY].total == 2

    def test_a_flexible_scale_set_has_virtual_machines(self, stage: Stage) -> None:
        """Their versions are counted; whether they are behind the model is said nowhere."""
        flexible = document("flex")
        flexible["properties"]["orchestrationMode"] = "Flexible"
        stage.estate.put_scale_set(flexible)
        stage.instances.set_instances(scale_set_id("flex"), {"count": 2, "exact_version": OLD})
        census = stage.counted(scale_set_id("flex").lower())
        assert [(image.version, image.count) for image in census.images] == [(OLD, 2)]
        assert (census.behind, census.held) == (None, None)

    def test_what_was_counted_is_named(self, stage: Stage) -> None:
        """A scale set without instances is in no census, and its subscription was counted all the same."""
        counted = stage.census.count({SUBSCRIPTION: 1, OTHER: 0})
        assert counted.censuses == {}
        assert counted.uniform == counted.flexible == {SUBSCRIPTION, OTHER}
        assert counted.offers_model is None
        assert counted.problem == ""

    @pytest.mark.parametrize("which", [Wanted.BEHIND, Wanted.ALL])
    def test_those_behind_are_counted_with_what_holds_them(self, stage: Stage, which: Wanted) -> None:
        """Protection and SkipUpgrade hold an instance; the rest is behind. The list of all is whole, the other is not."""
        stage.instances.set_instances(
            scale_set_id("web"),
            {"count": 4},
            {"count": 3, "latest_model": False},
            {"count": 1, "latest_model": False, "protect_from_actions": True},
            {"count": 1, "latest_model": False, "skip_upgrade": "true"},
            {"count": 1, "latest_model": False, "skip_upgrade": "false"},
        )
        listing = stage.reads.ask([replace(QUESTION, listing=which)], 60)[KEY].listing
        assert listing is not None
        assert (listing.behind, listing.held) == (4, 2)
        assert (listing.is_whole, listing.total) == ((True, 10) if which is Wanted.ALL else (False, 6))

    def test_an_empty_list_says_that_nothing_is_behind(self, stage: Stage) -> None:
        """It is an answer, and not the lack of one."""
        stage.instances.set_instances(scale_set_id("web"), {"count": 4})
        assert stage.reads.ask([replace(QUESTION, listing=Wanted.BEHIND)], 60)[KEY].listing == Listing()

    def test_health_is_counted_as_azure_counts_it_before_an_upgrade(self, stage: Stage) -> None:
        """Unknown health, failed provisioning and a stopped machine count as unhealthy; initializing does not."""
        stage.instances.set_instances(
            scale_set_id("web"),
            {"count": 2, "health": "healthy"},
            {"count": 1, "health": "initializing"},
            {"count": 1, "health": "unhealthy"},
            {"count": 1, "health": "unknown"},
            {"count": 1, "health": "healthy", "provisioning": "Failed"},
            {"count": 1, "power": "stopped"},
            {"count": 3},
        )
        listing = stage.reads.ask([QUESTION], 60)[KEY].listing
        assert listing is not None
        assert (listing.total, listing.unhealthy, listing.silent) == (10, 4, 3)

    def test_suspended_repairs_are_told(self, stage: Stage) -> None:
        """By the instance view, with the state in our words."""
        stage.instances.set_instances(scale_set_id("web"), {"count": 1})
        stage.instances.set_repairs(scale_set_id("web"), "Suspended")
        repairs = stage.reads.ask([replace(QUESTION, listing=Wanted.NONE)], 60)[KEY].repairs
        assert repairs is not None
        assert repairs.state is RepairsState.SUSPENDED

    def test_without_time_nothing_is_asked(self, stage: Stage) -> None:
        """What was not asked is not in the answer."""
        assert stage.reads.ask([QUESTION], 0) == {}

    def test_a_scale_set_that_is_not_there_has_no_answer(self, stage: Stage) -> None:
        """Others are answered all the same."""
        gone = Question(scale_set_id=scale_set_id("gone"), subscription_id=SUBSCRIPTION, location="westeurope")
        stage.instances.set_instances(scale_set_id("web"), {"count": 1})
        assert set(stage.reads.ask([gone, QUESTION], 60)) == {KEY}
