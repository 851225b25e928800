"""Which machines a schedule's filter finds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.reading.guest_rows import as_machine, asks_for_patching, machine_of, reaches
from scanner.reading.maintenance_rows import Assignments, DynamicScope

GROUP = "/subscriptions/S/resourceGroups/Shop"
MACHINE: dict[str, Any] = {
    "id": f"{GROUP}/providers/Microsoft.Compute/virtualMachines/flex_1",
    "scaleSet": f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/Flex",
    "location": "westeurope",
    "tags": {"Patch": "Monthly", "tier": "web"},
    "osType": "Linux",
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def scope(place: str = "/subscriptions/S", **told: Any) -> DynamicScope:
    """Read an assignment with this filter."""
    found = Assignments()
    found.take(
        {
            "id": f"{place}/providers/Microsoft.Maintenance/configurationAssignments/a",
            "properties": {"maintenanceConfigurationId": "/c", "filter": told},
        }
    )
    return found.dynamic[0]


def tags(operator: str | None = None, **values: list[str]) -> dict[str, Any]:
    """Make the tag settings of a filter."""
    return {"filterOperator": operator, "tags": values}


@pytest.mark.parametrize(
    ("filtered", "changes", "expected"),
    [
        (scope(), {}, True),
        (scope("/subscriptions/other"), {}, False),
        (scope(GROUP), {}, True),
        (scope(f"{GROUP}-2"), {}, False),
        (scope(locations=["West Europe"]), {}, True),
        (scope(locations=["northeurope"]), {}, False),
        (scope(locations=["westeurope"]), {"location": None}, None),
        (scope(osTypes=["Windows"]), {}, False),
        (scope(osTypes=["Windows", "linux"]), {}, True),
        (scope(osTypes=["Windows"]), {"osType": None}, None),
        (scope(resourceGroups=["SHOP"]), {}, True),
        (scope(resourceGroups=["ops"]), {}, False),
        (scope(resourceTypes=["Microsoft.Compute/virtualMachines"]), {}, True),
        (scope(resourceTypes=["Microsoft.HybridCompute/machines"]), {}, False),
        (scope(tagSettings=tags(patch=["monthly"])), {}, True),
        (scope(tagSettings=tags(patch=["daily"])), {}, False),
        (scope(tagSettings=tags(patch=[])), {}, True),
        (scope(tagSettings=tags(patch=["monthly"], tier=["db"])), {}, False),
        (scope(tagSettings=tags("Any", patch=["monthly"], tier=["db"])), {}, True),
        (scope(tagSettings=tags("Some", patch=["monthly"])), {}, None),
        (scope(tagSettings=tags(patch=["monthly"])), {"tags": None}, False),
        (scope(tagSettings=tags(patch=["monthly"])), {"tags": "x"}, None),
        (scope(tagSettings=tags(patch=["monthly"]), osTypes=["Windows"]), {"tags": "x"}, False),
        (scope(locations="westeurope"), {}, None),
        (scope(tagSettings="x"), {}, None),
    ],
)
def test_a_filter_finds_a_machine(filtered: DynamicScope, changes: dict[str, Any], expected: bool | None) -> None:  # noqa: FBT001
    """An absent part means all; what is known decides when it can."""
    read = machine_of({**MACHINE, **changes})
    assert read is not None
    assert read[0] == MACHINE["scaleSet"].lower()
    assert reaches(filtered, read[1]) is expected


@given(_JSON)
def test_nonsense_is_no_machine(value: Any) -> None:
    """The readers answer for anything."""
    for row in ({"id": value}, {**MACHINE, "tags": value, "osType": value, "location": value, "scaleSet": value}):
        read = machine_of(row)
        if read is not None:
            reaches(scope(locations=["x"], tagSettings=tags(a=["b"])), read[1])
        as_machine(row)
    asks_for_patching({"properties": value})
    asks_for_patching({"properties": {"virtualMachineProfile": value}})
    asks_for_patching({"properties": {"virtualMachineProfile": {"osProfile": value, "storageProfile": value}}})
