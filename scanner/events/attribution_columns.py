"""Who changed something, in the columns of an event and in words."""

from collections.abc import Mapping

from scanner.facts.change import Attribution, Certainty
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain

_WITHOUT_TIME = frozenset({Certainty.PENDING, Certainty.NOT_FOUND})
_SAID: Mapping[Certainty, str] = {
    Certainty.PLATFORM: ", by the platform",
    Certainty.UNSPECIFIED: ", and Azure does not say by whom",
    Certainty.PENDING: ", by whom is not yet known",
    Certainty.NOT_FOUND: ", by whom is not known",
}


def attribution_columns(who: Attribution | None) -> Mapping[str, JsonValue]:
    """Fill in the columns; none where nobody changed what the event is about. Of several, all are in ``Changes``."""
    if who is None:
        return {}
    columns: dict[str, JsonValue] = {
        "ChangedBy": who.changed_by or "; ".join(filter(None, (each.changed_by for each in who.others))),
        "ChangedByType": who.changed_by_type,
        "ChangedWith": who.changed_with,
        "ChangeOperation": who.operation,
        "ChangedAt": None if who.certainty in _WITHOUT_TIME else who.changed_at or None,
        "CorrelationId": who.correlation_id,
        "Attribution": who.certainty.value,
    }
    if who.others:
        columns["Changes"] = [dict(attribution_columns(each)) for each in who.others]
    return columns


def sentence_of(who: Attribution | None) -> str:
    """Say who did it, as the end of a sentence; nothing where nobody did."""
    if who is None:
        return ""
    if who.certainty is Certainty.SEVERAL:
        return f", by one of {len(who.others)} changes"
    if who.certainty is not Certainty.KNOWN:
        return _SAID[who.certainty]
    by = f" by {plain(who.changed_by, 128)}" if who.changed_by else ""
    return f"{by}{f' with {plain(who.changed_with, 128)}' if who.changed_with else ''}"
