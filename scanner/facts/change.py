"""Who changed a scale set, as Azure Resource Graph's ``resourcechanges`` tells it.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PERSON_TYPE = "user"
"""``changedByType`` of a person, in lower case."""


class Certainty(StrEnum):
    """What is known of who changed something."""

    KNOWN = "known"
    """Azure names who."""
    PLATFORM = "platform"
    """Azure itself: a background change, such as a new image version or a new default."""
    SEVERAL = "several candidates"
    """Several changes may be the one; all of them are told."""
    UNSPECIFIED = "unspecified"
    """Azure has the change, and does not say who."""
    PENDING = "not yet known"
    """Azure has no record of the change yet; the next scan looks again."""
    NOT_FOUND = "not known"
    """The next scan did not find it either."""
    NONE_SEEN = "none seen"
    """No change was recorded since the scale set is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who changed something, with what, and when. Texts are empty where Azure does not say."""

    certainty: Certainty
    changed_at: str = ""
    """ISO 8601, UTC. Of a change that is not found: when it was detected."""
    changed_by: str = ""
    """An e-mail address, an application or object id; a pseudonym or empty where the policy says so."""
    changed_by_type: str = ""
    changed_with: str = ""
    """The client: its name where it is known, else its application id."""
    client_id: str = ""
    """Application id of the client."""
    operation: str = ""
    """The permission that was used, as Azure names it."""
    correlation_id: str = ""
    fields: tuple[str, ...] = ()
    """The compared facts that it set, sorted."""
    others: "tuple[Attribution, ...]" = ()
    """The candidates, oldest first, where there are several."""
    before: "Attribution | None" = None
    """The last change before one that is not yet known."""

    @property
    def is_person(self) -> bool:
        """Whether a person changed it."""
        return self.changed_by_type.lower() == PERSON_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write of a scale set, as Azure recorded it."""

    attribution: Attribution
    values: Mapping[str, str | None]
    """By path: the value after the write, as text; ``None``: the property was removed."""
    current: frozenset[str] = frozenset()
    """Those of the paths that still have this value in the scale set's row."""


def touches(path: str, wanted: str) -> bool:
    """Whether a change at ``path`` is one of the property ``wanted``, or of something in it. Without case."""
    have, want = path.lower(), wanted.partition("[")[0].lower()
    return have.startswith(want) and have[len(want) : len(want) + 1] in ("", ".", "[")


_STEP = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|([^\]]*))\]|([^.\[]+)")
_ABSENT: object = object()


def value_at(document: Mapping[str, object], path: str) -> object:
    """Find the value at a path of ``resourcechanges``; ``None``: there is none.

    Names are compared without case. A list's item is named by its place or by its ``name``; a tag's name may hold dots.
    """
    if path.lower().startswith("tags."):
        steps = ["tags", path[5:]]
    else:
        steps = [next(part for part in match if part) for match in _STEP.findall(path) if any(match)]
    value: object = document
    for step in steps:
        value = _within(value, step)
        if value is _ABSENT:
            return None
    return value


def _within(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return next(
            (item for name, item in value.items() if isinstance(name, str) and name.lower() == step.lower()), _ABSENT
        )
    if isinstance(value, list):
        if step.isdecimal():
            return value[int(step)] if int(step) < len(value) else _ABSENT
        named = (item for item in value if isinstance(item, Mapping) and str(item.get("name")).lower() == step.lower())
        return next(named, _ABSENT)
    return _ABSENT
