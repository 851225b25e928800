"""Versions of images, compared as numbers: Azure's own lists sort them as text, 8.9 after 8.10.

A version of a platform image or of a gallery is whole numbers with dots between. Recorded ones have leading zeros
(``16.04.202004290``) and parts above 2^31. https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries.
"""

from collections.abc import Iterable
from functools import lru_cache

LONGEST_VERSION = 128
"""Characters of the longest text that is read as a version."""

type VersionKey = tuple[int, ...]
"""What orders versions: their numbers, without zeros at the end, so that ``1.2`` and ``1.2.0`` are the same version."""


def version_key(version: str) -> VersionKey | None:
    """Read a version; ``None``: it is not one, such as ``latest``, and cannot be compared."""
    return None if len(version) > LONGEST_VERSION else _numbers(version)


@lru_cache(maxsize=4_096)  # a fleet runs few versions, and compares them for every scale set
def _numbers(version: str) -> VersionKey | None:
    parts = version.split(".")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    while numbers and numbers[-1] == 0:
        del numbers[-1]
    return tuple(numbers)


def is_older(version: str, other: str) -> bool | None:
    """Say whether ``version`` comes before ``other``; ``None``: one of them is no version."""
    key, other_key = version_key(version), version_key(other)
    return None if key is None or other_key is None else key < other_key


def newest_of(versions: Iterable[str]) -> str | None:
    """Choose the newest version of a whole list, in any order; texts that are no version are passed over.

    Of two spellings of one version the first in text order is chosen, so that the order of the list does not matter.
    """
    read = {version: key for version in versions if (key := version_key(version)) is not None}
    newest = max(read.values(), default=())
    return min((version for version, key in read.items() if key == newest), default=None)
