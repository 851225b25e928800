"""The lists that Microsoft publishes, read from the package's data files."""

import json
from importlib.resources import files
from typing import Any

from scanner.rules.criteria import PublishedLists


def read_published_lists() -> PublishedLists:
    """Read all lists, with the dates of the pages they were taken from."""
    images = _read("platform-images.json")
    guests = _read("guest-patch-images.json")
    types = _read("extension-types.json")
    clients = _read("first-party-clients.json")
    return PublishedLists(
        platform_images=_names(images),
        platform_images_date=images["docs_date"],
        guest_patch_images=_names(guests),
        guest_patch_images_date=guests["docs_date"],
        extension_types=frozenset(f"{row['publisher']}/{row['type']}".lower() for row in types["types"]),
        extension_types_date=types["docs_date"],
        windows_zones={name.lower(): zone for name, zone in _read("windows-zones.json")["zones"].items()},
        first_party_clients=frozenset((row["id"].lower(), row["name"]) for row in clients["clients"]),
        first_party_clients_date=clients["docs_date"],
    )


def _names(images: dict[str, Any]) -> frozenset[str]:
    return frozenset(f"{row['publisher']}/{row['offer']}/{row['sku']}".strip().lower() for row in images["images"])


def _read(name: str) -> dict[str, Any]:
    return json.loads(files("scanner").joinpath("data", name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]
