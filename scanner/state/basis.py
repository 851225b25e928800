"""What a state rests on: when none of it has changed, judging again would conclude the same, and is left out.

A row's basis is in its state. What all rows share (criteria, release and day) is one stamp per subscription, kept with
the coverage, so that a new day does not write every row.
"""

import json
from dataclasses import asdict
from hashlib import blake2b

from scanner.facts.evidence import JsonValue
from scanner.rules.criteria import Criteria
from scanner.state.compact import compact_bytes
from scanner.state.glance import Glance
from scanner.state.group_owner import GroupOwner


def basis_of(row: object, owner: GroupOwner, joined: JsonValue = None) -> str:
    """Digest a row as it was received and what is joined to it. Empty: it has no basis.

    That is the owner of its group, and in ``joined`` what was read beside the row.

    A row that came in another order has another basis; that costs a judgement and changes no answer.
    """
    if owner.claim is not None:
        return ""
    try:
        text = compact_bytes([row, owner.believed, joined])
    except (ValueError, TypeError, RecursionError):
        return ""
    return blake2b(text, digest_size=16).hexdigest()


def stamp_of(criteria: Criteria, service_version: str) -> str:
    """Digest what all rows are judged by: policy and exemptions, published lists, release, and the day (UTC)."""
    published = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(criteria.published).items()
    }
    told = [criteria.version, published, service_version, criteria.day.isoformat()]
    return blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


def stands(known: Glance, basis: str, moment: str) -> bool:
    """Tell whether a state would be concluded again from the same basis at ``moment``, under the same stamp.

    One that was missed or removed, or waits for a second answer, is always judged.
    """
    return (
        bool(basis)
        and known.basis == basis
        and known.removed_at is None
        and known.missed_scans == 0
        and not known.is_claimed
        and known.owner_claim is None
        and (not known.due_at or moment < known.due_at)
    )
