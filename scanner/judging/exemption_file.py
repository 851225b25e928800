"""Exemptions in the reviewed file: who agreed to which exception, why, and until when."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate

from scanner.judging.exemption_draft import Draft, checked
from scanner.judging.toml_text import read_toml, unusable
from scanner.rules.exemption import Entry, Exemption, ExemptionBook, InvalidExemption, Selector
from scanner.rules.own_rule import OwnRule
from scanner.rules.policy_keys import shown

_SELECTOR_KEYS = ("id", "subscription", "resource_group", "name", "address", "tags")
_ENTRY_KEYS = ("rules", "until", "reason", "owner", "ticket", *_SELECTOR_KEYS)


def parse_exemptions(text: str, source: str, own: Sequence[OwnRule] = ()) -> ExemptionBook:
    """Read ``[[exemption]]`` tables from TOML.

    An entry that lacks a rule, reason, owner or end, or names no known rule, becomes an ``InvalidExemption``, which
    VMSS-082 reports on the scale sets it selects. Raises ``SettingsError`` that names ``source`` and the entry when
    the text is not TOML, or an entry does not say which scale sets it is about.
    """
    document = read_toml(text, source)
    tables = document.pop("exemption", [])
    problems = [f"{key} is not a key of the exemption file; it holds [[exemption]] tables." for key in document]
    entries: list[Entry] = []
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems.append("exemption must be a list of tables, each written as [[exemption]].")
        tables = []
    for number, table in enumerate(tables, start=1):
        selector = _selector(table, f"exemption {number}", problems)
        entries.append(Entry(number=number, selector=selector, exemption=_exemption(table, own)))
    if problems:
        raise unusable(source, problems)
    return ExemptionBook(entries)


def _selector(table: Mapping[str, object], place: str, problems: list[str]) -> Selector:
    found: dict[str, str] = {}
    for key in ("id", "subscription", "resource_group", "name", "address"):
        value = table.get(key)
        if isinstance(value, str) and value.strip():
            found[key] = value.strip().lower()
        elif value is not None:
            problems.append(f"{place}: {key} is {shown(value)}; it must be a text that is not empty.")
    tags = table.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) and value.strip() for value in tags.values()):
        problems.append(f"{place}: tags is {shown(tags)}; it must be a table of names and texts.")
        tags = {}
    if not any(key in table for key in _SELECTOR_KEYS) or table.get("tags") == {}:
        problems.append(f"{place} does not say which scale sets it is about: give {', '.join(_SELECTOR_KEYS)}.")
    return Selector(
        key=found.get("id"),
        subscription=found.get("subscription"),
        resource_group=found.get("resource_group"),
        name=re.compile(translate(found["name"])) if "name" in found else None,
        address=_address(found["address"]) if "address" in found else None,
        name_pattern=found.get("name"),
        address_pattern=found.get("address"),
        tags={name: value.lower() for name, value in tags.items()},
    )


def _address(pattern: str) -> re.Pattern[str]:
    """Read a pattern of addresses: ``*`` and ``?`` only, as the brackets of ``web["blue"]`` belong to the address."""
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _exemption(table: Mapping[str, object], own: Sequence[OwnRule]) -> Exemption | InvalidExemption:
    problems = [
        f"{key!r} is not a key of an exemption; the keys are {', '.join(_ENTRY_KEYS)}."
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
    draft = Draft(
        source="file",
        rules=rules,
        until=table.get("until"),
        reason=texts["reason"],
        owner=texts["owner"],
        ticket=texts["ticket"],
    )
    return checked(draft, problems, own)
