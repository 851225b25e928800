"""An exemption as it was written, and the check of whether it is complete."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from scanner.rules.exemption import Exemption, ExemptionSource, InvalidExemption
from scanner.rules.own_catalogue import known_with
from scanner.rules.own_rule import OwnRule
from scanner.rules.policy_keys import shown

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of an exemption as they were written."""

    source: ExemptionSource
    rules: Sequence[str]
    until: object
    reason: str | None
    owner: str | None
    ticket: str | None = None


def checked(draft: Draft, problems: list[str], own: Sequence[OwnRule] = ()) -> Exemption | InvalidExemption:
    """Make an exemption of a draft, or say what is wrong with it; ``problems`` are those found so far."""
    ids: set[str] = set()
    for name in draft.rules:
        try:
            ids.add(known_with(name.strip(), own))
        except KeyError:
            problems.append(f"{name!r} is not a known rule.")
    if not draft.rules:
        problems.append("It names no rule.")
    if not draft.reason:
        problems.append("It gives no reason.")
    if not draft.owner:
        problems.append("It names no owner.")
    end = _end(draft.until, problems)
    if problems or end is None or not draft.reason or not draft.owner:
        return InvalidExemption(source=draft.source, problems=tuple(dict.fromkeys(problems)))
    return Exemption(
        rules=tuple(sorted(ids)),
        reason=draft.reason,
        owner=draft.owner,
        until=end,
        source=draft.source,
        ticket=draft.ticket or None,
    )


def _end(until: object, problems: list[str]) -> date | None:
    if isinstance(until, date) and not isinstance(until, datetime):
        return until
    if isinstance(until, str) and _DATE.fullmatch(until):
        try:
            return date.fromisoformat(until)
        except ValueError:
            problems.append(f"until is {until!r}, which is not a day of the calendar.")
            return None
    if until is None or until == "":
        problems.append("It has no end (until).")
    else:
        problems.append(
            f"until is {shown(str(until) if isinstance(until, date) else until)}; it must be a day, as YYYY-MM-DD."
        )
    return None
