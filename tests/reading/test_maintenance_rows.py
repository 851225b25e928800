"""Rows of maintenance are read as far as they can be, whatever they hold."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.adapters.published_lists import read_published_lists
from scanner.facts.window import NEVER, MaintenanceScope, Recurrence, Unit, Window
from scanner.reading.maintenance_rows import Assignments, recurrence_of, window_of

SET = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/virtualMachineScaleSets/Web"
CONFIGURATION = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Maintenance/maintenanceConfigurations/Nightly"
GOOD: dict[str, Any] = {
    "maintenanceScope": "OSImage",
    "maintenanceWindow": {
        "startDateTime": "2026-01-01 22:00",
        "duration": "05:00",
        "timeZone": "W. Europe Standard Time",
        "recurEvery": "Day",
        "expirationDateTime": None,
    },
}
READ = Window(
    configuration_id="/c",
    scope=MaintenanceScope.OS_IMAGE,
    starts_at=datetime(2026, 1, 1, 22),  # noqa: DTZ001 - local time
    duration_minutes=300,
    time_zone="W. Europe Standard Time",
    recurrence=Recurrence(every=1, unit=Unit.DAY),
    expires_at=NEVER,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Day", Recurrence(every=1, unit=Unit.DAY)),
        ("3Days", Recurrence(every=3, unit=Unit.DAY)),
        ("1Day", Recurrence(every=1, unit=Unit.DAY)),
        ("Week", Recurrence(every=1, unit=Unit.WEEK)),
        ("Week Saturday,Sunday", Recurrence(every=1, unit=Unit.WEEK, weekdays=(5, 6))),
        ("2Weeks monday, Friday", Recurrence(every=2, unit=Unit.WEEK, weekdays=(0, 4))),
        ("Month Last Sunday Offset-3", Recurrence(every=1, unit=Unit.MONTH)),
        ("2Months day1,day15", Recurrence(every=2, unit=Unit.MONTH)),
        ("6Hours", Recurrence(every=6, unit=Unit.HOUR)),
        ("Week Caturday", None),
        ("Day Monday", None),
        ("0Days", None),
        ("Year", None),
        ("", None),
        (None, None),
        (7, None),
        ("9" * 500 + "Days", None),
    ],
)
def test_recurrences_as_azure_writes_them(text: object, expected: Recurrence | None) -> None:
    """What nobody documented is not read."""
    assert recurrence_of(text) == expected


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, {}),
        ({"duration": "5h"}, {"duration_minutes": None}),
        ({"duration": None}, {"duration_minutes": None}),
        ({"startDateTime": "2026-13-01 22:00"}, {"starts_at": None}),
        ({"timeZone": 1}, {"time_zone": ""}),
        ({"expirationDateTime": "9999-12-31 00:00"}, {"expires_at": NEVER}),
        ({"expirationDateTime": "soon"}, {"expires_at": None}),
        ({"expirationDateTime": "0001-01-01 00:00"}, {"expires_at": None}),
    ],
)
def test_a_window_is_read(changes: dict[str, Any], differs: dict[str, Any]) -> None:
    """Each part on its own."""
    expected = {name: getattr(READ, name) for name in READ.__slots__} | differs
    made = {**GOOD, "maintenanceWindow": {**GOOD["maintenanceWindow"], **changes}}
    assert window_of("/C", made) == Window(**expected)


def test_a_scope_that_nobody_documented_is_not_read() -> None:
    """And a configuration without properties says nothing."""
    assert window_of("/c", {**GOOD, "maintenanceScope": "Everything"}).scope is None
    assert window_of("/c", None) == Window(configuration_id="/c")


def test_assignments_to_resources_and_to_what_a_filter_finds() -> None:
    """By the id of the resource in lower case; what is neither is passed over."""
    found = Assignments()
    for target in (SET, "/subscriptions/S", "/subscriptions/S/resourceGroups/G"):
        for name in ("a", "b"):
            found.take(
                {
                    "id": f"{target}/providers/Microsoft.Maintenance/ConfigurationAssignments/{name}",
                    "properties": {"maintenanceConfigurationId": f"{CONFIGURATION}-{name}"},
                }
            )
    found.take({"id": f"{SET}/providers/x/y/z", "properties": {"maintenanceConfigurationId": CONFIGURATION}})
    found.take("nonsense")
    assert found.direct == {SET.lower(): {f"{CONFIGURATION}-a".lower(), f"{CONFIGURATION}-b".lower()}}
    assert [(each.subscription_id, each.resource_group) for each in found.dynamic] == [
        ("s", ""),
        ("s", ""),
        ("s", "g"),
        ("s", "g"),
    ]


def test_every_zone_of_the_published_list_is_one_of_iana() -> None:
    """And the names that Azure's pages use are among them."""
    zones = read_published_lists().windows_zones
    assert {"w. europe standard time", "pacific standard time", "utc", "india standard time"} <= zones.keys()
    assert zones["w. europe standard time"] == "Europe/Berlin"
    assert all("/" in zone for zone in zones.values())


@given(_JSON)
def test_nonsense_is_no_maintenance(value: Any) -> None:
    """The readers answer for anything."""
    found = Assignments()
    place = "/subscriptions/s/providers/Microsoft.Maintenance/configurationAssignments/a"
    for row in (
        value,
        {"id": value, "properties": value},
        {"id": place, "properties": value},
        {"id": place, "properties": {"maintenanceConfigurationId": "/c", "filter": value}},
        {"id": place, "properties": {"maintenanceConfigurationId": "/c", "filter": {"tagSettings": value}}},
        {"id": place, "properties": {"maintenanceConfigurationId": "/c", "filter": {"tagSettings": {"tags": value}}}},
    ):
        found.take(row)
    window_of("/c", {"maintenanceWindow": value, "maintenanceScope": value} if value is not None else None)
    window_of("/c", {"maintenanceWindow": {"duration": value, "recurEvery": value, "startDateTime": value}})
