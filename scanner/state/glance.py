"""A glance at a state: the little of it that a scan needs to tell that the state stands, without reading it whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.facts.evidence import JsonValue
from scanner.state.attribution import body_of
from scanner.state.compact import compact, read_compact
from scanner.state.state import Claim, ScaleSetState
from scanner.state.tally import CARD

_FORM = 1
"""Number of the form in which glances are written; one of another form is made anew from the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What is known of a scale set whose state was not read whole. Each field is as in ``ScaleSetState``."""

    basis: str = ""
    due_at: str = ""
    unique_id: str | None = None
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
        unique_id=state.unique_id,
        group_owner=state.group_owner,
        owner_claim=state.owner_claim,
        is_claimed=state.claim is not None,
        missed_scans=state.missed_scans,
        missed_by=state.missed_by,
        removed_at=state.removed_at,
        kept=_kept_of(state),
    )


def _kept_of(state: ScaleSetState) -> dict[str, JsonValue]:
    """Choose what each source of depth asks of the last reading, before it says what a basis rests on.

    A source that keeps much puts the little that is asked under ``glance``.
    """
    beside = {
        name: kept["glance"] if isinstance(kept, Mapping) and "glance" in kept else kept
        for name, kept in state.beside.items()
        if name != CARD  # it is in the tally
    }
    return {**beside, "changes": body_of(state.last_change)}


def glance_text(glance: Glance) -> str:
    """Write a glance for the header of a state's row: a list, without the defaults at its end."""
    claim = glance.owner_claim
    written: list[JsonValue] = [
        _FORM,
        glance.basis,
        glance.due_at,
        glance.unique_id,
        glance.group_owner,
        glance.missed_scans,
        glance.missed_by,
        glance.removed_at,
        glance.is_claimed,
        None if claim is None else [claim.fingerprint, claim.scan_id],
        dict(glance.kept),
    ]
    while not written[-1]:
        written.pop()
    return compact(written)


def read_glance(text: str) -> Glance | None:
    """Read what ``glance_text`` wrote; ``None``: it is something else, or of another form."""
    try:
        written: list[Any] = read_compact(text)
        form, given = written[0], written[1:]
        basis, due_at, unique_id, group_owner, missed_scans, missed_by, removed_at, is_claimed, claim, kept = (
            *given,
            *_DEFAULTS[len(given) :],
        )
        if (
            form != _FORM
            or not {type(unique_id), type(group_owner), type(missed_by), type(removed_at)} <= _TEXT_OR_NONE
            or not (isinstance(basis, str) and isinstance(due_at, str))
            or not (isinstance(missed_scans, int) and isinstance(kept, dict))
        ):
            return None
        return Glance(
            basis=basis,
            due_at=due_at,
            unique_id=unique_id,
            group_owner=group_owner,
            missed_scans=missed_scans,
            missed_by=missed_by,
            removed_at=removed_at,
            is_claimed=is_claimed,
            owner_claim=None if claim is None else Claim(*claim),
            kept=kept,
        )
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None


_TEXT_OR_NONE = {str, type(None)}
_DEFAULTS: tuple[Any, ...] = ("", "", None, None, 0, None, None, False, None, {})
