"""Exemptions, from a scale set's own tag and from the reviewed file: who agreed to which exception, why, and until when."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import translate

from scanner.errors import SettingsError
from scanner.facts.posture import Posture
from scanner.rules import known_id
from scanner.rules.exemption import Exemption, ExemptionSource, InvalidExemption

__all__ = ["EXEMPTION_TAG", "Exemption", "ExemptionBook", "InvalidExemption", "parse_exemptions", "parse_tag"]

EXEMPTION_TAG = "upgrade-posture-exempt"
"""Name of the tag; its value is ``rules=VMSS-001,VMSS-030; until=2026-12-31; reason=…; owner=…``."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TAG_KEYS = ("rules", "until", "reason", "owner")
_SELECTOR_KEYS = ("id", "subscription", "resource_group", "name", "tags")
_ENTRY_KEYS = ("rules", "until", "reason", "owner", "ticket", *_SELECTOR_KEYS)


def parse_tag(value: str) -> Exemption | InvalidExemption:
    """Read the exemption tag: ``key=value`` pairs between semicolons, keys without case and each once, no others.

    A blank pair, as a semicolon at the end makes, is passed over. Rules are ids or names without case.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    for part in value.split(";"):
        if not part.strip():
            continue
        key, separator, text = (piece.strip() for piece in part.partition("="))
        key = key.lower()
        if not separator:
            problems.append(f"{part.strip()!r} is no key=value pair.")
        elif key not in _TAG_KEYS:
            problems.append(f"{key!r} is no key of an exemption; the keys are {', '.join(_TAG_KEYS)}.")
        elif key in found:
            problems.append(f"{key} is given twice.")
        else:
            found[key] = text
    rules = [item.strip() for item in found["rules"].split(",")] if found.get("rules") else []
    draft = _Draft(
        source="tag", rules=rules, until=found.get("until"), reason=found.get("reason"), owner=found.get("owner")
    )
    return _checked(draft, problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selector:
    """Which scale sets an entry of the file is about: those that match everything it names."""

    key: str | None = None
    subscription: str | None = None
    resource_group: str | None = None
    name: re.Pattern[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def selects(self, posture: Posture) -> bool:
        """Whether the entry is about this scale set. Everything is compared without case."""
        return (
            (self.key is None or self.key == posture.key)
            and (self.subscription is None or self.subscription == posture.subscription_id)
            and (self.resource_group is None or self.resource_group == posture.resource_group.lower())
            and (self.name is None or self.name.match(posture.name.lower()) is not None)
            and all(posture.tags.get(name, "").lower() == value for name, value in self.tags.items())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    selector: _Selector
    exemption: Exemption | InvalidExemption


class ExemptionBook:
    """The exemptions of the file, found by scale set."""

    __slots__ = ("_by_key", "_others")

    def __init__(self, entries: Iterable[_Entry] = ()) -> None:
        self._by_key: dict[str, list[_Entry]] = {}
        self._others: list[_Entry] = []
        for entry in entries:
            if entry.selector.key is None:
                self._others.append(entry)
            else:
                self._by_key.setdefault(entry.selector.key, []).append(entry)

    def __len__(self) -> int:
        return len(self._others) + sum(len(entries) for entries in self._by_key.values())

    def about(self, posture: Posture) -> tuple[Exemption | InvalidExemption, ...]:
        """List the entries that select this scale set, those by id first."""
        if not self._others and not self._by_key:
            return ()
        candidates = [*self._by_key.get(posture.key, ()), *self._others]
        return tuple(entry.exemption for entry in candidates if entry.selector.selects(posture))


def parse_exemptions(text: str, source: str) -> ExemptionBook:
    """Read ``[[exemption]]`` tables from TOML.

    An entry that lacks a rule, reason, owner or end, or names no known rule, becomes an ``InvalidExemption``, which
    VMSS-082 reports on the scale sets it selects. Raises ``SettingsError`` that names ``source`` and the entry when
    the text is not TOML, or an entry does not say which scale sets it is about.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{source} is not TOML: {error}") from error
    tables = document.pop("exemption", [])
    problems = [f"{key} is no key of the exemption file; it holds [[exemption]] tables." for key in document]
    entries: list[_Entry] = []
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems.append("exemption must be a list of tables, each written as [[exemption]].")
        tables = []
    for number, table in enumerate(tables, start=1):
        selector = _selector(table, f"exemption {number}", problems)
        entries.append(_Entry(selector=selector, exemption=_entry(table)))
    if problems:
        raise SettingsError(f"{source} is not usable:\n" + "\n".join(f"- {problem}" for problem in problems))
    return ExemptionBook(entries)


def _selector(table: Mapping[str, object], place: str, problems: list[str]) -> _Selector:
    found: dict[str, str] = {}
    for key in ("id", "subscription", "resource_group", "name"):
        value = table.get(key)
        if isinstance(value, str) and value.strip():
            found[key] = value.strip().lower()
        elif value is not None:
            problems.append(f"{place}: {key} is {value!r}; it must be a text that is not empty.")
    tags = table.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) and value.strip() for value in tags.values()):
        problems.append(f"{place}: tags is {tags!r}; it must be a table of names and texts.")
        tags = {}
    if not any(key in table for key in _SELECTOR_KEYS) or table.get("tags") == {}:
        problems.append(f"{place} does not say which scale sets it is about: give {', '.join(_SELECTOR_KEYS)}.")
    return _Selector(
        key=found.get("id"),
        subscription=found.get("subscription"),
        resource_group=found.get("resource_group"),
        name=re.compile(translate(found["name"])) if "name" in found else None,
        tags={name: value.lower() for name, value in tags.items()},
    )


def _entry(table: Mapping[str, object]) -> Exemption | InvalidExemption:
    problems = [
        f"{key!r} is no key of an exemption; the keys are {', '.join(_ENTRY_KEYS)}."
        for key in table
        if key not in _ENTRY_KEYS
    ]
    rules = table.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(item, str) for item in rules):
        problems.append("rules must be a list of rule ids or names.")
        rules = []
    texts: dict[str, str | None] = {}
    for key in ("reason", "owner", "ticket"):
        value = table.get(key)
        if value is not None and not isinstance(value, str):
            problems.append(f"{key} must be text.")
        texts[key] = value.strip() if isinstance(value, str) else None
    draft = _Draft(
        source="file",
        rules=rules,
        until=table.get("until"),
        reason=texts["reason"],
        owner=texts["owner"],
        ticket=texts["ticket"],
    )
    return _checked(draft, problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """The parts of an exemption as they were written."""

    source: ExemptionSource
    rules: Sequence[str]
    until: object
    reason: str | None
    owner: str | None
    ticket: str | None = None


def _checked(draft: _Draft, problems: list[str]) -> Exemption | InvalidExemption:
    ids: set[str] = set()
    for name in draft.rules:
        try:
            ids.add(known_id(name.strip()))
        except KeyError:
            problems.append(f"{name!r} is no known rule.")
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
            problems.append(f"until is {until!r}, which is no day of the calendar.")
            return None
    if until is None or until == "":
        problems.append("It has no end (until).")
    else:
        problems.append(f"until is {str(until)!r}; it must be a day, as YYYY-MM-DD.")
    return None
