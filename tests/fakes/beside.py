"""What Azure holds beside the scale sets, as dictionaries: lists of image versions, and tables of Resource Graph."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scanner.errors import CallFailure, ReadFailedError
from scanner.ports.images import PlatformOffer, SharedImage
from scanner.ports.tables import Beside

NOT_FOUND = CallFailure(status=404, codes=("NotFound",), message="There is no such image.")
BROKEN = CallFailure(status=500, codes=("InternalServerError",), message="Told to fail.")


class FakeImages:
    """The ``Images`` port: lists that a test changes."""

    def __init__(self) -> None:
        self.platform: dict[str, list[Any]] = {}
        """By place and image, as ``westeurope|canonical/ubuntu/server`` or ``westeurope/losangeles|…``."""
        self.alone: dict[str, Any] = {}
        """Single versions, by the key of their list and their name; the others come out of the list."""
        self.shared: dict[str, list[Any]] = {}
        """By region, gallery and image, with slashes between."""
        self.definitions: dict[str, Any] = {}
        self.is_broken = False
        self.calls: list[str] = []

    def put_platform_version(self, place: str, name: str, version: str, **properties: Any) -> None:
        """Publish a version in a region."""
        self.platform.setdefault(f"{place}|{name}", []).append({"name": version, "properties": properties})

    def platform_versions(self, offer: PlatformOffer) -> Sequence[Any]:
        listed: Sequence[Any] = self._asked(self.platform, _key(offer))
        return listed

    def platform_version(self, offer: PlatformOffer, version: str) -> Any:
        key = _key(offer)
        if f"{key}|{version}" in self.alone:
            return self._asked(self.alone, f"{key}|{version}")
        found = {each["name"]: each for each in self.platform.get(key, [])}
        return self._asked({f"{key}|{name}": each for name, each in found.items()}, f"{key}|{version}")

    def shared_versions(self, image: SharedImage) -> Sequence[Any]:
        listed: Sequence[Any] = self._asked(self.shared, f"{image.location}/{image.gallery}/{image.image}".lower())
        return listed

    def shared_image(self, image: SharedImage) -> Any:
        return self._asked(self.definitions, f"{image.location}/{image.gallery}/{image.image}".lower())

    def _asked(self, known: Mapping[str, Any], key: str) -> Any:
        self.calls.append(key)
        if self.is_broken:
            raise ReadFailedError("Told to fail.", BROKEN)
        if key not in known:
            raise ReadFailedError("There is no such image.", NOT_FOUND)
        return copy.deepcopy(known[key])


def _key(offer: PlatformOffer) -> str:
    place = f"{offer.location}/{offer.edge_zone}" if offer.edge_zone else offer.location
    return f"{place}|{offer.publisher}/{offer.offer}/{offer.sku}"


class FakeTables:
    """The ``Tables`` port: rows that a test puts."""

    def __init__(self) -> None:
        self.kept: dict[Beside, list[dict[str, Any]]] = {}
        self.broken: set[Beside] = set()
        self.breaks_after_a_page: set[Beside] = set()
        self.calls: list[str] = []

    def put(self, what: Beside, *rows: dict[str, Any]) -> None:
        """Put rows into a table."""
        self.kept.setdefault(what, []).extend(rows)

    def rows(self, what: Beside, named: str = "") -> Iterator[Sequence[Mapping[str, Any]]]:
        self.calls.append(f"{what}:{named}" if named else what.value)
        if what in self.broken:
            raise ReadFailedError("Told to fail.", BROKEN)
        found = self.kept.get(what, [])
        if named:
            found = [row for row in found if f"/communitygalleries/{named.lower()}/" in str(row.get("id")).lower()]
        yield sorted(copy.deepcopy(found), key=lambda row: str(row.get("id")).lower())
        if what in self.breaks_after_a_page:
            raise ReadFailedError("The second page was not read.", BROKEN)
