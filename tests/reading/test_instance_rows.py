"""Instances as Azure writes them, in the shapes of several years: never a crash, and what is not said is not known."""

import random
from typing import Any

import pytest

from scanner.facts.instances import Listing, RepairsService, RepairsState
from scanner.reading.instance_rows import (
    CensusFold,
    add_instances,
    capacity_of,
    is_flexible_row,
    model_digest,
    read_repairs,
)
from tests.scale_sets import document, scale_set_id

KEY = scale_set_id("web").lower()


def group(**changes: Any) -> dict[str, Any]:
    """Make a group as the query makes it."""
    row = {"scaleSet": KEY, "image": "canonical/a/b", "version": "1.0.0", "power": "PowerState/running"}
    return row | {"instances": 2, "examples": [], "model": "true", "held": ""} | changes


def instance(**changes: Any) -> dict[str, Any]:
    """Make an instance as Compute lists it."""
    properties = {"latestModelApplied": True, "provisioningState": "Succeeded", **changes}
    return {"id": f"{scale_set_id('web')}/virtualMachines/3", "properties": properties}


@pytest.mark.parametrize(
    ("said", "behind"),
    [
        ("true", 0), ("True", 0), (True, 0), (1, 0), ("1", 0),
        ("false", 2), ("False", 2), (False, 2), (0, 2), ("0", 2),
        ("", None), (None, None), ("yes", None), (7, None), ([], None),
    ],
)  # fmt: skip
def test_a_bool_of_a_computed_column_comes_in_several_forms(said: object, behind: int | None) -> None:
    """KQL answers texts, and numbers for what it computes; anything else is not said."""
    fold = CensusFold()
    fold.add([group(model=said)])
    assert fold.censuses(is_uniform=True)[KEY].behind == behind


@pytest.mark.parametrize(
    ("reported", "name", "version"),
    [
        ({"image": "Canonical/Offer/SKU"}, "canonical/offer/sku", "1.0.0"),
        ({"image": "//"}, "", "1.0.0"),
        ({"image": None}, "", "1.0.0"),
        ({"image": "/subscriptions/S/resourceGroups/g/x/galleries/a/images/B/versions/1.0.0"}, "/subscriptions/s/resourcegroups/g/x/galleries/a/images/b", "1.0.0"),
        ({"image": "/SharedGalleries/u/Images/i/Versions/latest"}, "/sharedgalleries/u/images/i", "1.0.0"),
        ({"version": "latest"}, "canonical/a/b", ""),
        ({"version": None}, "canonical/a/b", ""),
        ({"version": " 22.04.202609100 "}, "canonical/a/b", "22.04.202609100"),
    ],
)  # fmt: skip
def test_images_are_named_as_the_model_names_them(reported: dict[str, Any], name: str, version: str) -> None:
    """An id without its version; ``latest`` and what is missing are no version."""
    fold = CensusFold()
    fold.add([group(**reported)])
    (image,) = fold.censuses(is_uniform=True)[KEY].images
    assert (image.name, image.version) == (name, version)


def test_groups_of_one_scale_set_add_up_wherever_they_were_cut() -> None:
    """Counts are summed over slices, and examples stay three."""
    fold = CensusFold()
    for start in (0, 3):
        fold.add([group(instances=5, examples=[f"{KEY}/virtualMachines/{start + number}" for number in range(3)])])
    census = fold.censuses(is_uniform=True)[KEY]
    assert census.total == 10
    assert len(census.images) == 1
    assert len(census.images[0].examples) == 3


def test_one_group_without_the_column_makes_the_count_unknown() -> None:
    """Where other groups carry it, those behind cannot be counted whole."""
    fold = CensusFold()
    fold.add([group(), group(version="1.1.0", model="")])
    assert fold.carries_model
    assert fold.censuses(is_uniform=True)[KEY].behind is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Listing(total=1, silent=1)),
        ({"latestModelApplied": "false"}, Listing(total=1, silent=1, behind=1, behind_examples=("3",))),
        ({"protectionPolicy": None}, Listing(total=1, silent=1)),
        ({"protectionPolicy": {"protectFromScaleIn": True}}, Listing(total=1, silent=1)),
        (
            {"protectionPolicy": {"protectFromScaleSetActions": "true"}},
            Listing(total=1, silent=1, held=1, held_examples=("3",)),
        ),
        (
            {"instanceView": {"statuses": [{"code": "ProvisioningState/failed/VMAgentProvisioningFailure"}]}},
            Listing(total=1, unhealthy=1, unhealthy_examples=("3",)),
        ),
        ({"provisioningState": "Failed"}, Listing(total=1, unhealthy=1, unhealthy_examples=("3",))),
        ({"provisioningState": 0}, Listing(total=1, silent=1)),
        ({"instanceView": {"vmHealth": {"status": {"code": "HealthState/Healthy"}}}}, Listing(total=1)),
        (
            {"instanceView": {"vmHealth": {"status": {"code": "HealthState/unknown"}}}},
            Listing(total=1, unhealthy=1, unhealthy_examples=("3",)),
        ),
        ({"instanceView": {"vmHealth": {}}}, Listing(total=1, silent=1)),
        ({"instanceView": "?"}, Listing(total=1, silent=1)),
        (
            {
                "instanceView": {
                    "extensions": [
                        {
                            "substatuses": [
                                {
                                    "code": "ComponentStatus/CustomMetrics/succeeded",
                                    "message": '{"rollingUpgrade": 1, "SkipUpgrade": true}',
                                }
                            ]
                        }
                    ]
                }
            },
            Listing(total=1, silent=1, held=1, held_examples=("3",)),
        ),
    ],
)
def test_instances_as_compute_lists_them(changes: dict[str, Any], expected: Listing) -> None:
    """Protection from scale-in holds nothing back; a null block is none; what reports no health is silent."""
    assert add_instances(Listing(), [instance(**changes)]) == expected


@pytest.mark.parametrize(
    "rows", [[{"id": "x"}], [None], [{"properties": {}}], [{"properties": {"latestModelApplied": "?"}}]]
)
def test_a_list_that_does_not_say_it_says_nothing(rows: list[Any]) -> None:
    """As a Flexible scale set's list, which names its machines and no more."""
    assert add_instances(Listing(), rows) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"virtualMachine": {"statusesSummary": [{"code": "ProvisioningState/succeeded", "count": "2"}]}}, RepairsService()),
        ({"statuses": [], "orchestrationServices": [{"serviceName": "AutomaticRepairs", "serviceState": "Suspended"}]}, RepairsService(state=RepairsState.SUSPENDED)),
        (
            {
                "statuses": [],
                "orchestrationServices": [
                    {"serviceName": "AutomaticZoneRebalancing", "serviceState": "Running"},
                    {"serviceName": "automaticrepairs", "serviceState": "NotRunning", "lastStatusChangeTime": "2026-01-01T00:00:00Z"},
                ],
            },
            RepairsService(state=RepairsState.NOT_RUNNING, since="2026-01-01T00:00:00Z"),
        ),
        ({"statuses": [], "orchestrationServices": [{"serviceName": "AutomaticRepairs", "serviceState": "New"}]}, RepairsService()),
        ({"error": {"code": "x"}}, None),
        ([], None),
        (None, None),
    ],
)  # fmt: skip
def test_the_instance_view_of_a_scale_set(body: object, expected: RepairsService | None) -> None:
    """A service that is not listed, or in a state that nobody documented, says nothing."""
    assert read_repairs(body) == expected


@pytest.mark.parametrize("seed", range(200))
def test_corrupted_answers_never_raise(seed: int) -> None:
    """Whatever stands where: it is read, left out, or not known."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    odd = [
        None,
        True,
        0,
        -1,
        1.5,
        "",
        "x",
        [],
        [None],
        {},
        {"code": 1},
        {"status": {"code": []}},
        float("nan"),
        "\ud800",
    ]

    def spoilt(value: Any) -> Any:
        if chance.random() < 0.15:
            return chance.choice(odd)
        if isinstance(value, dict):
            return {name: spoilt(each) for name, each in value.items()}
        return [spoilt(each) for each in value] if isinstance(value, list) else value

    status = {"code": "ComponentStatus/CustomMetrics/succeeded", "message": '{"SkipUpgrade": "true"}'}
    view = {"statuses": [{"code": "PowerState/running"}], "vmHealth": {"status": {"code": "HealthState/healthy"}}}
    view["extensions"] = [{"substatuses": [status]}]  # type: ignore[assignment]
    add_instances(
        Listing(), [spoilt(instance(instanceView=view, protectionPolicy={"protectFromScaleSetActions": True}))]
    )
    services = [{"serviceName": "AutomaticRepairs", "serviceState": "Running", "lastStatusChangeTime": "x"}]
    read_repairs(spoilt({"statuses": [], "virtualMachine": {}, "orchestrationServices": services}))
    fold = CensusFold()
    fold.add([spoilt(group(examples=["a", "b"])) for _ in range(5)])
    assert all(census.total >= 0 for census in fold.censuses(is_uniform=True).values())
    row = spoilt(document("web"))
    if isinstance(row, dict):
        capacity_of(row), is_flexible_row(row), model_digest(row)


def test_only_the_model_changes_the_digest_of_the_model() -> None:
    """Capacity, tags and the upgrade policy make no instance fall behind; size and profile do."""
    before = model_digest(document("web"))
    other = document("web")
    other["sku"]["capacity"] = 3
    other["tags"] = {}
    other["properties"]["upgradePolicy"]["mode"] = "Manual"
    assert model_digest(other) == before
    other["sku"]["name"] = "Standard_D8s_v5"
    assert model_digest(other) != before
