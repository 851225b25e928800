"""The synthetic fleet: deterministic, mixed, mostly healthy."""

import pytest

from emulator.client.connection import ControlError
from emulator.client.local import LocalAzure
from emulator.estate.fleet_problems import PROBLEMS
from emulator.estate.fleet_shapes import SHAPES
from tests.emulator.conftest import Http

SMALL = "resources | where type endswith 'sets' | project id, tags, properties | order by id asc"


def test_the_same_seed_makes_the_same_fleet(azure: LocalAzure, http: Http) -> None:
    """Two fleets of one seed are equal to the last property; another seed makes another."""
    fleets = []
    for seed in (7, 7, 8):
        azure.control.reset()
        azure.control.create_fleet(seed=seed, scale_sets=30, instances=0)
        fleets.append(http.graph(SMALL).json["data"])
    assert fleets[0] == fleets[1]
    assert fleets[0] != fleets[2]


def test_a_large_fleet_has_every_shape_and_every_problem(azure: LocalAzure) -> None:
    """Of a thousand scale sets none of the shapes and problems is missing, and most have no problem."""
    fleet = azure.control.create_fleet(scale_sets=1500, instances=1)
    assert set(fleet.shapes) == {shape.__name__ for shape, _ in SHAPES}
    assert set(fleet.problems) == {problem.__name__ for problem in PROBLEMS}
    assert sum(len(ids) for ids in fleet.problems.values()) < 0.4 * fleet.scale_sets
    assert fleet.instances == fleet.scale_sets == 1500


def test_instances_are_where_azure_has_them(azure: LocalAzure, http: Http) -> None:
    """Those of Uniform sets are in computeresources, those of Flexible ones are virtual machines in resources."""
    azure.control.create_fleet(scale_sets=120, instances=2)
    flexible = http.graph(
        "resources | where type =~ 'microsoft.compute/virtualmachinescalesets' "
        "| where properties.orchestrationMode =~ 'Flexible' | count"
    ).json["data"][0]["Count"]
    machines = http.graph("resources | where type =~ 'microsoft.compute/virtualmachines' | count").json["data"]
    uniform = http.graph("computeresources | where properties.latestModelApplied == true | count").json["data"]
    assert (machines[0]["Count"], uniform[0]["Count"]) == (2 * flexible, 2 * (120 - flexible))


def test_node_pools_are_in_groups_that_their_cluster_manages(azure: LocalAzure, http: Http) -> None:
    """The resource group of a node pool has managedBy."""
    azure.control.create_fleet(scale_sets=300, instances=0)
    rows = http.graph("resourcecontainers | where isnotempty(managedBy) | project name, managedBy").json["data"]
    assert rows
    assert all(row["name"].startswith("MC_") and "managedClusters" in row["managedBy"] for row in rows)


def test_an_impossible_fleet_is_refused(azure: LocalAzure) -> None:
    """No subscriptions, no fleet."""
    with pytest.raises(ControlError, match="not a fleet"):
        azure.control.create_fleet(subscriptions=0)


def test_a_fleet_may_have_its_surroundings(azure: LocalAzure, http: Http) -> None:
    """What the scale sets refer to is there when it is asked for: gallery versions in both regions, and the probe."""
    azure.control.create_fleet(scale_sets=12, surroundings=True)
    types = http.graph("resources | where type !startswith 'microsoft.compute/virtual' | summarize n = count() by type")
    assert {row["type"]: row["n"] for row in types.json["data"]} == {
        "microsoft.compute/galleries/images": 2,
        "microsoft.compute/galleries/images/versions": 4,
        "microsoft.network/loadbalancers": 1,
    }


def test_a_fleet_has_the_instances_of_its_capacity(azure: LocalAzure, http: Http) -> None:
    """Unless another number is asked for, as many as each document says."""
    fleet = azure.control.create_fleet(scale_sets=40, troubled=0)
    wanted = http.graph("resources | where type endswith 'scalesets' | summarize n = sum(toint(sku.capacity))").json
    assert fleet.instances == wanted["data"][0]["n"] > 100
