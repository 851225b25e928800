"""Resource ids are read in one place, and whatever is no id is no error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.facts.resource_id import ResourceId, parse_resource_id

GROUP = "/subscriptions/S1/resourceGroups/Rg-A"
SET = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/Web"

READ: dict[str, tuple[str, str, str, str, tuple[str, ...]]] = {
    "a scale set": (SET, "s1", "Rg-A", "microsoft.compute/virtualmachinescalesets", ("Web",)),
    "with slashes at its end": (f"{SET}//", "s1", "Rg-A", "microsoft.compute/virtualmachinescalesets", ("Web",)),
    "in capitals": (SET.upper(), "s1", "RG-A", "microsoft.compute/virtualmachinescalesets", ("WEB",)),
    "an instance": (
        f"{SET}/virtualMachines/0",
        "s1",
        "Rg-A",
        "microsoft.compute/virtualmachinescalesets/virtualmachines",
        ("Web", "0"),
    ),
    "an image version": (
        f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/i/versions/1.2.3",
        "s1",
        "Rg-A",
        "microsoft.compute/galleries/images/versions",
        ("g", "i", "1.2.3"),
    ),
    "an extension resource": (
        f"{SET}/providers/Microsoft.Maintenance/configurationAssignments/weekly",
        "s1",
        "Rg-A",
        "microsoft.maintenance/configurationassignments",
        ("weekly",),
    ),
    "a resource of a subscription": (
        "/subscriptions/S1/providers/Microsoft.Maintenance/configurationAssignments/weekly",
        "s1",
        "",
        "microsoft.maintenance/configurationassignments",
        ("weekly",),
    ),
    "a resource named providers": (
        f"{GROUP}/providers/Microsoft.Compute/disks/providers",
        "s1",
        "Rg-A",
        "microsoft.compute/disks",
        ("providers",),
    ),
    "a resource group": (GROUP, "s1", "Rg-A", "", ()),
    "a resource group named providers": ("/subscriptions/s/resourceGroups/providers", "s", "providers", "", ()),
    "a subscription": ("/subscriptions/S1", "s1", "", "", ()),
}

NO_IDS: dict[str, object] = {
    "nothing": None,
    "a number": 5,
    "an empty text": "",
    "a slash": "/",
    "a name": "web",
    "no slash in front": SET[1:],
    "two slashes within": SET.replace("/providers", "//providers"),
    "no name at its end": f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets",
    "no type": f"{GROUP}/providers/Microsoft.Compute",
    "no provider": f"{GROUP}/virtualMachineScaleSets/web",
    "no subscription": "/subscriptions",
    "a list of platform images": "/subscriptions/s/Providers/Microsoft.Compute/Locations/e/Publishers",
    "a tenant's resource": "/providers/Microsoft.Management/managementGroups/m",
    "another root": "/tenants/s/resourceGroups/g",
}


@pytest.mark.parametrize("case", READ)
def test_an_id_is_read_into_its_parts(case: str) -> None:
    """Subscription, resource group, type and names come out of an id, whatever its case."""
    text, subscription, group, kind, names = READ[case]

    assert parse_resource_id(text) == ResourceId(
        text=text.rstrip("/"), subscription=subscription, resource_group=group, type=kind, names=names
    )


@pytest.mark.parametrize("case", NO_IDS)
def test_what_is_no_id_is_none(case: str) -> None:
    """A value that is no resource id is answered with none, and not with an error."""
    assert parse_resource_id(NO_IDS[case]) is None


def test_only_a_scale_set_is_one() -> None:
    """An instance, a resource group and a scale set outside of a group are no scale sets."""
    is_one = {
        text: (read := parse_resource_id(text)) is not None and read.is_scale_set
        for text in (SET, SET.lower(), f"{SET}/virtualMachines/0", GROUP, SET.replace("/resourceGroups/Rg-A", ""))
    }

    assert list(is_one.values()) == [True, True, False, False, False]


def test_ids_are_compared_in_lower_case() -> None:
    """Two spellings of one id have the same key, and the key of their group."""
    one, other = parse_resource_id(SET), parse_resource_id(SET.upper())

    assert one is not None
    assert other is not None
    assert (one.key, one.group_key) == (other.key, other.group_key)
    assert one.group_key == GROUP.lower()


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    """Nothing is raised, whatever the text."""
    parse_resource_id(text)


@given(st.lists(st.sampled_from(["subscriptions", "resourceGroups", "providers", "a", "b.c", ""]), max_size=14))
def test_any_path_is_answered(parts: list[str]) -> None:
    """An id that is read is the text that was given."""
    text = "/" + "/".join(parts)
    read = parse_resource_id(text)

    assert read is None or read.text == text.rstrip("/")
