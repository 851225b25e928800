"""Fleets for reports and exports: scanned through fakes, and made by hand with names that try to break out."""

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.cli.known_fleet import KnownFleet, of_store
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet
from scanner.state.state import ExemptionNote
from tests.fakes.world import FakeWorld
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

AT = "2026-11-15T06:00:00.000Z"
HOSTILE: Mapping[str, str] = {
    "ends the script": "</script><script>window.pwned=1</script>",
    "ends the script without a bracket": "</script x",
    "opens a script in a comment": "<!--<script x",
    "ends the title": "</title><h1>pwned</h1>",
    "an attribute": '"><img src=x onerror="window.pwned=1">',
    "an event": "' onmouseover='window.pwned=1",
    "a comment": "<!--<script>",
    "an address": "javascript:window.pwned=1",
    "a template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "a formula": '=HYPERLINK("http://evil.example","x")',
    "another formula": "@SUM(1+1)*cmd|' /C calc'!A0",
    "direction marks": "web\u202egnp.exe",
    "line ends": "one\r\ntwo\u2028three",
    "half a pair": "web\ud800",
    "a control": "a\x00b\x1b[31mc",
    "an entity": "&lt;b&gt;&amp;",
    "very long": "x" * 5_000,
    "other scripts": "höchst-重要-важно-🚀",
}
"""Names by what they try."""


def hostile_fleet() -> list[KnownScaleSet]:
    """Make a scale set with each of the names."""
    return [named(text) for text in HOSTILE.values()]


def named(text: str) -> KnownScaleSet:
    """Make a scale set with a text in every place that a person outside chooses."""
    return KnownScaleSet(
        scale_set_id=scale_set_id(text),
        name=text,
        subscription_id=SUBSCRIPTION,
        resource_group=text,
        location=text,
        environment=text,
        application=text,
        ring=text,
        owner=text,
        upgrades_itself="blocked",
        blocked_by=("VMSS-030",),
        managed_by=text,
        missing=(text,),
        facts={"image": f"platform:{text}", "extensions": [text], "max_surge": {text: text}},
        outcomes={"VMSS-030": "failed", "VMSS-020": "failed", "VMSS-040": "unknown"},
        findings=(
            KnownFinding(
                rule_id="VMSS-030",
                severity="high",
                reason=text,
                opened_at="2026-11-01T00:00:00.000Z",
                evidence=({"path": text, "value": text},),
                remediation=f"az vmss update --name {text}",
            ),
            KnownFinding(
                rule_id="VMSS-020",
                severity="medium",
                reason=text,
                exemption=ExemptionNote(reason=text, owner=text, until="2026-12-01", source="file", ticket=text),
            ),
        ),
        last_read_at=AT,
        instances=KnownInstances(
            count=9, versions={text: 9}, behind_image=3, behind_image_since=text, behind_model=None, counted_at=AT
        ),
    )


def story() -> tuple[FakeWorld, KnownFleet]:
    """Scan a small fleet three times: with every headline, findings, an exemption, a drift, and a blind spot."""
    world = FakeWorld()
    azure = world.azure
    azure.put_subscription(SUBSCRIPTION, "shop")
    azure.put_subscription(OTHER, "staging")
    azure.put_group(SUBSCRIPTION, "MC_shop", managed_by="/subscriptions/0/managedClusters/shop")
    for each in _documents():
        azure.put_scale_set(each)
    world.scan()
    azure.put_scale_set(
        _changed("orders", "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade", value=False)
    )
    azure.delete_scale_set(scale_set_id("gone"))
    world.scan()
    azure.faults.without_coverage_of = {OTHER}
    azure.faults.hidden = {scale_set_id("web", OTHER).lower()}
    world.scan()
    return world, of_store(world.store, "the state of a test", "", world.clock)


def _documents() -> Iterator[dict[str, Any]]:
    yield _document("web")
    yield _document("orders")
    yield _document("gone")
    yield _document("web", OTHER) | {"tags": {"environment": "staging", "application": "shop", "owner": "team-shop"}}
    pinned = _changed("billing", "virtualMachineProfile.storageProfile.imageReference.version", value="22.04.202601010")
    yield pinned
    exempt = _changed("search", "upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent", value=100)
    rule = "rules=VMSS-020,VMSS-021; until=2026-11-20; reason=load test; owner=team-search"
    yield exempt | {"tags": {**exempt["tags"], "upgrade-posture-exempt": rule}}
    pool = _document("pool")
    yield pool | {"id": pool["id"].replace("rg-shop", "MC_shop")}
    unread = _document("unread")
    del unread["properties"]["upgradePolicy"]
    yield unread


def _document(name: str, subscription: str = SUBSCRIPTION) -> dict[str, Any]:
    made = document(name, subscription)
    return {**made, "tags": {**made["tags"], "application": "shop", "owner": "team-shop", "environment": "production"}}


def _changed(name: str, path: str, *, value: object) -> dict[str, Any]:
    changed = _document(name)
    block = changed["properties"]
    *parents, last = path.split(".")
    for parent in parents:
        block = block[parent]
    block[last] = value
    return changed
