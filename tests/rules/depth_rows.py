"""What a row of a decision table says was read beside the scale set's row, in Azure's own shapes.

``depth`` in a row of a table names fields of ``Depth``, as ``tests.rules.depth_facts`` reads them, or what Azure answered:
each of those names has a reader here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from scanner.facts.depth import Depth
from scanner.facts.people import Naming, People
from scanner.facts.rollout import RollingUpgrade, RolloutStatus
from scanner.reading.change_rows import parse_change, with_current
from scanner.reading.rollout_rows import read_attempts, read_latest
from scanner.rules.criteria import Criteria
from scanner.state.attribution import last_change
from tests.rules.depth_facts import depth_of as facts_of

type Reader = Callable[[Any, Mapping[str, Any], Criteria], Mapping[str, Any]]


def depth_of(told: Mapping[str, Any], document: Mapping[str, Any], criteria: Criteria) -> Depth:
    """Read all that a row tells."""
    depth = facts_of({name: value for name, value in told.items() if name not in READERS})
    for name, raw in told.items():
        if name in READERS:
            depth = replace(depth, **READERS[name](raw, document, criteria))
    return depth


def change_row(scale_set_id: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Write a short form of a change as a row of ``resourcechanges``."""
    attributes = {name: value for name, value in told.items() if name != "set"}
    return {
        "id": f"{scale_set_id}/providers/Microsoft.Resources/changes/1",
        "properties": {
            "targetResourceId": scale_set_id,
            "changeType": "Update",
            "changeAttributes": {
                "timestamp": "2026-06-01T20:00:00.1234567Z",
                "changedByType": "User",
                "clientType": "Unspecified",
                "operation": "microsoft.compute/virtualmachinescalesets/write",
                "correlationId": "11111111-2222-3333-4444-555555555555",
                "changesCount": len(told["set"]),
                **attributes,
            },
            "changes": {path: {"previousValue": None, "newValue": value} for path, value in told["set"].items()},
        },
    }


def _changes(raw: Any, document: Mapping[str, Any], criteria: Criteria) -> Mapping[str, Any]:
    clients = dict(criteria.published.first_party_clients)
    people = People(naming=Naming.NAME)
    parsed = [parse_change(change_row(str(document["id"]), told), clients, people) for told in raw]
    changes = tuple([with_current(found[1], document) for found in parsed if found is not None])
    return {"changes": changes, "last_change": last_change(None, changes, (), criteria.moment.isoformat())}


def _latest(raw: Any, _document: Mapping[str, Any], _criteria: Criteria) -> Mapping[str, Any]:
    """Read an answer of rollingUpgrades/latest; ``known`` holds what earlier readings and hook events say."""
    if raw == "404":
        return {"rolling_upgrade": RollingUpgrade(status=RolloutStatus.NEVER)}
    told = {name: value for name, value in raw.items() if name != "known"}
    upgrade = read_latest({"properties": told})
    assert upgrade is not None
    return {"rolling_upgrade": replace(upgrade, **raw.get("known", {}))}


def _history(raw: Any, _document: Mapping[str, Any], _criteria: Criteria) -> Mapping[str, Any]:
    return {"attempts": read_attempts([{"properties": told} for told in raw])}


READERS: Mapping[str, Reader] = {"resourcechanges": _changes, "latest": _latest, "osUpgradeHistory": _history}
