"""What is remembered of the images of galleries in use: the last answer about each, for scans that get none."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from scanner.errors import UnreadableError
from scanner.facts.images import GalleryImage, GalleryVersion
from scanner.facts.posture import ImageSource
from scanner.times import iso

RECORD = "images.galleries"
AGE_STEP = timedelta(hours=6)
"""An answer that says the same is written again when it is so much younger: its age is known to that."""
FORGOTTEN_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenGalleryImage:
    """What was answered about an image; ``image`` is ``None`` where we may not read it."""

    read_at: datetime
    image: GalleryImage | None


@dataclass(slots=True)
class GalleriesSeen:
    """All images of galleries in use, by region and name; those of our own galleries by name."""

    images: dict[str, SeenGalleryImage] = field(default_factory=dict)
    has_changed: bool = False

    def put(self, key: str, seen: SeenGalleryImage) -> None:
        """Remember an answer; one that says what is known already is only written when it is much younger."""
        known = self.images.get(key)
        self.images[key] = seen
        if known is None or seen.read_at - known.read_at >= AGE_STEP or not _says_the_same(known.image, seen.image):
            self.has_changed = True
        else:
            self.images[key] = replace(seen, read_at=known.read_at)

    def with_stored(self, text: str | None) -> "GalleriesSeen":
        """Take over what another part of the scan has stored meanwhile; a record that cannot be read is written anew."""
        with suppress(UnreadableError):
            for key, stored in read_galleries_seen(text).images.items():
                own = self.images.get(key)
                is_better = own is None or (own.image is None and stored.image is not None)
                if is_better or (own is not None and own.read_at < stored.read_at and stored.image is not None):
                    self.images[key] = stored
        return self

    def to_json(self, at: datetime) -> str:
        """Write the record for the store, without what nobody used for long."""
        kept = {key: seen for key, seen in sorted(self.images.items()) if seen.read_at >= at - FORGOTTEN_AFTER}
        return json.dumps(
            {"images": {key: [iso(seen.read_at), _body(seen.image)] for key, seen in kept.items()}},
            separators=(",", ":"),
        )


def read_galleries_seen(text: str | None) -> GalleriesSeen:
    """Read the record that a scan left; without one, nothing was seen yet. Raises ``UnreadableError``."""
    if text is None:
        return GalleriesSeen()
    try:
        return GalleriesSeen({str(key): _seen(*value) for key, value in json.loads(text)["images"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"it is not a record of galleries ({type(error).__name__}: {error})") from error


def facts_of(image: GalleryImage) -> list[Any]:
    """Write all that is known of an image but the time of reading, as plain JSON in a stable order."""
    return [
        image.name,
        image.source.value,
        _iso(image.end_of_life_at),
        image.has_definition,
        [
            [
                each.version,
                each.is_ready,
                _iso(each.published_at),
                each.excluded,
                None if each.regions is None else dict(sorted(each.regions.items())),
                each.tells_no_regions,
                _iso(each.end_of_life_at),
                each.soft_deleted,
                _iso(each.consumption_ends_at),
                None if each.violations is None else list(each.violations),
            ]
            for each in image.versions
        ],
    ]


def _says_the_same(known: GalleryImage | None, new: GalleryImage | None) -> bool:
    if known is None or new is None:
        return known is new
    return facts_of(known) == facts_of(new)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _body(image: GalleryImage | None) -> list[Any] | None:
    return None if image is None else facts_of(image)


def _seen(read_at: Any, body: Any) -> SeenGalleryImage:
    at = datetime.fromisoformat(read_at)
    return SeenGalleryImage(read_at=at, image=None if body is None else _image(body, at))


def _image(body: Any, read_at: datetime) -> GalleryImage:
    name, source, end_of_life_at, has_definition, versions = body
    return GalleryImage(
        name=_text(name),
        source=ImageSource(source),
        versions=tuple([_version(*each) for each in versions]),
        end_of_life_at=_moment(end_of_life_at),
        has_definition=has_definition is True,
        read_at=read_at,
    )


def _version(  # noqa: PLR0913, PLR0917 - the columns of a list
    version: Any,
    is_ready: Any,
    published_at: Any,
    excluded: Any,
    regions: Any,
    tells_no_regions: Any,
    end_of_life_at: Any,
    soft_deleted: Any,
    consumption_ends_at: Any,
    violations: Any,
) -> GalleryVersion:
    return GalleryVersion(
        version=_text(version),
        is_ready=_flag(is_ready),
        published_at=_moment(published_at),
        excluded=_flag(excluded),
        regions=None if regions is None else _regions(regions),
        tells_no_regions=tells_no_regions is True,
        end_of_life_at=_moment(end_of_life_at),
        soft_deleted=_flag(soft_deleted),
        consumption_ends_at=_moment(consumption_ends_at),
        violations=None if violations is None else tuple([_text(each) for each in violations]),
    )


def _regions(value: Mapping[str, Any]) -> Mapping[str, bool | None]:
    return {_text(name): _flag(excluded) for name, excluded in value.items()}


def _flag(value: Any) -> bool | None:
    if value not in {True, False, None} or isinstance(value, int | float) is not isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} in place of a flag")
    return None if value is None else bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of text")
    return value


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(_text(value))
