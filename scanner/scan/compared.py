"""What states were compared with: the digests of groups under which every scale set of a group was judged last.

They are one record, and no part of a state's basis: where a group has changed, its scale sets are judged again, and only
those are written of which something else comes out.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from scanner.facts.groups import Place
from scanner.ports.store import StateStore

if TYPE_CHECKING:
    from scanner.scan.underway import Scan

RECORD = "groups.compared"

type Digests = Mapping[Place, str]


def read_compared(store: StateStore) -> dict[Place, str]:
    """Read the record. Without one, or where it is damaged, nothing was compared: all are judged."""
    with suppress(ValueError, TypeError, RecursionError):
        return {
            (str(kind), str(name)): str(digest) for kind, name, digest in json.loads(store.get_record(RECORD) or "[]")
        }
    return {}


def begin_to_compare(scan: "Scan", digests: Digests) -> dict[Place, str]:
    """Answer what all scale sets of a group were compared with, where that is what they are compared with now.

    Of other groups the record says nothing from here on: a scan may end half-way, and the next one may find the group as
    it was before.
    """
    compared = read_compared(scan.ports.store)
    standing = {place: digest for place, digest in compared.items() if digests.get(place) == digest}
    if len(standing) < len(compared):
        scan.ports.store.put_records({RECORD: to_json(standing)}, holder=scan.request.scan_id)
    scan.compares_anew = len(standing) < len(digests)
    return standing


def to_json(digests: Digests) -> str:
    """Write the record."""
    return json.dumps([[*place, digest] for place, digest in sorted(digests.items())], separators=(",", ":"))
