"""Who changed what: told with the change where Azure knows it by then, and completed in the state by the next scan."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scanner.adapters.criteria_files import read_criteria
from scanner.adapters.stores.memory_store import MemoryStore
from scanner.facts.change import Attribution, Certainty
from scanner.facts.people import Naming, People
from scanner.ports.event import Table
from scanner.scan.changes import NAME, PSEUDONYMS, ChangeSource
from scanner.scan.damage import drop, find_damage
from scanner.state import attribution
from scanner.state.glance import Glance
from scanner.times import iso
from tests.fakes.world import START, FakeWorld
from tests.scale_sets import OS_UPGRADE, document, scale_set_id

WEB = scale_set_id("web")
FLAG = f"{OS_UPGRADE}.enableAutomaticOSUpgrade"
MODE = "properties.upgradePolicy.mode"
PIPELINE = "aaaaaaaa-0000-0000-0000-000000000001"
PORTAL: Mapping[str, str] = {"changedBy": "eve@contoso.com", "changedByType": "User", "clientType": "Azure Portal"}
TERRAFORM: Mapping[str, str] = {"changedBy": PIPELINE, "changedByType": "Application", "clientType": "Unspecified"}
SYSTEM: Mapping[str, str] = {
    "changedBy": "System",
    "changedByType": "System",
    "clientType": "Unspecified",
    "operation": "Unspecified",
    "correlationId": "00000000-0000-0000-0000-000000000000",
}


class Fleet:
    """One scale set that code manages, scanned once; people change it, and Azure records it at once or later."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.world = FakeWorld(store)
        self.world.azure.put_subscription(WEB.split("/")[2], "shop")
        made = document("web")
        made["tags"]["managed-by"] = "terraform"
        self.world.azure.put_scale_set(made)
        self.policy(pipelines=frozenset({PIPELINE}))
        self.world.scan()
        self._shown = 0
        self.rows()

    def policy(self, **values: Any) -> None:
        criteria = self.world.criteria
        self.world.criteria = replace(
            criteria, policy=replace(criteria.policy, **values), version=f"{criteria.version}+{sorted(values)}"
        )

    def set(self, path: str, value: Any) -> None:
        block = self.world.azure.scale_set(WEB)
        *parents, last = path.split(".")
        for name in parents:
            block = block[name]
        block[last] = value

    def record(
        self, who: Mapping[str, str], values: Mapping[str, str], *, ago: timedelta = timedelta(minutes=20)
    ) -> None:
        """Have Azure record a change that was made so long before the next scan."""
        at = self.world.clock + timedelta(hours=1) - ago
        number = len(self.world.azure.changes)
        attributes = {
            "timestamp": iso(at),
            "operation": "microsoft.compute/virtualmachinescalesets/write",
            "correlationId": f"11111111-2222-3333-4444-{number:012}",
            **who,
        }
        changes = {path: {"previousValue": "x", "newValue": value} for path, value in values.items()}
        self.world.azure.changes.append(
            {
                "id": f"{WEB}/providers/Microsoft.Resources/changes/{number}",
                "properties": {
                    "targetResourceId": WEB,
                    "changeType": "Update",
                    "changeAttributes": attributes,
                    "changes": changes,
                },
            }
        )

    def rows(self) -> list[Mapping[str, Any]]:
        """Answer the events that are new."""
        rows = self.world.received.rows[Table.EVENTS]
        fresh, self._shown = rows[self._shown :], len(rows)
        return fresh

    def scan(self) -> dict[str, Mapping[str, Any]]:
        """Scan an hour later; answer the drifts that are told, by field."""
        self.world.scan()
        return {str(row["Field"]): row for row in self.rows() if row["EventType"] == "posture.drifted"}

    @property
    def state(self) -> Any:
        return self.world.store_view().current[WEB.lower()]

    @property
    def outcome(self) -> str:
        return str(self.state.outcomes["VMSS-083"])


def columns(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Answer what is known, who, and with what."""
    return row["Attribution"], row["ChangedBy"], row["ChangedWith"]


def test_a_change_is_told_with_who_made_it() -> None:
    """Name, type, client, permission, time and correlation id stand in the event; the headline changed by the same."""
    fleet = Fleet()
    fleet.set(FLAG, False)  # noqa: FBT003 - a value of Azure's
    fleet.record(PORTAL, {FLAG: "False"})
    told = fleet.scan()
    row = told["automatic_os_upgrade"]
    assert columns(row) == ("known", "eve@contoso.com", "Azure Portal")
    assert row["ChangedByType"] == "User"
    assert row["ChangeOperation"] == "microsoft.compute/virtualmachinescalesets/write"
    assert row["ChangedAt"] == "2026-11-09T07:40:00.000Z"
    assert row["CorrelationId"].startswith("11111111-2222")
    assert row["Summary"].endswith("weakened from true to false by eve@contoso.com with Azure Portal.")
    assert columns(told["upgrades_itself"]) == columns(row)
    assert fleet.outcome == "failed"


def test_a_change_that_is_not_recorded_yet_is_completed_in_the_state() -> None:
    """The event has no name and is not told again; the next scan has it in the state and in VMSS-083."""
    fleet = Fleet()
    fleet.set(MODE, "Manual")
    assert columns(fleet.scan()["upgrade_mode"]) == ("not yet known", "", "")
    assert fleet.outcome == "unknown"
    fleet.record(PORTAL, {MODE: "Manual"}, ago=timedelta(minutes=62))
    fleet.world.scan()
    assert [(row["EventType"], row.get("RuleId")) for row in fleet.rows()] == [("finding.opened", "VMSS-083")]
    assert fleet.state.last_change.changed_by == "eve@contoso.com"
    assert fleet.scan() == {}


def test_a_change_that_is_never_recorded_ends_as_not_known() -> None:
    """One scan later nothing is waited for any more, and the state comes to rest."""
    fleet = Fleet()
    fleet.set(MODE, "Manual")
    fleet.scan()
    fleet.world.scan()
    assert fleet.state.last_change.certainty == "not known"
    revision = fleet.state.revision
    fleet.world.scan()
    assert (fleet.state.revision, fleet.outcome) == (revision, "unknown")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([(SYSTEM, "Manual", 20)], ("platform", "", ""), id="the platform"),
        pytest.param([({**PORTAL, "changedBy": "Unspecified"}, "Manual", 20)], ("unspecified", "", "Azure Portal"), id="Azure does not say"),
        pytest.param([(PORTAL, "Rolling", 20)], ("not yet known", "", ""), id="another value: an earlier change"),
        pytest.param([(PORTAL, "Automatic", 50), (TERRAFORM, "Manual", 20)], ("known", PIPELINE, ""), id="the last of two"),
        pytest.param([(TERRAFORM, "Manual", 20), (PORTAL, "Automatic", 50)], ("known", PIPELINE, ""), id="in any order"),
        pytest.param([], ("not yet known", "", ""), id="none"),
    ],
)  # fmt: skip
def test_a_change_is_matched_by_path_and_value(
    records: list[tuple[Mapping[str, str], str, int]], expected: tuple[str, ...]
) -> None:
    """Who is named wrote the present value at the fact's path, and nobody wrote another one after it."""
    fleet = Fleet()
    fleet.set(MODE, "Manual")
    for who, value, minutes in records:
        fleet.record(who, {MODE: value}, ago=timedelta(minutes=minutes))
    assert columns(fleet.scan()["upgrade_mode"]) == expected


def test_several_candidates_are_told_as_several() -> None:
    """Two people changed parts of one fact: both are named, with the whole of what each did."""
    fleet = Fleet()
    image = "properties.virtualMachineProfile.storageProfile.imageReference"
    fleet.set(f"{image}.sku", "22_04-LTS")
    fleet.set(f"{image}.offer", "another")
    fleet.record(PORTAL, {f"{image}.sku": "22_04-LTS"}, ago=timedelta(minutes=30))
    fleet.record({**PORTAL, "changedBy": "bob@contoso.com"}, {f"{image}.offer": "another"})
    row = fleet.scan()["image"]
    assert columns(row) == ("several candidates", "eve@contoso.com; bob@contoso.com", "")
    assert [each["ChangedBy"] for each in row["Changes"]] == ["eve@contoso.com", "bob@contoso.com"]


def test_changes_that_cannot_be_read_hide_nobody_for_good() -> None:
    """The drift is told without a name, the scan says so, and the next one looks back as far as it must."""
    fleet = Fleet()
    fleet.set(MODE, "Manual")
    fleet.record(PORTAL, {MODE: "Manual"}, ago=timedelta(minutes=50))
    fleet.world.azure.faults.without_changes = True
    assert columns(fleet.scan()["upgrade_mode"]) == ("not yet known", "", "")
    record = fleet.world.scan().record
    assert (record.status, "Who changed what was not read" in record.error) == ("complete", True)
    fleet.world.azure.faults.without_changes = False
    fleet.world.scan()
    assert fleet.state.last_change.changed_by == "eve@contoso.com"


def test_a_capacity_that_moves_is_nobodys_change() -> None:
    """Autoscale writes all day: no record of it becomes the last change."""
    fleet = Fleet()
    fleet.set("sku.capacity", 12)
    fleet.record(PORTAL, {"sku.capacity": "12"})
    assert fleet.scan() == {}
    assert fleet.state.last_change.certainty == "none seen"


def test_a_first_scan_knows_who_changed_what_before_it() -> None:
    """Azure keeps records for 14 days: the last change of the posture is known without any drift."""
    fleet = Fleet()
    fleet.record(PORTAL, {MODE: "Rolling"}, ago=timedelta(days=3))
    fresh = FakeWorld()
    fresh.azure, fresh.criteria = fleet.world.azure, fleet.world.criteria
    fresh.fleet, fresh.compute, fresh.clock = fleet.world.fleet, fleet.world.compute, fleet.world.clock
    fresh.scan()
    (state,) = fresh.store_view().current.values()
    assert state.last_change is not None
    assert (state.last_change.changed_by, state.outcomes["VMSS-083"]) == ("eve@contoso.com", "failed")


class TestPipelines:
    """A pipeline may switch the automatic OS image upgrade off while it runs."""

    def off(self, fleet: Fleet, who: Mapping[str, str] = TERRAFORM, ago: int = 20) -> None:
        fleet.set(FLAG, False)  # noqa: FBT003 - a value of Azure's
        fleet.record(who, {FLAG: "False"}, ago=timedelta(minutes=ago))

    def on(self, fleet: Fleet) -> None:
        fleet.set(FLAG, True)  # noqa: FBT003 - a value of Azure's
        fleet.record(TERRAFORM, {FLAG: "True"})

    def test_off_and_on_again_is_one_neutral_event(self) -> None:
        """The first scan tells nothing and opens nothing; the second tells both changes in one event."""
        fleet = Fleet()
        self.off(fleet)
        fleet.world.scan()
        assert fleet.rows() == []
        self.on(fleet)
        told = fleet.scan()
        assert list(told) == ["automatic_os_upgrade"]
        row = told["automatic_os_upgrade"]
        assert (row["Direction"], row["Before"], row["After"]) == ("neutral", "true", "true")
        assert [each["ChangedAt"][11:16] for each in row["Changes"]] == ["07:40", "08:40"]
        assert "switched off" in row["Summary"]
        assert fleet.scan() == {}
        assert fleet.state.hold is None

    def test_still_off_after_one_scan_is_told_with_who(self) -> None:
        """The weakening, the headline and the finding are told by the second scan."""
        fleet = Fleet()
        self.off(fleet)
        assert fleet.scan() == {}
        fleet.world.scan()
        rows = fleet.rows()
        assert [row["ChangedBy"] for row in rows if row["EventType"] == "posture.drifted"] == [PIPELINE] * 2
        assert "VMSS-001" in [row.get("RuleId") for row in rows if row["EventType"] == "finding.opened"]

    def test_everything_else_is_told_at_once(self) -> None:
        """Another change of the same run is not held."""
        fleet = Fleet()
        self.off(fleet)
        fleet.set(MODE, "Manual")
        assert list(fleet.scan()) == ["upgrade_mode"]

    @pytest.mark.parametrize(
        ("who", "ago"),
        [
            pytest.param(PORTAL, 20, id="a person"),
            pytest.param({**TERRAFORM, "changedBy": "another"}, 20, id="an application that is not listed"),
            pytest.param(SYSTEM, 20, id="the platform"),
            pytest.param(TERRAFORM, 70, id="older than one scan interval"),
        ],
    )
    def test_nothing_else_is_held(self, who: Mapping[str, str], ago: int) -> None:
        """A weakening by anyone but a listed pipeline, or an old one, is told at once."""
        fleet = Fleet()
        self.off(fleet, who, ago)
        assert "automatic_os_upgrade" in fleet.scan()

    def test_a_change_without_a_record_is_not_held(self) -> None:
        """It may be anybody's."""
        fleet = Fleet()
        fleet.set(FLAG, False)  # noqa: FBT003 - a value of Azure's
        assert "automatic_os_upgrade" in fleet.scan()

    def test_a_scan_that_is_repeated_holds_it_still(self) -> None:
        """One scan is one scan, however often a queue delivers it."""
        fleet = Fleet()
        self.off(fleet)
        fleet.world.scan()
        fleet.world.scan_again()
        assert fleet.rows() == []

    def test_on_again_without_a_record_waits_for_a_second_look(self) -> None:
        """An old answer of Resource Graph would say the same: nothing is told before it is seen twice."""
        fleet = Fleet()
        self.off(fleet)
        fleet.world.scan()
        fleet.set(FLAG, True)  # noqa: FBT003 - a value of Azure's
        assert fleet.scan() == {}
        row = fleet.scan()["automatic_os_upgrade"]
        assert [each["Attribution"] for each in row["Changes"]] == ["known", "not known"]


def test_a_scan_that_is_repeated_waits_for_the_same_record() -> None:
    """Also where a fact is held back meanwhile: what was told differs no more, and is still looked for; nothing is written."""
    fleet = Fleet()
    batch = "properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent"
    for percent in (100, 20):
        fleet.set(batch, percent)
        fleet.scan()
    fleet.world.azure.faults.compute_is_silent = True
    fleet.set(batch, 100)
    fleet.set(MODE, "Manual")
    told = fleet.scan()
    assert "upgrade_mode" in told
    assert "max_batch_instance_percent" not in told
    before = fleet.state
    assert {"upgrade_mode", "max_batch_instance_percent"} <= set(before.last_change.fields)
    fleet.world.scan_again()
    assert fleet.state == before


class TestPeople:
    """How people are named."""

    @pytest.mark.parametrize("naming", [Naming.PSEUDONYM, Naming.NONE])
    def test_no_name_leaves_the_reading(self, naming: Naming) -> None:
        """Neither state nor event nor finding holds it; the id of a pipeline stays."""
        fleet = Fleet()
        fleet.policy(changed_by=naming)
        fleet.set(MODE, "Manual")
        fleet.record(PORTAL, {MODE: "Manual"})
        told = columns(fleet.scan()["upgrade_mode"])[1]
        assert told == "" if naming is Naming.NONE else told.startswith("pseudonym:")
        kept = [row.row.body for row in fleet.world.store.load()] + [repr(fleet.world.received.rows)]
        assert not any("eve@contoso.com" in text for text in kept)
        assert fleet.outcome == "failed"
        fleet.set(MODE, "Rolling")
        fleet.record(TERRAFORM, {MODE: "Rolling"})
        assert columns(fleet.scan()["upgrade_mode"])[1] == PIPELINE
        assert fleet.outcome == "passed"

    def test_a_pseudonym_is_the_same_for_the_same_person_here_and_no_one_elses(self) -> None:
        """The random value is made once, kept in the store, and in nothing that is sent."""
        told = []
        for _ in range(2):
            fleet = Fleet()
            fleet.policy(changed_by=Naming.PSEUDONYM)
            for mode in ("Manual", "Automatic"):
                fleet.set(MODE, mode)
                fleet.record(PORTAL, {MODE: mode})
                told.append(columns(fleet.scan()["upgrade_mode"])[1])
            key = fleet.world.store.get_record(PSEUDONYMS)
            assert key is not None
            assert key not in repr(fleet.world.received.rows)
        assert told[0] == told[1] != told[2] == told[3]

    @pytest.mark.parametrize("value", ["", "null", "[]", "5", "0" * 63, "0" * 65, "\x00", "0" * 64 + "\n"])
    def test_a_damaged_random_value_is_set_aside(self, value: str) -> None:
        """It is told, and not made anew: pseudonyms that are kept stay, and no name is replaced by another pseudonym."""
        fleet = Fleet()
        fleet.policy(changed_by=Naming.PSEUDONYM)
        fleet.set(MODE, "Manual")
        fleet.record(PORTAL, {MODE: "Manual"})
        told = columns(fleet.scan()["upgrade_mode"])[1]
        assert told.startswith("pseudonym:")
        store = fleet.world.store
        key = store.get_record(PSEUDONYMS)
        assert key is not None
        store.put_records({PSEUDONYMS: value})
        result = fleet.world.scan()
        assert (result.failure, result.record.status) == (None, "partial")
        assert f"record {PSEUDONYMS} cannot be read" in result.record.error
        assert [each.key for each in find_damage(store)] == [f"record:{PSEUDONYMS}"]
        assert fleet.state.last_change.changed_by == told
        fleet.set(MODE, "Automatic")
        fleet.record(PORTAL, {MODE: "Automatic"})
        assert columns(fleet.scan()["upgrade_mode"]) == ("known", "", "Azure Portal")
        assert store.get_record(PSEUDONYMS) == value
        store.put_records({PSEUDONYMS: key})
        fleet.set(MODE, "Rolling")
        fleet.record(PORTAL, {MODE: "Rolling"})
        assert columns(fleet.scan()["upgrade_mode"])[1] == told
        assert not any("eve@contoso.com" in row.row.body for row in store.load())

    def test_a_damaged_random_value_that_is_dropped_is_made_anew(self) -> None:
        """That is for an operator to decide: from then on everybody has another pseudonym."""
        fleet = Fleet()
        fleet.policy(changed_by=Naming.PSEUDONYM)
        fleet.scan()
        store = fleet.world.store
        store.put_records({PSEUDONYMS: ""})
        assert fleet.world.scan().record.status == "partial"
        assert drop(store, "record", PSEUDONYMS, fleet.world.clock)
        assert fleet.world.scan().record.status == "complete"
        assert list(find_damage(store)) == []
        assert store.get_record(PSEUDONYMS)

    @pytest.mark.parametrize("naming", [Naming.NAME, Naming.NONE])
    def test_a_damaged_random_value_that_nobody_needs_is_listed_alone(self, naming: Naming) -> None:
        """A policy without pseudonyms has whole scans."""
        fleet = Fleet()
        fleet.policy(changed_by=naming)
        fleet.world.store.put_records({PSEUDONYMS: "x"})
        assert fleet.world.scan().record.status == "complete"
        assert [each.key for each in find_damage(fleet.world.store)] == [f"record:{PSEUDONYMS}"]

    def test_a_change_of_the_policy_takes_names_out_of_the_state(self) -> None:
        """What was kept under the name is kept under the pseudonym after the next scan, in findings too."""
        fleet = Fleet()
        fleet.set(MODE, "Manual")
        fleet.record(PORTAL, {MODE: "Manual"})
        fleet.scan()
        assert any("eve@contoso.com" in row.row.body for row in fleet.world.store.load())
        fleet.policy(changed_by=Naming.PSEUDONYM)
        assert fleet.scan() == {}
        assert not any("eve@contoso.com" in row.row.body for row in fleet.world.store.load())


@pytest.mark.parametrize("certainty", [each for each in Certainty if each is not Certainty.PENDING])
@pytest.mark.parametrize("changes", [None, {}], ids=["not read", "none"])
def test_what_is_settled_joins_a_row_as_it_was_written(certainty: Certainty, changes: Any) -> None:
    """The shorter way answers what the longer one does, letter for letter: else every scale set is judged again."""
    one = Attribution(certainty=Certainty.KNOWN, changed_at=iso(START), changed_by="eve@contoso.com", fields=("mode",))
    kept = attribution.body_of(replace(one, certainty=certainty, others=(one,), before=one))
    source = ChangeSource(changes=changes, people=People(naming=Naming.NAME), moment=iso(START))
    joined = source.joined({"id": WEB}, Glance(kept={NAME: kept}))
    longer = attribution.last_change(attribution.read(kept), None if changes is None else (), (), iso(START))
    assert json.dumps(joined) == json.dumps(attribution.body_of(longer))


def test_the_policy_is_read_from_its_file() -> None:
    """By default people are named as Azure names them, and no pipeline is listed."""
    policy = read_criteria(None, None, START).policy
    assert (policy.changed_by, policy.pipelines) == (Naming.NAME, frozenset())
