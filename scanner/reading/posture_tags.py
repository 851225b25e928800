"""The tags of a scale set, and whether they were read at all."""

from collections.abc import Mapping

from scanner.facts.tags import Tags
from scanner.reading.azure_values import is_expression


class ReadTags:
    """What the tags say, and which of them could not be read."""

    __slots__ = ("are_read", "tags", "unreadable")

    def __init__(self, document: Mapping[str, object], *, has_model: bool) -> None:
        raw = document.get("tags")
        self.are_read = isinstance(raw, dict) if raw is not None else _absent_is_none(document, has_model=has_model)
        self.tags, self.unreadable = _tags(raw if isinstance(raw, dict) else {})


def is_graph_row(document: Mapping[str, object]) -> bool:
    """Whether this is a row of Resource Graph: only there is a column that is missing one that was not asked for."""
    return "subscriptionId" in document and "resourceGroup" in document


def _absent_is_none(document: Mapping[str, object], *, has_model: bool) -> bool:
    """Whether null or absent tags are no tags: not in a row that holds little but an id."""
    if "tags" in document:
        return True
    if is_graph_row(document):
        return False
    return has_model or any(document.get(name) is not None for name in ("type", "location", "properties"))


def _tags(raw: Mapping[str, object]) -> tuple[Tags, frozenset[str]]:
    """Read the texts. A value that is no text, or one tag in two casings with two values, cannot be read."""
    texts: dict[str, list[tuple[str, str]]] = {}
    unreadable: set[str] = set()
    for name, value in raw.items():
        if value is None:
            continue
        folded = name.lower()
        if not isinstance(value, str) or is_expression(value):
            unreadable.add(folded)
        elif value.strip():
            texts.setdefault(folded, []).append((name, value))
    for folded, spelled in texts.items():
        if len(spelled) > 1 and len({value.strip().lower() for _, value in spelled}) > 1:
            unreadable.add(folded)
    kept = dict([each for folded, spelled in texts.items() if folded not in unreadable for each in spelled])
    return Tags(kept), frozenset(unreadable)
