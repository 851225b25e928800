"""Platform images in use: their versions in each region, asked for when due and remembered in the store."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scanner.errors import CallFailure, UnreadableError
from scanner.facts.depth import NOT_READ, Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.images import Availability, NewestImage, PlatformImage, VersionStatus, old_since
from scanner.facts.posture import Image, ImageSource
from scanner.facts.resource_id import parse_resource_id
from scanner.ports.images import Images, PlatformOffer
from scanner.ports.store import Damage
from scanner.reading.image_rows import edge_zone_of, image_of, region, version_names, version_status
from scanner.scan.asking import Asking, asking_of
from scanner.scan.depth import Merge
from scanner.scan.last_row import LastRow
from scanner.scan.underway import Scan
from scanner.state.glance import Glance
from scanner.state.images_seen import (
    RECORD,
    ImagesSeen,
    SeenImage,
    first_seen,
    read_images_seen,
)
from scanner.state.kept_images import write_newest
from scanner.state.state import ScaleSetState
from scanner.times import iso

type ImageOf = Callable[[Mapping[str, object]], Image | None]

LIST_KEPT = timedelta(hours=6)
"""How long a list of versions is taken as current, at least; lists come due over as long again, not all at once."""


@dataclass(frozen=True, slots=True)
class _InUse:
    """What a row uses: the image in its place, by the key under which it is remembered."""

    key: str
    offer: PlatformOffer
    image: Image


class PlatformImages:
    """The source of ``Depth.newest`` and ``Depth.platform_image``.

    One list for each image and region in use, whatever the number of scale sets; the answers outlive the scan. A scan
    that gets no answer goes on with what is remembered.
    """

    name = "platform_image"

    def __init__(
        self, images: Images, asking: Asking, moment: datetime, seen: ImagesSeen, image_of: ImageOf = image_of
    ) -> None:
        self._in_use = LastRow(lambda row: _in_use(row, image_of))
        self._images = images
        self._asking = asking
        self._moment = moment
        self._seen = seen
        self._asked: set[str] = set()

    def joined(self, row: Mapping[str, object], _known: Glance | None) -> JsonValue:
        """Answer the versions that were newest, and what is said of those that new instances get."""
        used = self._in_use(row)
        seen = None if used is None else self._current(used)
        if used is None or seen is None:
            return None
        old = old_since(datetime.fromisoformat(seen.read_at), self._moment)
        return [
            seen.newest,
            None if old is None else iso(old),
            [[each.version, None if each.since is None else iso(each.since), each.is_exact] for each in seen.offered],
            [
                [each.version, each.deprecation.value, None if each.scheduled_at is None else iso(each.scheduled_at)]
                for each in self._statuses(used, seen)
            ],
        ]

    def added(self, depth: Depth, row: Mapping[str, object], _known: ScaleSetState | None) -> Depth:
        """Fill in the newest version and the deprecation of a platform image."""
        used = self._in_use(row)
        seen = None if used is None else self._current(used)
        if used is None or seen is None:
            return depth
        read_at = datetime.fromisoformat(seen.read_at)
        place = used.key.partition("|")[0]
        return replace(
            depth,
            newest=NewestImage(
                name=used.image.name,
                source=ImageSource.PLATFORM,
                location=place,
                version=seen.newest,
                offered=seen.offered,
                availability=Availability.FIRST_SEEN,
                read_at=read_at,
            ),
            platform_image=PlatformImage(
                name=used.image.name,
                location=place,
                newest=seen.newest,
                statuses=self._statuses(used, seen),
                read_at=read_at,
            ),
        )

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Keep the newest version, for what is told of the scale set; what it rests on is in the record."""
        return write_newest(self.added(NOT_READ, row, known).newest)

    def records(self) -> Mapping[str, Merge]:
        """Answer the record of all images, if it changed."""
        if not self._seen.has_changed:
            return {}
        self._seen.has_changed = False
        return {RECORD: lambda stored: self._seen.with_stored(stored).to_json(self._moment)}

    def _current(self, used: _InUse) -> SeenImage | None:
        """Answer what is known of an image, after a look at Azure's list where that is due."""
        known = self._seen.images.get(used.key)
        if used.key in self._asked:
            return known
        self._asked.add(used.key)
        if known is not None and self._is_current(used.key, known):
            return known
        items = self._asking.ask(lambda: self._images.platform_versions(used.offer))
        if items is None or isinstance(items, CallFailure):
            return known
        names = version_names(items)
        if len(names) != len(items):
            return known  # a list of which a part cannot be read is no whole list
        statuses = [status for item in items if (status := version_status(item)) is not None]
        seen = (
            first_seen(names, (), self._moment) if known is None else known.after(names, known.statuses, self._moment)
        )
        wanted = {seen.newest, used.image.version, *[each.version for each in seen.statuses]}
        seen = replace(seen, statuses=tuple([each for each in statuses if each.version in wanted]))
        self._seen.put(used.key, seen)
        return seen

    def _statuses(self, used: _InUse, seen: SeenImage) -> tuple[VersionStatus, ...]:
        """Answer what is said of the version that new instances get; where the list said nothing, ask for it alone."""
        wanted = seen.newest if used.image.version in {None, "latest"} else used.image.version
        if wanted is None:
            return ()
        found = [each for each in seen.statuses if each.version == wanted]
        question = f"{used.key}|{wanted}"
        if not found and question not in self._asked and self._is_fresh(seen):
            self._asked.add(question)
            status = version_status(self._asking.ask(lambda: self._images.platform_version(used.offer, wanted)))
            if status is not None and status.version == wanted:
                found = [status]
                self._seen.put(used.key, self._seen.images[used.key].with_status(status))
        return tuple(found)

    def _is_fresh(self, seen: SeenImage) -> bool:
        """Whether the list was read in this scan: then what it left out is asked for, and not in every scan again."""
        return seen.read_at == iso(self._moment)

    def _is_current(self, key: str, known: SeenImage) -> bool:
        spread = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) / 2**32
        age = self._moment - datetime.fromisoformat(known.read_at)
        return timedelta(0) <= age < LIST_KEPT * (1 + spread)


def read_platform_images(scan: Scan, images: Images, image_of: ImageOf = image_of) -> PlatformImages:
    """Read what is remembered of platform images. A record that cannot be read is set aside, and nothing is remembered."""
    text = scan.ports.store.get_record(RECORD)
    try:
        seen = read_images_seen(text)
    except UnreadableError as error:
        scan.view.set_aside(Damage(kind="record", name=RECORD, why=str(error)))
        seen = ImagesSeen()
    return PlatformImages(images, asking_of(scan), scan.request.moment, seen, image_of)


def _in_use(row: Mapping[str, object], image_of: ImageOf) -> _InUse | None:
    image = image_of(row)
    if image is None or image.source is not ImageSource.PLATFORM:
        return None
    found, location, zone = parse_resource_id(row.get("id")), region(row.get("location")), edge_zone_of(row)
    parts = image.name.split("/")
    if found is None or location is None or zone is None or len(parts) != 3:
        return None
    publisher, offer, sku = parts
    place = f"{location}/{zone}" if zone else location
    return _InUse(
        key=f"{place}|{image.name}",
        offer=PlatformOffer(
            subscription_id=found.subscription,
            location=location,
            edge_zone=zone,
            publisher=publisher,
            offer=offer,
            sku=sku,
        ),
        image=image,
    )
