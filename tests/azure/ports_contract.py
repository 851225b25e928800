"""What every ``Fleet`` and every ``Compute`` must answer: one suite for the real adapters over the emulator and the fakes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest

from emulator.client.estate import Who
from scanner.errors import ReadFailedError
from scanner.facts.compared import compared_facts
from scanner.facts.people import Naming, People
from scanner.ports.compute import Absence, Compute
from scanner.ports.fleet import QUERIES, Fleet
from scanner.reading.change_rows import parse_change
from scanner.reading.posture_rows import parse_scale_set
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

OWNER = "/subscriptions/x/resourceGroups/y/providers/Microsoft.ContainerService/managedClusters/z"


class Estate(Protocol):
    """What a test may do to the estate; the emulator's control and the fake's Azure both can."""

    def put_subscription(self, subscription_id: str, name: str) -> object: ...
    def put_group(self, subscription_id: str, name: str, *, managed_by: str = "") -> object: ...
    def put_scale_set(self, document: Mapping[str, Any]) -> object: ...
    def delete_scale_set(self, scale_set_id: str) -> object: ...
    def change(self, scale_set_id: str, values: Mapping[str, Any], *, by: Who) -> object: ...
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """An estate and the two ports that read it."""

    estate: Estate
    fleet: Fleet
    compute: Compute


EVE = Who(changed_by="eve@contoso.com", changed_by_type="User", client_type="Azure Portal")
CLIENTS = {"c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal"}


class PortsContract(ABC):
    """The contract of both ports, on one estate."""

    @pytest.fixture
    @abstractmethod
    def empty_stage(self) -> Stage:
        """Make an estate without any subscription."""

    @pytest.fixture
    def stage(self, empty_stage: Stage) -> Stage:
        """Put two subscriptions into it."""
        empty_stage.estate.put_subscription(SUBSCRIPTION, "shop-production")
        empty_stage.estate.put_subscription(OTHER, "shop-staging")
        return empty_stage

    def test_an_identity_that_may_read_nothing_has_read_nothing(self, empty_stage: Stage) -> None:
        """Without any subscription both readings fail: an empty answer would say that there is nothing."""
        with pytest.raises(ReadFailedError):
            empty_stage.fleet.coverage()
        with pytest.raises(ReadFailedError):
            list(empty_stage.fleet.pages())

    def test_counts_by_subscription(self, stage: Stage) -> None:
        """Each subscription that has scale sets, with their number."""
        for name, subscription in (("web", SUBSCRIPTION), ("api", SUBSCRIPTION), ("staging", OTHER)):
            stage.estate.put_scale_set(document(name, subscription))
        assert stage.fleet.counts(stage.fleet.coverage()) == {SUBSCRIPTION: 2, OTHER: 1}

    def test_a_part_of_the_fleet(self, stage: Stage) -> None:
        """It lists and reads its own subscriptions alone, with all of the quota or some of it."""
        for name, subscription in (("web", SUBSCRIPTION), ("staging", OTHER)):
            stage.estate.put_scale_set(document(name, subscription))
            stage.estate.put_group(subscription, "rg-owned", managed_by=OWNER)
        for queries in (QUERIES, 8):
            part = stage.fleet.part((OTHER,), queries)
            coverage = part.coverage()
            assert set(coverage.subscriptions) == {OTHER}
            assert [group.split("/")[2] for group in coverage.managed_groups] == [OTHER]
            rows = [row for page in part.pages() for row in page]
            assert [str(row["id"]).lower() for row in rows] == [scale_set_id("staging", OTHER).lower()]
        assert len([row for page in stage.fleet.pages() for row in page]) == 2

    def test_a_subscription_without_scale_sets(self, stage: Stage) -> None:
        """It is covered, and no scale set is in it."""
        assert set(stage.fleet.coverage().subscriptions) == {SUBSCRIPTION, OTHER}
        assert [row for page in stage.fleet.pages() for row in page] == []

    def test_coverage_names_subscriptions_and_owned_groups(self, stage: Stage) -> None:
        """Ids come in lower case; a group that nobody owns is not named."""
        stage.estate.put_group(SUBSCRIPTION, "RG-Shop", managed_by=OWNER)
        stage.estate.put_group(OTHER, "rg-free")
        coverage = stage.fleet.coverage()
        assert coverage.subscriptions == {SUBSCRIPTION: "shop-production", OTHER: "shop-staging"}
        assert coverage.managed_groups == {f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-shop": OWNER}

    def test_each_scale_set_comes_once_in_the_order_of_ids(self, stage: Stage) -> None:
        """Whatever the order in which they were made."""
        for name, subscription in (("web", SUBSCRIPTION), ("api", OTHER), ("api", SUBSCRIPTION)):
            stage.estate.put_scale_set(document(name, subscription))
        ids = [str(row["id"]) for page in stage.fleet.pages() for row in page]
        expected = [("api", SUBSCRIPTION), ("web", SUBSCRIPTION), ("api", OTHER)]
        assert [name.lower() for name in ids] == [scale_set_id(*each).lower() for each in expected]

    def test_a_row_and_the_document_are_the_same_facts(self, stage: Stage) -> None:
        """What Resource Graph and Compute say of a scale set is one posture."""
        stage.estate.put_scale_set(document("web"))
        (row,) = [row for page in stage.fleet.pages() for row in page]
        answer = stage.compute.look_up(scale_set_id("web"))
        assert isinstance(answer, Mapping)
        from_row, from_answer = parse_scale_set(row), parse_scale_set(answer)
        assert from_row.key == from_answer.key == scale_set_id("web").lower()
        assert compared_facts(from_row) == compared_facts(from_answer)
        assert compared_facts(from_row)["max_batch_instance_percent"] == 20
        assert from_row.tags == from_answer.tags

    def test_only_what_compute_does_not_have_is_gone(self, stage: Stage) -> None:
        """A scale set that is there is not gone; one that was deleted is, and so is one that never was."""
        stage.estate.put_group(SUBSCRIPTION, "rg-shop")
        stage.estate.put_scale_set(document("web"))
        assert isinstance(stage.compute.look_up(scale_set_id("web").lower()), Mapping)
        stage.estate.delete_scale_set(scale_set_id("web"))
        assert stage.compute.look_up(scale_set_id("web")) is Absence.GONE
        assert stage.compute.look_up(scale_set_id("never")) is Absence.GONE
        assert [row for page in stage.fleet.pages() for row in page] == []

    def test_changes_say_who_changed_what(self, stage: Stage) -> None:
        """Each write after a moment comes once, with its values as text; one of the capacity alone does not."""
        stage.estate.put_scale_set(document("web"))
        began = stage.estate.now() - timedelta(minutes=1)
        stage.estate.change(scale_set_id("web"), {"properties.upgradePolicy.mode": "Manual"}, by=EVE)
        stage.estate.change(scale_set_id("web"), {"sku.capacity": 12}, by=EVE)
        rows = [row for page in stage.fleet.changes(began) for row in page]
        (found,) = filter(None, (parse_change(row, CLIENTS, People(naming=Naming.NAME)) for row in rows))
        key, change = found
        who = change.attribution
        assert key == scale_set_id("web").lower()
        assert (who.changed_by, who.changed_by_type, who.changed_with) == ("eve@contoso.com", "User", "Azure Portal")
        assert change.values == {"properties.upgradePolicy.mode": "Manual"}
        assert [row for page in stage.fleet.changes(stage.estate.now() + timedelta(minutes=1)) for row in page] == []
