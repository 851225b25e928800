"""The image of the model, from the four forms in which Azure writes it."""

import re
from collections.abc import Mapping

from scanner.facts.arm_paths import IMAGE, VHD
from scanner.facts.posture import Image, ImageSource
from scanner.reading.azure_values import Block, as_reported, is_blank, optional, text
from scanner.reading.reader import Reader

_SEGMENT = r"[^/]+"
_VERSIONED = rf"/images/{_SEGMENT})(?:/versions/(?P<version>{_SEGMENT}))?/?"
_GALLERY = re.compile(
    rf"(?P<name>(?P<owner>/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}/providers/microsoft\.compute/galleries/"
    rf"{_SEGMENT}){_VERSIONED}"
)
_SHARED = re.compile(rf"(?P<name>/sharedgalleries/(?P<owner>{_SEGMENT}){_VERSIONED}")
_COMMUNITY = re.compile(rf"(?P<name>/communitygalleries/(?P<owner>{_SEGMENT}){_VERSIONED}")
_MANAGED = re.compile(
    rf"/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}/providers/microsoft\.compute/images/{_SEGMENT}/?"
)
_FORMS: Mapping[ImageSource, re.Pattern[str]] = {
    ImageSource.GALLERY: _GALLERY,
    ImageSource.SHARED_GALLERY: _SHARED,
    ImageSource.COMMUNITY_GALLERY: _COMMUNITY,
}
_KEYS = ("id", "sharedGalleryImageId", "communityGalleryImageId", "publisher", "offer", "sku", "version")


def read_image(storage: Block | None, reader: Reader) -> Image | None:
    """Read the image of a storage profile; note what was reported, without the query of an address: it may be a key.

    https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets#imagereference.
    """
    reference = optional(storage, "imageReference")
    vhd = optional(optional(storage, "osDisk"), "image")
    if reference is None or vhd is None:
        return None
    kept = {key: as_reported(value) for key in _KEYS if (value := reference.get(key)) is not None}
    if kept:
        reader.note(IMAGE, kept)
    if not is_blank(vhd.get("uri")):
        return _from_vhd(vhd["uri"], reader)
    return _from_reference(reference)


def _from_reference(reference: Block) -> Image | None:
    for key in ("id", "sharedGalleryImageId", "communityGalleryImageId"):
        value = reference.get(key)
        if not is_blank(value):
            return _from_id(value.lower()) if isinstance(value, str) else None
    publisher, offer, sku = (text(reference.get(key)) for key in ("publisher", "offer", "sku"))
    if publisher is None or offer is None or sku is None:
        return None
    publisher = publisher.lower()
    version = text(reference.get("version"))
    return Image(
        source=ImageSource.PLATFORM,
        name=f"{publisher}/{offer.lower()}/{sku.lower()}",
        version=None if version is None else version.lower(),
        owner=publisher,
    )


def _from_id(identifier: str) -> Image | None:
    for source, form in _FORMS.items():
        if match := form.fullmatch(identifier):
            return Image(source=source, name=match["name"], version=match["version"] or "latest", owner=match["owner"])
    if _MANAGED.fullmatch(identifier):
        return Image(source=ImageSource.MANAGED_IMAGE, name=identifier.rstrip("/"))
    return None


def _from_vhd(uri: object, reader: Reader) -> Image | None:
    if not isinstance(uri, str):
        return None
    address = re.split(r"[?#]", uri, maxsplit=1)[0]
    reader.note(VHD, address)
    return Image(source=ImageSource.VHD, name=address)
