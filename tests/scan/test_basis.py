"""A scale set is judged again when anything that its state rests on has changed, and only then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from scanner.adapters.stores.memory_store import MemoryStore
from scanner.errors import StateTooLargeError, StoreError
from scanner.judging.judge import Judgement
from scanner.ports.store import StateWrite
from scanner.rules.criteria import Criteria, PublishedLists
from scanner.state.basis import stamp_of, stands
from scanner.state.coverage import RECORD, read_coverage
from scanner.state.glance import glance_of
from scanner.state.state import Claim
from tests.fakes.world import START, FakeWorld
from tests.scale_sets import document, scale_set_id

HOUR = timedelta(hours=1)
GROUP_OWNER = "/subscriptions/x/resourceGroups/y/providers/Microsoft.ContainerService/managedClusters/z"


class Store(MemoryStore):
    """A store that counts the states that are written, refuses some as too large, and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0
        self.too_large: frozenset[str] = frozenset()
        self.fails_after: int | None = None

    def commit(self, writes: Sequence[StateWrite]) -> Mapping[str, str]:
        refused = self.too_large & {write.row.key for write in writes}
        if refused:
            raise StateTooLargeError("too large", keys=refused)
        versions = super().commit(writes)
        self.written += len(writes)
        if self.fails_after is not None and self.written >= self.fails_after:
            self.fails_after = None
            raise StoreError("The store is gone.")
        return versions


class Watched:
    """A fleet of two scale sets in a scan every hour; says which ones a scan judged."""

    def __init__(self) -> None:
        self.store = Store()
        self.world = FakeWorld(self.store)
        self.world.asks_about_rollouts = False
        self.world.asks_about_instances = False  # else a scale set is due once a day
        self.web, self.api = (scale_set_id(name).lower() for name in ("web", "api"))
        self.world.azure.put_subscription(self.web.split("/")[2], "shop")
        for name in ("web", "api"):
            self.world.azure.put_scale_set(document(name))
        self._judged: list[str] = []
        self.world.request = {"on_judged": self._take}

    def _take(self, judgement: Judgement) -> None:
        self._judged.append(judgement.posture.key)

    def scan(self, after: timedelta = HOUR) -> set[str]:
        """Scan, and name the scale sets that were judged."""
        self._judged.clear()
        self.world.scan(after=after)
        return set(self._judged)

    @property
    def group(self) -> str:
        return self.web.split("/")[4]

    @property
    def subscription(self) -> str:
        return self.web.split("/")[2]


@pytest.fixture
def fleet() -> Watched:
    """Answer a fleet that was scanned twice: nothing of it is judged any more."""
    watched = Watched()
    assert watched.scan() == {watched.web, watched.api}
    assert watched.scan() == set()
    return watched


def test_nothing_is_judged_or_written_where_nothing_changed(fleet: Watched) -> None:
    """A scan of a fleet at rest writes no state, and its record counts the scale sets as read."""
    written = fleet.store.written
    assert fleet.scan() == set()
    assert fleet.store.written == written
    assert fleet.world.scan().record.scale_sets_read == 2


def test_a_row_that_changed_is_judged_alone(fleet: Watched) -> None:
    """One scale set changed where no rule looks: it is judged and written once, the other is not."""
    fleet.world.azure.documents[fleet.web]["properties"]["anything"] = 1
    written = fleet.store.written
    assert fleet.scan() == {fleet.web}
    assert fleet.scan() == set()
    assert fleet.store.written == written + 1


def _owner(fleet: Watched) -> None:
    fleet.world.azure.put_group(fleet.subscription, fleet.group, managed_by=GROUP_OWNER)


def _policy(fleet: Watched) -> None:
    fleet.world.criteria = replace(fleet.world.criteria, version="another")


def _published(fleet: Watched) -> None:
    published = fleet.world.criteria.published
    fleet.world.criteria = replace(fleet.world.criteria, published=replace(published, platform_images=frozenset()))


def _unlisted(fleet: Watched) -> None:
    fleet.world.azure.faults.without_coverage_of = {fleet.subscription}


def _forced(fleet: Watched) -> None:
    fleet.world.request["is_full"] = True


def _missed(fleet: Watched) -> None:
    fleet.world.azure.faults.hidden = {fleet.web, fleet.api}
    fleet.world.scan()
    fleet.world.azure.faults.hidden = set()


INPUTS: Mapping[str, Callable[[Watched], object]] = {
    "the owner of the group": _owner,
    "policy or exemptions": _policy,
    "a published list": _published,
    "the list of subscriptions": _unlisted,
    "a forced judgement": _forced,
    "a scan that missed it": _missed,
}


@pytest.mark.parametrize("change", INPUTS.values(), ids=INPUTS.keys())
def test_everything_a_state_rests_on_brings_a_judgement(fleet: Watched, change: Callable[[Watched], object]) -> None:
    """Whatever else a judgement rests on changes: every scale set is judged."""
    change(fleet)
    assert fleet.scan() == {fleet.web, fleet.api}


def test_every_scale_set_is_judged_once_a_day(fleet: Watched) -> None:
    """The first scan of a day judges all, and writes nothing when all is as it was."""
    written = fleet.store.written
    assert fleet.scan(timedelta(days=1)) == {fleet.web, fleet.api}
    assert fleet.scan() == set()
    assert fleet.store.written == written


def test_a_clock_that_went_back_judges_all(fleet: Watched) -> None:
    """States that were judged at a later moment than this one are judged again."""
    assert fleet.scan(-HOUR / 2) == {fleet.web, fleet.api}


def test_every_input_of_the_stamp_counts() -> None:
    """Each published list and its date, the version, the release and the day make another stamp; the hour does not."""
    criteria = FakeWorld().criteria
    stamp = stamp_of(criteria, "1")
    lists: dict[str, object] = {
        each.name: "other" if each.name.endswith("_date") else frozenset({"other"}) for each in fields(PublishedLists)
    }
    others = [
        replace(criteria, published=replace(criteria.published, **{name: value}))  # type: ignore[arg-type]
        for name, value in lists.items()
    ]
    others += [replace(criteria, version="other"), criteria.at(START + timedelta(days=1))]
    stamps = [stamp_of(each, "1") for each in others] + [stamp_of(criteria, "2"), stamp]
    assert len(set(stamps)) == len(stamps)
    assert stamp_of(criteria.at(START + HOUR), "1") == stamp
    assert {each.name for each in fields(Criteria)} == {
        "policy",
        "exemptions",
        "published",
        "own",  # in the version, as policy and exemptions are
        "version",
        "moment",
    }


def test_a_scan_that_ends_half_way_leaves_no_stamp_of_the_one_before(fleet: Watched) -> None:
    """Another policy, a scan that fails after its first write, and the first policy again: all are judged again."""
    criteria = fleet.world.criteria
    fleet.world.criteria = replace(criteria, version="another")
    fleet.world.azure.documents[fleet.web]["properties"]["anything"] = 1
    fleet.store.fails_after = fleet.store.written + 1
    fleet.scan()
    assert read_coverage(fleet.store.get_record(RECORD)).stamped == frozenset()
    fleet.world.criteria = criteria
    assert fleet.scan() == {fleet.web, fleet.api}


def test_a_state_that_could_not_be_written_leaves_its_subscription_without_a_stamp(fleet: Watched) -> None:
    """A state that is too large stays as another judgement left it: it is judged, and told, by every scan."""
    fleet.world.azure.documents[fleet.web]["properties"]["anything"] = 1
    fleet.store.too_large = frozenset({fleet.web})
    for _ in range(2):
        fleet.scan()
        assert read_coverage(fleet.store.get_record(RECORD)).stamped == frozenset()
    fleet.store.too_large = frozenset()
    assert fleet.scan() == {fleet.web, fleet.api}
    assert fleet.scan() == set()


DUE = "2026-11-10T00:00:00.000Z"
NEVER_LEFT_OUT: Mapping[str, Mapping[str, object]] = {
    "another basis": {"basis": "another"},
    "no basis": {"basis": ""},
    "due at this moment": {"due_at": DUE},
    "due before": {"due_at": "2026-11-09T23:00:00.000Z"},
    "missed": {"missed_scans": 1},
    "a tombstone": {"removed_at": DUE},
    "a claim": {"claim": Claim("f", "scan-1")},
    "a claim of an owner": {"owner_claim": Claim("f", "scan-1")},
}


@pytest.mark.parametrize("change", NEVER_LEFT_OUT.values(), ids=NEVER_LEFT_OUT.keys())
def test_what_is_due_or_in_doubt_never_stands(fleet: Watched, change: Mapping[str, object]) -> None:
    """A state whose time has come, that was missed or removed, or that waits for a second answer is judged again."""
    known = replace(fleet.world.store_view().current[fleet.web], due_at="2026-11-10T00:00:00.001Z")
    assert stands(glance_of(known), known.basis, DUE)
    assert not stands(glance_of(replace(known, **change)), known.basis, DUE)  # type: ignore[arg-type]
    assert not stands(glance_of(replace(known, basis="")), "", DUE)


def test_a_state_says_when_it_is_due(fleet: Watched) -> None:
    """The end of an exemption is the moment from which the state is judged again."""
    note = "rules=VMSS-001; until=2026-11-20; reason=r; owner=o"
    fleet.world.azure.documents[fleet.web].setdefault("tags", {})["upgrade-posture-exempt"] = note
    fleet.scan()
    fleet.scan()
    assert fleet.world.store_view().current[fleet.web].due_at == "2026-11-21T00:00:00.000Z"
