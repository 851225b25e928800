"""A glance at a state: the little of it that a scan needs to tell that the state stands, without reading it whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.facts.evidence import JsonValue
from scanner.state.state import Claim, ScaleSetState


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What is known of a scale set whose state was not read whole. Each field is as in ``ScaleSetState``."""

    basis: str = ""
    due_at: str = ""
    group_owner: str | None = None
    owner_claim: Claim | None = None
    is_claimed: bool = False
    """Whether an answer of Azure's waits for a second one (``claim``)."""
    missed_scans: int = 0
    missed_by: str | None = None
    removed_at: str | None = None
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    """What a source of depth needs of its last reading, by the name of the source; small, plain JSON."""


def glance_of(state: ScaleSetState) -> Glance:
    """Glance at a state that is at hand."""
    return Glance(
        basis=state.basis,
        due_at=state.due_at,
        group_owner=state.group_owner,
        owner_claim=state.owner_claim,
        is_claimed=state.claim is not None,
        missed_scans=state.missed_scans,
        missed_by=state.missed_by,
        removed_at=state.removed_at,
        kept=_kept_of(state),
    )


def _kept_of(state: ScaleSetState) -> Mapping[str, JsonValue]:
    """Choose what each source of depth asks of the last reading, before it says what a basis rests on."""
    return state.beside
