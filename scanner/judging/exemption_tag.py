"""Exemptions in a scale set's own tag: who agreed to which exception, why, and until when."""

from collections.abc import Sequence

from scanner.judging.exemption_draft import Draft, checked
from scanner.rules.exemption import Exemption, InvalidExemption
from scanner.rules.own_rule import OwnRule

_TAG_KEYS = ("rules", "until", "reason", "owner", "ticket")


def parse_tag(value: str, own: Sequence[OwnRule] = ()) -> Exemption | InvalidExemption:
    """Read the exemption tag: ``key=value`` pairs between semicolons, keys without case and each once, no others.

    A blank pair, as a semicolon at the end makes, and an empty item of the rules are passed over. Rules are ids or names without case.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    for part in value.split(";"):
        if not part.strip():
            continue
        key, separator, text = (piece.strip() for piece in part.partition("="))
        key = key.lower()
        if not separator:
            problems.append(f"{part.strip()!r} is not a key=value pair.")
        elif key not in _TAG_KEYS:
            problems.append(f"{key!r} is not a key of an exemption; the keys are {', '.join(_TAG_KEYS)}.")
        elif key in found:
            problems.append(f"{key} is given twice.")
        else:
            found[key] = text
    rules = [item.strip() for item in found.get("rules", "").split(",") if item.strip()]
    draft = Draft(
        source="tag",
        rules=rules,
        until=found.get("until"),
        reason=found.get("reason"),
        owner=found.get("owner"),
        ticket=found.get("ticket"),
    )
    return checked(draft, problems, own)
