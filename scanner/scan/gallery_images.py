"""Images of galleries in use: our own and community ones in bulk, directly shared ones one by one and rarely."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b

from scanner.errors import CallFailure, UnreadableError
from scanner.facts.depth import NOT_READ, Depth
from scanner.facts.evidence import JsonValue
from scanner.facts.images import GalleryImage, newest_of_gallery, old_since
from scanner.facts.posture import ImageSource
from scanner.facts.resource_id import parse_resource_id
from scanner.ports.images import SharedImage
from scanner.ports.store import Damage
from scanner.ports.tables import Beside
from scanner.reading.gallery_rows import GalleryRows, shared_image
from scanner.reading.image_rows import edge_zone_of, image_of, region
from scanner.scan.asking import asking_of
from scanner.scan.depth import Merge
from scanner.scan.last_row import LastRow
from scanner.scan.platform_images import ImageOf
from scanner.scan.underway import Scan
from scanner.state.galleries_seen import (
    RECORD,
    GalleriesSeen,
    SeenGalleryImage,
    facts_of,
    read_galleries_seen,
)
from scanner.state.glance import Glance
from scanner.state.kept_images import write_newest
from scanner.state.state import ScaleSetState
from scanner.times import iso

SHARED_KEPT = timedelta(hours=6)
"""How long an answer about a community or shared gallery is taken as current: Azure allows 200 lists in 30 minutes."""
MOST_SHARED = 50
"""Images of shared galleries that one scan asks about, two calls each; the others wait for the next scan."""


@dataclass(frozen=True, slots=True)
class _InUse:
    source: ImageSource
    name: str
    location: str
    edge_zone: str
    subscription_id: str

    @property
    def key(self) -> str:
        return self.name if self.source is ImageSource.GALLERY else f"{self.location}|{self.name}"


class GalleryImages:
    """The source of ``Depth.gallery_image``, and of ``Depth.newest`` for images of galleries."""

    name = "gallery_image"

    def __init__(self, scan: Scan, seen: GalleriesSeen, image_of: ImageOf = image_of) -> None:
        self._in_use = LastRow(lambda row: _in_use(row, image_of))
        self._tables = scan.ports.tables
        self._images = scan.ports.images
        self._asking = asking_of(scan)
        self._moment = scan.request.moment
        self._seen = seen
        self._own: dict[str, GalleryImage] | None = None
        self._asked: set[str] = set()
        self._shared_asked = 0
        self._digests: dict[str, str] = {}

    def joined(self, row: Mapping[str, object], _known: Glance | None) -> JsonValue:
        """Answer a digest of all that is known of the image, the same for all scale sets that use it."""
        used = self._in_use(row)
        image = None if used is None else self._current(used)
        if used is None or image is None:
            return None
        if used.key not in self._digests:
            text = json.dumps(facts_of(image), separators=(",", ":"))
            self._digests[used.key] = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        old = old_since(image.read_at, self._moment)
        return [self._digests[used.key], None if old is None else iso(old)]

    def added(self, depth: Depth, row: Mapping[str, object], _known: ScaleSetState | None) -> Depth:
        """Fill in the image and its newest version in the scale set's region."""
        used = self._in_use(row)
        image = None if used is None else self._current(used)
        if used is None or image is None:
            return depth
        # Which versions an edge zone has is told by other properties, which are not read.
        newest = None if used.edge_zone else newest_of_gallery(image, used.location)
        return replace(depth, gallery_image=image, newest=newest)

    def kept(self, row: Mapping[str, object], known: ScaleSetState | None) -> JsonValue:
        """Keep the newest version, for what is told of the scale set; what it rests on is in the record."""
        return write_newest(self.added(NOT_READ, row, known).newest)

    def records(self) -> Mapping[str, Merge]:
        """Answer the record of all images, if it changed."""
        if not self._seen.has_changed:
            return {}
        self._seen.has_changed = False
        return {RECORD: self._together_with}

    def _together_with(self, stored: str | None) -> str:
        self._digests.clear()
        return self._seen.with_stored(stored).to_json(self._moment)

    def _current(self, used: _InUse) -> GalleryImage | None:
        if used.key not in self._asked:
            self._asked.add(used.key)
            match used.source:
                case ImageSource.GALLERY:
                    self._look_at_own(used)
                case ImageSource.COMMUNITY_GALLERY:
                    self._look_at_community(used)
                case _:
                    self._look_at_shared(used)
        known = self._seen.images.get(used.key)
        return None if known is None else known.image

    def _look_at_own(self, used: _InUse) -> None:
        if self._own is None:
            rows = self._read(Beside.GALLERY_IMAGES)
            self._own = {} if rows is None else rows.images()
        image = self._own.get(used.key)
        if image is not None:  # one that is not there is not gone: the identity may not see its resource group
            self._seen.put(used.key, SeenGalleryImage(read_at=self._moment, image=image))

    def _look_at_community(self, used: _InUse) -> None:
        if self._is_current(used.key):
            return
        gallery = used.name.split("/")[2]
        if gallery in self._asked:
            return
        self._asked.add(gallery)
        rows = self._read(Beside.COMMUNITY_IMAGES, gallery)
        for key, image in {} if rows is None else rows.images().items():
            if key == used.key or key in self._seen.images:
                self._seen.put(key, SeenGalleryImage(read_at=self._moment, image=image))

    def _look_at_shared(self, used: _InUse) -> None:
        images = self._images
        if images is None or self._is_current(used.key) or self._shared_asked >= MOST_SHARED:
            return
        self._shared_asked += 1
        _, _, gallery, _, name = used.name.split("/")
        asked = SharedImage(subscription_id=used.subscription_id, location=used.location, gallery=gallery, image=name)
        items = self._asking.ask(lambda: images.shared_versions(asked))
        if isinstance(items, CallFailure):  # not shared with us: there is nothing to ask for again soon
            known = self._seen.images.get(used.key)
            self._seen.put(used.key, known or SeenGalleryImage(read_at=self._moment, image=None))
        elif items is not None:
            definition = self._asking.ask(lambda: images.shared_image(asked))
            image = shared_image(used.name, items, definition, self._moment)
            if image is not None:
                self._seen.put(used.key, SeenGalleryImage(read_at=self._moment, image=image))

    def _is_current(self, key: str) -> bool:
        known = self._seen.images.get(key)
        return known is not None and timedelta(0) <= self._moment - known.read_at < SHARED_KEPT

    def _read(self, what: Beside, named: str = "") -> GalleryRows | None:
        """Read a table whole; ``None``: it was not read, or not to its end."""
        tables, rows = self._tables, GalleryRows(self._moment)
        if tables is None:
            return None
        take = rows.take_own if what is Beside.GALLERY_IMAGES else rows.take_community

        def read() -> GalleryRows:
            for page in tables.rows(what, named):
                for row in page:
                    take(row)
            return rows

        answer = self._asking.ask(read)
        return answer if isinstance(answer, GalleryRows) else None


def read_gallery_images(scan: Scan, image_of: ImageOf = image_of) -> GalleryImages:
    """Read what is remembered of images of galleries. A record that cannot be read is set aside."""
    try:
        seen = read_galleries_seen(scan.ports.store.get_record(RECORD))
    except UnreadableError as error:
        scan.view.set_aside(Damage(kind="record", name=RECORD, why=str(error)))
        seen = GalleriesSeen()
    return GalleryImages(scan, seen, image_of)


def _in_use(row: Mapping[str, object], image_of: ImageOf) -> _InUse | None:
    image = image_of(row)
    galleries = (ImageSource.GALLERY, ImageSource.COMMUNITY_GALLERY, ImageSource.SHARED_GALLERY)
    if image is None or image.source not in galleries:
        return None
    found = parse_resource_id(row.get("id"))
    location, zone = region(row.get("location")), edge_zone_of(row)
    if found is None or location is None or zone is None:
        return None
    return _InUse(image.source, image.name, location, zone, found.subscription)
