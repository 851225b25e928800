"""What is remembered of platform images: which versions were newest, since when, and what was said of them.

Azure tells the publication of a platform version nowhere, so the first time that this service sees one is kept.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from scanner.errors import UnreadableError
from scanner.facts.images import Deprecation, OfferedVersion, VersionStatus
from scanner.facts.versions import is_older, newest_of, version_key
from scanner.times import iso

RECORD = "images.platform"
KEPT_VERSIONS = 40
"""How many versions that were newest are remembered of an image."""
FORGOTTEN_AFTER = timedelta(days=90)
"""An image that no scale set used for so long is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenImage:
    """One platform image in one region."""

    read_at: str
    """When its list was read last (ISO 8601, UTC)."""
    newest: str | None
    """``None``: the region offers no version."""
    offered: tuple[OfferedVersion, ...] = ()
    """Versions that were newest when they were first seen, in the order of their numbers."""
    statuses: tuple[VersionStatus, ...] = ()

    def after(self, names: Iterable[str], statuses: Iterable[VersionStatus], at: datetime) -> "SeenImage":
        """Add a reading of the whole list: a version above all that were seen before is first seen now."""
        newest = newest_of(names)
        offered = self.offered
        if newest is not None and all(is_older(each.version, newest) for each in offered):
            offered = (*offered, OfferedVersion(version=newest, since=at))[-KEPT_VERSIONS:]
        elif newest is not None and all(_differs(each.version, newest) for each in offered):
            # One below what was newest came back as the newest, and was never the newest before.
            offered = tuple(sorted((*offered, OfferedVersion(version=newest, since=at)), key=_order))[-KEPT_VERSIONS:]
        return SeenImage(read_at=iso(at), newest=newest, offered=offered, statuses=tuple(statuses))

    def together_with(self, other: "SeenImage") -> "SeenImage":
        """Put together two answers about the image: the later one counts, and each version was first seen when it was."""
        if other == self:
            return self
        later, earlier = (self, other) if self.read_at >= other.read_at else (other, self)
        newest, statuses = later.newest, {each.version: each for each in (*earlier.statuses, *later.statuses)}
        if later.read_at == earlier.read_at:
            newest = newest_of([name for name in (later.newest, earlier.newest) if name is not None])
        first: dict[str, OfferedVersion] = {}
        for each in (*earlier.offered, *later.offered):
            known = first.get(each.version)
            first[each.version] = each if known is None or _since(each) < _since(known) else known
        return SeenImage(
            read_at=later.read_at,
            newest=newest,
            offered=tuple(sorted(first.values(), key=_order))[-KEPT_VERSIONS:],
            statuses=later.statuses
            if later.read_at != earlier.read_at
            else tuple([statuses[version] for version in sorted(statuses)]),
        )

    def with_status(self, status: VersionStatus) -> "SeenImage":
        """Add what was said of one version."""
        others = [each for each in self.statuses if each.version != status.version]
        return replace(self, statuses=tuple(sorted((*others, status), key=lambda each: each.version)))


def first_seen(names: Iterable[str], statuses: Iterable[VersionStatus], at: datetime) -> SeenImage:
    """Begin with an image: what is newest now was published at some moment before."""
    newest = newest_of(names)
    offered = () if newest is None else (OfferedVersion(version=newest, since=at, is_exact=False),)
    return SeenImage(read_at=iso(at), newest=newest, offered=offered, statuses=tuple(statuses))


@dataclass(slots=True)
class ImagesSeen:
    """All platform images in use, by region and name."""

    images: dict[str, SeenImage] = field(default_factory=dict)
    has_changed: bool = False

    def put(self, key: str, image: SeenImage) -> None:
        """Remember an image."""
        self.images[key] = image
        self.has_changed = True

    def with_stored(self, text: str | None) -> "ImagesSeen":
        """Take over what another part of the scan has stored meanwhile; a record that cannot be read is written anew."""
        with suppress(UnreadableError):
            for key, image in read_images_seen(text).images.items():
                own = self.images.get(key)
                self.images[key] = image if own is None else own.together_with(image)
        return self

    def to_json(self, at: datetime) -> str:
        """Write the record for the store, without what nobody used for long."""
        oldest = iso(at - FORGOTTEN_AFTER)
        kept = {key: image for key, image in sorted(self.images.items()) if image.read_at >= oldest}
        return json.dumps({"images": {key: _image_body(image) for key, image in kept.items()}}, separators=(",", ":"))


def read_images_seen(text: str | None) -> ImagesSeen:
    """Read the record that a scan left; without one, nothing was seen yet. Raises ``UnreadableError``."""
    if text is None:
        return ImagesSeen()
    try:
        return ImagesSeen({str(key): _image(body) for key, body in json.loads(text)["images"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise UnreadableError(f"it is not a record of images ({type(error).__name__}: {error})") from error


def _since(each: OfferedVersion) -> str:
    return "" if each.since is None else iso(each.since)


def _order(each: OfferedVersion) -> tuple[tuple[int, ...], str]:
    return version_key(each.version) or (), each.version


def _differs(version: str, other: str) -> bool:
    return version_key(version) != version_key(other)


def _image_body(image: SeenImage) -> dict[str, Any]:
    return {
        "read_at": image.read_at,
        "newest": image.newest,
        "offered": [
            [each.version, None if each.since is None else iso(each.since), each.is_exact] for each in image.offered
        ],
        "statuses": [
            [each.version, each.deprecation.value, None if each.scheduled_at is None else iso(each.scheduled_at)]
            for each in image.statuses
        ],
    }


def _image(body: Mapping[str, Any]) -> SeenImage:
    newest = body["newest"]
    return SeenImage(
        read_at=iso(datetime.fromisoformat(body["read_at"])),
        newest=None if newest is None else _text(newest),
        offered=tuple(
            [
                OfferedVersion(version=_text(version), since=_moment(since), is_exact=is_exact is True)
                for version, since, is_exact in body["offered"]
            ]
        ),
        statuses=tuple(
            [
                VersionStatus(version=_text(version), deprecation=Deprecation(state), scheduled_at=_moment(at))
                for version, state, at in body["statuses"]
            ]
        ),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of text")
    return value


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(_text(value))
