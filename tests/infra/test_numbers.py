"""The numbers of docs/numbers.md: the real queries over the rows of a played month, each value worked out by hand.

Three weeks with a scan and a snapshot a day at 06:00, day 0 being 10 November 2026:

- web (shop, production, westeurope): ten instances on V1. V2 is first seen on day 1. A rollout of day 1, 12:00, fails after 12
  hours with four on V2; one of day 3, 12:00, brings the rest in 10 hours: all on V2 on day 4. V3 is first seen on day 20
  (30 November); a rollout of day 21, 02:00, is under way that day, and over after 18 hours: all on V3 on day 22.
- api (shop, staging, northeurope, the other subscription): five instances, in one rollout of 12 hours on V2 by day 2.
- late (billing, production, francecentral): on V0, while V1 was there at the first look; on V1 on day 1, back for a day as
  that rollout was taken back on day 2, and on V1 again.
- made (legacy, production, westeurope): its image has no versions.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from scanner.events.snapshot_rows import snapshot_id
from scanner.events.stamp import ScanStamp
from scanner.snapshot import write_snapshot
from scanner.times import iso
from tests.fakes.world import FakeWorld
from tests.infra.declared import DEPLOYMENT, ROOT, loaded_queries, workbook, workspace_queries
from tests.infra.log_analytics import LogAnalytics
from tests.scale_sets import OTHER, SUBSCRIPTION, document, scale_set_id

IMAGE = "canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2"
V0, V1, V2, V3 = "22.04.202607010", "22.04.202608140", "22.04.202609100", "22.04.202611250"
MANAGED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/images/base"
DAY = timedelta(days=1)
LABELS = {
    "web": ("shop", "production", "westeurope", SUBSCRIPTION),
    "api": ("shop", "staging", "northeurope", OTHER),
    "late": ("billing", "production", "francecentral", SUBSCRIPTION),
    "made": ("legacy", "production", "westeurope", SUBSCRIPTION),
}
DAY_0 = datetime.fromisoformat("2026-11-10T06:00:00+00:00")


class Played:
    """The month, and what Log Analytics holds of it."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.world.request = {"deployment": DEPLOYMENT}
        self.workspace = LogAnalytics()
        self.shown: dict[str, int] = {}
        for subscription in (SUBSCRIPTION, OTHER):
            self.world.azure.put_subscription(subscription, subscription)
        for name, (application, environment, region, subscription) in LABELS.items():
            made = document(name, subscription)
            made["location"] = region
            made["tags"] |= {"application": application, "environment": environment}
            if name == "made":
                profile = made["properties"]["virtualMachineProfile"]["storageProfile"]
                profile["imageReference"] = {"id": MANAGED}
            self.world.azure.put_scale_set(made)
            self.publish(region, V1)
        self.run("web", {V1: 10})
        self.run("api", {V1: 5})
        self.run("late", {V0: 2})
        self.run("made", {"": 4})

    def publish(self, region: str, version: str) -> None:
        """Publish a version in a region, once."""
        listed = self.world.images.platform.get(f"{region}|{IMAGE}", [])
        if version not in [each["name"] for each in listed]:
            self.world.images.put_platform_version(region, IMAGE, version)

    def run(self, name: str, versions: dict[str, int]) -> None:
        """Let the instances of a scale set run these versions."""
        given = [{"count": count, "exact_version": version} for version, count in versions.items()]
        self.world.instances.set_instances(self.id_of(name), *given)

    def roll(self, name: str, started: str, **facts: Any) -> None:
        """Add an OS image upgrade; times without a zone are UTC."""
        ended = {"ended": _at(facts.pop("ended"))} if "ended" in facts else {}
        self.world.rollouts.put_upgrade(self.id_of(name), started=_at(started), **ended, **facts)

    def became(self, name: str, code: str, ended: str, **facts: Any) -> None:
        """Say what became of the last upgrade of a scale set."""
        self.world.rollouts.change(self.id_of(name), **{"code": code, "ended": _at(ended), **facts})

    def id_of(self, name: str) -> str:
        """Name the resource."""
        return scale_set_id(name, LABELS[name][3]).lower()

    def day(self) -> None:
        """Scan, take a snapshot, and let the rows arrive."""
        world = self.world
        assert world.scan(after=DAY).failure is None
        moment = iso(world.clock)
        stamp = ScanStamp(
            scan_id=snapshot_id(moment), detected_at=moment, service_version="test", deployment=DEPLOYMENT
        )
        write_snapshot(world.store, world.sink, world.now, stamp)
        for table, rows in world.received.rows.items():
            fresh, self.shown[table.value] = rows[self.shown.get(table.value, 0) :], len(rows)
            sent = [{key: value for key, value in row.items() if key != "TimeGenerated"} for row in fresh]
            self.workspace.send(table.value, sent, received=world.clock)

    def panel(self, name: str, day: float) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Ask the query of a panel on a day, over the 30 days before; rows by what they are about."""
        found = self.workspace.query(workspace_queries()[name], now=DAY_0 + day * DAY, reach=30 * DAY)
        keys = ("Month", "By", "Name", "Severity")
        return {tuple([row[key] for key in keys if key in row]): row for row in found}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


@pytest.fixture(scope="module")
def played() -> Played:
    """Play the month once: looking at it changes nothing."""
    month = Played()
    month.day()  # day 0
    for region in ("westeurope", "northeurope"):
        month.publish(region, V2)
    month.run("late", {V1: 2})
    month.day()  # day 1
    month.roll("web", "11-11T12:00", code="Faulted", ended="11-12T00:00", successful=4, failed=1, pending=5)
    month.run("web", {V1: 6, V2: 4})
    month.roll("api", "11-11T08:00", code="Completed", ended="11-11T20:00", successful=5)
    month.run("api", {V2: 5})
    month.roll(
        "late",
        "11-11T12:00",
        code="Completed",
        ended="11-11T18:00",
        rollback={"successfullyRolledbackInstanceCount": 2},
    )
    month.run("late", {V0: 2})
    month.day()  # day 2
    month.run("late", {V1: 2})
    month.day()  # day 3
    month.roll("web", "11-13T12:00", code="Completed", ended="11-13T22:00", successful=6)
    month.run("web", {V2: 10})
    for _ in range(4, 20):
        month.day()
    month.publish("westeurope", V3)
    month.day()  # day 20, 30 November
    month.roll("web", "12-01T02:00", code="RollingForward", pending=10)
    month.day()  # day 21
    month.became("web", "Completed", "12-01T20:00", successful=10)
    month.run("web", {V3: 10})
    month.day()  # day 22
    return month


def picked(rows: dict[tuple[Any, ...], dict[str, Any]], *columns: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Keep some columns."""
    return {key: tuple([row[column] for column in columns]) for key, row in rows.items()}


def test_image_compliance(played: Played) -> None:
    """On day 21 ten of web's are behind V3, and five of api's on the newest of their own region, which is V2: 5 of 15."""
    found = picked(
        played.panel("image-compliance", 21.5),
        "ImageCompliancePercent",
        "OnNewest",
        "Behind",
        "Unknown",
        "ScaleSetsNotRead",
    )
    assert found["application", "shop"] == (33.3, 5, 10, 0, 0)
    assert found["application", "billing"] == (100.0, 2, 0, 0, 0)
    assert found["application", "legacy"] == (None, None, None, None, 1)
    assert found["environment", "production"] == (16.7, 2, 10, 0, 1)
    assert found["environment", "staging"] == (100.0, 5, 0, 0, 0)
    assert found["region", "westeurope"] == (0.0, 0, 10, 0, 1)
    assert found["subscription", OTHER] == (100.0, 5, 0, 0, 0)


def test_lead_times(played: Played) -> None:
    """Web took V2 in 3 days and V3 in 2, api V2 in 1; of billing's V1 the publication is not known."""
    found = picked(
        played.panel("lead-times", 22.5),
        "MeanDays",
        "LongestDays",
        "VersionsReached",
        "SinceFirstSeen",
        "PublicationNotKnown",
    )
    assert found["application", "shop"] == (2.0, 3.0, 3, 3, 0)
    assert found["application", "billing"] == (None, None, 1, 0, 1)
    assert found["environment", "production"] == (2.5, 3.0, 3, 2, 1)
    assert found["environment", "staging"] == (1.0, 1.0, 1, 1, 0)
    assert ("application", "legacy") not in found


def test_lead_times_are_of_the_time_range(played: Played) -> None:
    """Before web has V3 the mean is of V2 alone: 3 days and 1."""
    found = picked(played.panel("lead-times", 21.5), "MeanDays", "VersionsReached")
    assert found["application", "shop"] == (2.0, 2)


def test_exposure_by_month(played: Played) -> None:
    """November, web: 10 + 6 + 6 instances for a day; api: 5. December, web: 10 from 30 November to 2 December, as of each snapshot."""
    found = picked(played.panel("exposure", 22.5), "ExposureHours", "ScaleSets", "ScaleSetsNotRead")
    november, december = (datetime(2026, month, 1) for month in (11, 12))  # noqa: DTZ001 - KQL answers without a zone
    assert found[november, "application", "shop"] == (24 * (10 + 6 + 6 + 5), 2, 0)
    assert found[december, "application", "shop"] == (24 * (10 + 10), 2, 0)
    assert found[november, "environment", "staging"] == (24 * 5, 1, 0)
    assert found[november, "application", "billing"] == (24 * (2 + 2), 1, 0)
    assert found[december, "application", "billing"] == (0, 1, 0)
    assert found[december, "application", "legacy"] == (None, 1, 1)


def test_rollouts_and_their_success(played: Played) -> None:
    """On day 21: shop has completed two in 10 and 12 hours, one failed and one runs; billing's was taken back."""
    columns = ("SuccessPercent", "Completed", "Failed", "RolledBack", "Stalled", "Running", "MeanHours", "LongestHours")
    found = picked(played.panel("rollout-success", 21.5), *columns)
    assert found["application", "shop"] == (66.7, 2, 1, 0, 0, 1, 11.0, 12.0)
    assert found["application", "billing"] == (0.0, 0, 0, 1, 0, 0, None, None)
    later = picked(played.panel("rollout-success", 22.5), *columns)
    assert later["application", "shop"] == (75.0, 3, 1, 0, 0, 0, 13.3, 18.0)


def test_every_attempt_is_listed_once(played: Played) -> None:
    """What needs attention comes first, then the newest."""
    found = played.workspace.query(workspace_queries()["rollouts"], now=DAY_0 + 21.5 * DAY, reach=30 * DAY)
    listed = [(row["Became"], row["ScaleSetId"].rpartition("/")[2], row["Hours"]) for row in found]
    assert listed == [
        ("failed", "web", 12.0),
        ("rolled back", "late", 6.0),
        ("running", "web", None),
        ("completed", "web", 10.0),
        ("completed", "api", 12.0),
    ]


def test_image_compliance_after_the_second_rollout(played: Played) -> None:
    """Web's second rollout since V2 ended on day 3, 22:00, and the snapshot after it has all on V2; api had one only."""
    found = picked(played.panel("image-compliance-after-rollouts", 22.5), "MeanPercent", "Rollouts", "NotKnown")
    assert found == {
        ("application", "shop"): (100.0, 1, 0),
        ("environment", "production"): (100.0, 1, 0),
        ("region", "westeurope"): (100.0, 1, 0),
        ("subscription", SUBSCRIPTION): (100.0, 1, 0),
    }


def test_scale_sets_behind(played: Played) -> None:
    """On day 21 web alone is behind, for a day."""
    found = played.workspace.query(workspace_queries()["behind-image"], now=DAY_0 + 21.5 * DAY, reach=30 * DAY)
    (row,) = found
    assert (row["ScaleSetId"], row["BehindImage"], row["Days"], row["NewestImageVersion"]) == (
        played.id_of("web"),
        10,
        1,
        V3,
    )
    assert row["ExposureHours"] == 24 * (10 + 6 + 6 + 10)


def test_ages_of_findings(played: Played) -> None:
    """Legacy's high findings are as old as the first scan: 21.5 days on day 21, 18:00."""
    found = played.panel("finding-ages", 21.5)
    row = found["application", "legacy", "high"]
    assert (row["MeanDays"], row["OldestDays"], row["OpenOver30Days"], row["AgeNotKnown"]) == (21.5, 21.5, 0, 0)


def test_compliance_by_place_adds_up_to_compliance_by_rule(played: Played) -> None:
    """All environments together have the outcomes that the function counts by rule, each scale set in one of them."""
    by_rule = played.workspace.query("VmssPostureCompliance(now())", now=DAY_0 + 21.5 * DAY, reach=30 * DAY)
    found = played.panel("compliance-by-place", 21.5)
    for column in ("Passed", "Failed", "Exempt", "Unknown"):
        total = sum(row[column] for row in by_rule)
        for by in ("application", "environment", "region", "subscription"):
            assert sum(row[column] for key, row in found.items() if key[0] == by) == total
    assert found["environment", "staging"]["ScaleSets"] == 1


def test_the_scan_says_the_numbers_of_its_end(played: Played) -> None:
    """After day 22: 17 of 17 on the newest, 42 instance-days of web, 5 of api, 4 of late; three lead times of 3, 2 and 1 days."""
    scans = played.workspace.query("VmssPostureScans_CL | top 1 by DetectedAt", now=DAY_0 + 22.5 * DAY, reach=30 * DAY)
    (numbers,) = [json.loads(row["Numbers"]) for row in scans]
    whole = numbers["all"]
    assert (whole["scale_sets"], whole["scale_sets_not_read"]) == (4, 1)
    assert (whole["image_compliance_percent"], whole["instances_on_newest"], whole["instances_behind"]) == (
        100.0,
        17,
        0,
    )
    assert whole["exposure_hours"] == 24 * (10 + 6 + 6 + 10 + 10 + 5 + 2 + 2)
    assert (whole["lead_time_days"], whole["lead_times"], whole["lead_times_unknown"]) == (2.0, 3, 1)
    assert numbers["environment"]["production"]["lead_time_days"] == 2.5
    assert numbers["region"]["northeurope"]["exposure_hours"] == 24 * 5
    assert numbers["subscription"][OTHER]["scale_sets"] == 1
    legacy = numbers["application"]["legacy"]
    unknown = (
        "image_compliance_percent",
        "instances_on_newest",
        "instances_behind",
        "exposure_hours",
        "lead_time_days",
    )
    assert [legacy[name] for name in unknown] == [None] * len(unknown)
    assert legacy["finding_age_days"] == round((22 + 22 + 21) / 3, 1)  # a rule about applications needs two scans


def test_the_scan_says_exposure_while_it_grows(played: Played) -> None:
    """On day 21 web's ten are behind for a day: the state was not written since, and 240 hours were added."""
    rows = played.workspace.query(
        "VmssPostureScans_CL | sort by DetectedAt asc", now=DAY_0 + 22.5 * DAY, reach=30 * DAY
    )
    hours = [json.loads(row["Numbers"])["application"]["shop"]["exposure_hours"] for row in rows]
    assert hours[20:23] == [24 * 27, 24 * 37, 24 * 47]


def test_every_panel_has_its_definition() -> None:
    """The page of numbers names each query of the sections that show them, and no number that is not shown."""
    page = (ROOT / "docs/numbers.md").read_text(encoding="utf-8")
    sections = {section["name"]: section["panels"] for section in workbook()["sections"]}
    shown = {panel["query"] for name in ("images", "rollouts") for panel in sections[name]} - {"behind-image"}
    assert {name for name in shown if f"`{name}`" not in page} == set()
    table = page.partition("| --- |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+|exposure|rollouts)`", table)) <= set(loaded_queries("workbook.bicep"))
