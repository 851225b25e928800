"""What a translated document does not say, and why: by ARM path, for the reasons of the verdicts that need it."""

from collections.abc import Iterator, Mapping

from scanner.plans.values import AFTER_APPLY, SENSITIVE, UNREADABLE, is_hidden

_WORDS = {
    AFTER_APPLY: "known only after apply",
    SENSITIVE: "marked sensitive in the plan",
    UNREADABLE: "not readable in the plan",
}
_DEEPEST = 40


def gaps_of(document: Mapping[str, object]) -> dict[str, str]:
    """List the paths at which a value is hidden, each with the reason."""
    return dict(_gaps(document, "", 0))


def _gaps(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _gaps(item, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _gaps(item, f"{path}[]", depth + 1)
    elif isinstance(value, str) and is_hidden(value):
        yield path, _WORDS.get(value, value[1:-1])


def reasons_for(gaps: Mapping[str, str], paths: tuple[str, ...]) -> list[str]:
    """Say why a rule that reads these paths may lack something: the gaps at, above and below each of them."""
    if not gaps:
        return []
    found = {gap: reason for gap, reason in gaps.items() if any(_touches(gap, path) for path in paths)}
    return [f"{gap} is {reason}" if reason in _WORDS.values() else f"{gap}: {reason}" for gap, reason in found.items()]


def _touches(gap: str, path: str) -> bool:
    return gap == path or path.startswith((f"{gap}.", f"{gap}[")) or gap.startswith((f"{path}.", f"{path}["))
