"""Exemptions: agreed, signed, dated exceptions from rules; which scale sets they are about; and those that are not valid."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from scanner.facts.posture import Posture
from scanner.rules.verdict import Outcome

EXEMPTION_TAG = "upgrade-posture-exempt"
"""Name of the tag; its value is ``rules=VMSS-001,VMSS-030; until=2026-12-31; reason=…; owner=…``."""

type ExemptionSource = Literal["tag", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A valid exemption."""

    rules: tuple[str, ...]
    """Rule ids, sorted."""
    reason: str
    owner: str
    until: date
    """The last day on which it holds, in UTC."""
    source: ExemptionSource
    ticket: str | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it has not ended before this day."""
        return day <= self.until

    @property
    def ends_at(self) -> datetime:
        """The first moment at which it no longer holds."""
        return datetime.combine(self.until, time(), UTC) + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidExemption:
    """Something that was meant as an exemption, and what is wrong with it. It exempts nothing."""

    source: ExemptionSource
    problems: tuple[str, ...]
    """Sentences, never empty."""
    valid_from: datetime | None = None
    """From this moment on it is valid, where it only holds for longer than the policy allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionCase:
    """What the rules about exemptions are given: one scale set, its exemptions, and what the rules before answered."""

    posture: Posture
    exemptions: tuple[Exemption | InvalidExemption, ...]
    """From its tag and from the file, also ended and invalid ones."""
    tag_read: bool
    """``False``: whether there is an exemption tag, or what it says, could not be read."""
    outcomes: Mapping[str, Outcome]
    """Outcomes of the rules judged before, by id; needed where there is an exemption only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which scale sets an entry of the file is about: those that match everything it names."""

    key: str | None = None
    subscription: str | None = None
    resource_group: str | None = None
    name: re.Pattern[str] | None = None
    address: re.Pattern[str] | None = None
    """Of a planned scale set, so that an exception can be agreed on before there is a resource id."""
    name_pattern: str | None = None
    """The pattern as it was written."""
    address_pattern: str | None = None
    """As the pattern of names."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def selects(self, posture: Posture) -> bool:
        """Whether the entry is about this scale set. Everything is compared without case."""
        return (
            (self.key is None or self.key == posture.key)
            and (self.subscription is None or self.subscription == posture.subscription_id)
            and (self.resource_group is None or self.resource_group == posture.resource_group.lower())
            and (self.name is None or self.name.match(posture.name.lower()) is not None)
            and (self.address is None or self.address.fullmatch(posture.address.lower()) is not None)
            and all(posture.tags.get(name, "").lower() == value for name, value in self.tags.items())
        )

    def __str__(self) -> str:
        """Say what it selects by."""
        named = {
            "id": self.key,
            "subscription": self.subscription,
            "resource_group": self.resource_group,
            "name": self.name_pattern,
            "address": self.address_pattern,
        }
        parts = [f"{key} {value}" for key, value in named.items() if value is not None]
        parts += [f"tag {name} {value}" for name, value in self.tags.items()]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One exemption of the file."""

    number: int
    """Its place in the file; the first is 1."""
    selector: Selector
    exemption: Exemption | InvalidExemption

    def __str__(self) -> str:
        """Name it as a person finds it in the file."""
        what = ", ".join(self.exemption.rules) if isinstance(self.exemption, Exemption) else "not valid"
        return f"exemption {self.number} ({what}), {self.selector}"


class ExemptionBook:
    """The exemptions of the file, found by scale set."""

    __slots__ = ("_by_key", "_others")

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._by_key: dict[str, list[Entry]] = {}
        self._others: list[Entry] = []
        for entry in entries:
            if entry.selector.key is None:
                self._others.append(entry)
            else:
                self._by_key.setdefault(entry.selector.key, []).append(entry)

    def __len__(self) -> int:
        return len(self._others) + sum(len(entries) for entries in self._by_key.values())

    def about(self, posture: Posture) -> tuple[Entry, ...]:
        """List the entries that select this scale set, those by id first."""
        if not self._others and not self._by_key:
            return ()
        candidates = [*self._by_key.get(posture.key, ()), *self._others]
        return tuple(entry for entry in candidates if entry.selector.selects(posture))

    def unmatched(self, matched: Collection[int]) -> tuple[Entry, ...]:
        """List the entries that select no scale set, once a fleet was judged, by the numbers of those that do.

        An entry about addresses is about plans: of a fleet it selects none.
        """
        entries = [*self._others, *[entry for entries in self._by_key.values() for entry in entries]]
        found = [item for item in entries if item.number not in matched and item.selector.address is None]
        return tuple(sorted(found, key=lambda item: item.number))
