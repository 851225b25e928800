"""The image of the model, from the five forms in which Azure writes it."""

import re
from collections.abc import Mapping

from scanner.facts.arm_paths import IMAGE, VHD
from scanner.facts.posture import Image, ImageSource
from scanner.reading.azure_values import Block, as_reported, is_blank, is_expression, optional, text
from scanner.reading.reader import Reader

_SEGMENT = r"[^/]+"
_GROUP = rf"subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}/providers/microsoft\.compute"
_VERSIONED = rf"/images/{_SEGMENT})(?:/versions/(?P<version>{_SEGMENT}))?"
_FORMS: Mapping[ImageSource, re.Pattern[str]] = {
    ImageSource.GALLERY: re.compile(rf"(?P<name>(?P<owner>{_GROUP}/galleries/{_SEGMENT}){_VERSIONED}"),
    ImageSource.SHARED_GALLERY: re.compile(rf"(?P<name>sharedgalleries/(?P<owner>{_SEGMENT}){_VERSIONED}"),
    ImageSource.COMMUNITY_GALLERY: re.compile(rf"(?P<name>communitygalleries/(?P<owner>{_SEGMENT}){_VERSIONED}"),
}
_MANAGED = re.compile(rf"{_GROUP}/images/{_SEGMENT}")
_MARKETPLACE = re.compile(
    rf"subscriptions/{_SEGMENT}/providers/microsoft\.compute/locations/{_SEGMENT}/publishers/(?P<publisher>{_SEGMENT})/"
    rf"artifacttypes/vmimage/offers/(?P<offer>{_SEGMENT})/skus/(?P<sku>{_SEGMENT})(?:/versions/(?P<version>{_SEGMENT}))?"
)
_CANONICAL = "canonical"
_IDS = ("id", "sharedGalleryImageId", "communityGalleryImageId")
_KEYS = (*_IDS, "publisher", "offer", "sku", "version")


class ReadImage:
    """The image of a storage profile; what was reported is noted without the query of an address: it may be a key.

    https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets#imagereference.
    """

    __slots__ = ("image", "is_canonical")

    def __init__(self, storage: Block | None, reader: Reader) -> None:
        self.image: Image | None = None
        self.is_canonical: bool | None = None
        reference = optional(storage, "imageReference")
        vhd = optional(optional(storage, "osDisk"), "image")
        if reference is not None:
            kept = {key: as_reported(value) for key in _KEYS if (value := reference.get(key)) is not None}
            if kept:
                reader.note(IMAGE, kept)
        if reference is None or vhd is None:
            return
        if not is_blank(vhd.get("uri")):
            self.image = _from_vhd(vhd["uri"], reader)
            self.is_canonical = False
            return
        identifier = _first_id(reference)
        self.image = _from_publisher(reference) if identifier == "" else _from_id(identifier)
        self.is_canonical = _is_canonical(self.image, identifier, reference)


def _first_id(reference: Block) -> str | None:
    """Find the id of the image in lower case, without outer slashes; empty: there is none, ``None``: it was not read.

    ``id`` goes before those of galleries, and of those one that was not read makes the image unread.
    """
    given = [reference.get(name) for name in _IDS if not is_blank(reference.get(name))]
    if not given:
        return ""
    deciding = given[:1] if not is_blank(reference.get("id")) else given
    read = [text(value) for value in deciding]
    first = read[0]
    return None if first is None or None in read else first.lower().strip("/")


def _from_publisher(reference: Block) -> Image | None:
    publisher, offer, sku = (text(reference.get(key)) for key in ("publisher", "offer", "sku"))
    if publisher is None or offer is None or sku is None:
        return None
    return _platform(publisher.lower(), offer.lower(), sku.lower(), text(reference.get("version")))


def _platform(publisher: str, offer: str, sku: str, version: str | None) -> Image:
    return Image(
        source=ImageSource.PLATFORM,
        name=f"{publisher}/{offer}/{sku}",
        version=None if version is None else version.lower(),
        owner=publisher,
    )


def _from_id(identifier: str | None) -> Image | None:
    if identifier is None:
        return None
    for source, form in _FORMS.items():
        if match := form.fullmatch(identifier):
            version = match["version"] or "latest"
            return Image(source=source, name=f"/{match['name']}", version=version, owner=_owner(source, match["owner"]))
    if match := _MARKETPLACE.fullmatch(identifier):
        return _platform(match["publisher"], match["offer"], match["sku"], match["version"])
    if _MANAGED.fullmatch(identifier):
        return Image(source=ImageSource.MANAGED_IMAGE, name=f"/{identifier}")
    return None


def _owner(source: ImageSource, owner: str) -> str:
    """Name the gallery as a policy does: a resource id begins with a slash, a unique name does not."""
    return f"/{owner}" if source is ImageSource.GALLERY else owner


def _is_canonical(image: Image | None, identifier: str | None, reference: Block) -> bool | None:
    """Say whether the image is Canonical's; a publisher that can be read decides where the image was not."""
    if image is not None:
        return image.source is ImageSource.PLATFORM and image.owner == _CANONICAL
    if identifier:
        return False
    publisher = text(reference.get("publisher"))
    return None if publisher is None else publisher.lower() == _CANONICAL


def _from_vhd(uri: object, reader: Reader) -> Image | None:
    if not isinstance(uri, str) or is_expression(uri):
        return None
    address = re.split(r"[?#]", uri, maxsplit=1)[0]
    reader.note(VHD, address)
    return Image(source=ImageSource.VHD, name=address)
