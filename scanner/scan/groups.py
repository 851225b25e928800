"""The groups of the fleet as a scan compares with them: as the scan before left them, and only those that a page needs.

A scan compares each scale set with what the scan before left of the others: so all scale sets of one page are judged
alike, whatever the order of the pages, and news that rests on two scale sets comes one scan after the later of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from scanner.facts.card import Card
from scanner.facts.depth import Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.groups import Groups, Place, placed
from scanner.facts.posture import Posture
from scanner.facts.tags import Tags
from scanner.ports.store import Damage
from scanner.scan.compared import Compared, begin_to_compare
from scanner.scan.depth import Changed
from scanner.scan.group_buckets import TOO_LARGE, Buckets, bucket_of
from scanner.scan.group_head import RECORD, Head, read_head
from scanner.state.glance import Glance
from scanner.state.state import ScaleSetState
from scanner.state.tally import CARD

if TYPE_CHECKING:
    from scanner.scan.underway import Scan

CLUSTERED = "cluster"
"""Where it keeps the endpoint of a Service Fabric cluster."""
TOO_MANY = (
    "Some applications have more differences between their scale sets than one record of the store can hold: those are not"
    " compared with each other."
)


@dataclass(slots=True)
class FleetSource:
    """What the last scan left of the other scale sets, as a source of depth."""

    scan: "Scan"
    application_tag: str
    digests: tuple[str, ...] | None
    """Of the buckets that the scan found; ``None``: there is nothing to compare with."""
    compared: Compared
    buckets: Buckets
    groups: Groups | None = None
    """The groups of the scale sets that are being worked on."""
    name: str = "fleet"

    def joined(self, row: Mapping[str, object], known: Glance | None) -> JsonValue:  # noqa: ARG002 - as every source
        """Answer nothing: one change would write all scale sets of an application (``scanner.scan.compared``)."""
        return None

    def differs(self, row: Mapping[str, object], known: Glance) -> bool:
        """Tell whether a group is other than what its scale sets were compared with: then they are judged again."""
        if self.digests is None or self.compared.is_whole:
            return False
        places = placed(self._application(row), str(known.kept.get(CLUSTERED, "")))
        return not all(self.compared.stands(place) for place in places)

    def prepare(self, changed: Sequence[Changed], rows: int) -> None:  # noqa: ARG002 - as every source
        """Read the groups of a page's scale sets."""
        self.groups = self.around([each.posture for each in changed])

    def around(self, postures: Iterable[Posture]) -> Groups | None:
        """Read the groups of some scale sets. What cannot be read is set aside, and written again in the end.

        Until then its scale sets are not compared; so their subscriptions get no stamp, and the next scan judges them again.
        """
        if self.digests is None:
            return None
        placed_in = [(place, each.subscription_id) for each in postures for place in self._places(each)]
        found, damage = self.buckets.groups(self.digests, {place for place, _ in placed_in})
        for each in damage:
            self.scan.view.set_aside(each)
            self.scan.groups_changed = True
        for place, subscription in placed_in:
            if found[place] is None and self.digests[bucket_of(place, len(self.digests))] != TOO_LARGE:
                self.scan.left_as_known.add(subscription)
            elif found[place] is None and TOO_MANY not in self.scan.not_read:
                self.scan.not_read.append(TOO_MANY)
        return Groups(found, is_whole=False)

    def due_at(self, changed: Changed) -> datetime | None:  # noqa: ARG002 - as every source
        """Say that it never has to ask again: a group that changed shows in ``differs``."""
        return None

    def added(self, depth: Depth, row: Mapping[str, object], known: ScaleSetState | None) -> Depth:  # noqa: ARG002 - as every source
        """Hand over the groups of the page: the card says which ones are its own."""
        return depth if self.groups is None else replace(depth, groups=self.groups)

    def _places(self, posture: Posture) -> Iterator[Place]:
        return placed((posture.tags.get(self.application_tag) or "").lower(), posture.cluster_endpoint)

    def _application(self, row: Mapping[str, object]) -> str:
        tags = row.get("tags")
        if not isinstance(tags, Mapping):
            return ""
        texts = {str(name): value for name, value in tags.items() if isinstance(value, str)}
        return Tags(texts).get(self.application_tag, "").lower()


def read_fleet(scan: "Scan") -> FleetSource:
    """Read what the scan before left of the fleet; what is not there, or cannot be read, is written by this scan."""
    head = read_head(scan.ports.store)
    if isinstance(head, Damage):
        scan.view.set_aside(head)
    scan.groups_changed = not isinstance(head, Head) or not head.is_current
    digests = head.found_by(scan.request.scan_id) if isinstance(head, Head) else None
    buckets = Buckets(scan.ports.store)
    compared = begin_to_compare(scan, digests, buckets)
    source = FleetSource(scan, scan.request.criteria.policy.tags.application, digests, compared, buckets)
    scan.groups_around = source.around
    return source


def kept_card(card: Card | None) -> dict[str, JsonValue]:
    """Answer what a state keeps of its card, and of it what is asked before the state is read whole."""
    if card is None:
        return {}
    return {CARD: card.to_json()} | ({CLUSTERED: card.cluster} if card.cluster else {})


def known_card(known: ScaleSetState | None) -> dict[str, JsonValue]:
    """Answer the same of the last known state."""
    beside = {} if known is None else known.beside
    return {name: value for name, value in beside.items() if name in (CARD, CLUSTERED)}


def note_changes(scan: "Scan", states: Iterable[ScaleSetState]) -> None:
    """Say, before states with another card are committed, that the groups are to be written again."""
    if scan.groups_changed:
        return
    if any(_has_another_card(scan, state) for state in states):
        scan.groups_changed = True
        head = read_head(scan.ports.store)
        if isinstance(head, Head):  # without one the groups are written again anyway
            records = {RECORD: replace(head, is_current=False).to_json()}
            scan.ports.store.put_records(records, holder=scan.request.scan_id)


def _has_another_card(scan: "Scan", state: ScaleSetState) -> bool:
    before = scan.view.state_of(state.identity.key)
    old = None if before is None else before.beside.get(CARD)
    return old != (None if state.removed_at is not None else state.beside.get(CARD))
