"""Names of people who changed something, replaced by pseudonyms: the same throughout a bundle, and in no other."""

import re
from collections.abc import Iterator, Mapping

from scanner.evidence.rows import Row
from scanner.facts.people import Naming, People

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_BESIDE = frozenset({"Summary", "Reason", "Evidence", "Before", "After"})
"""Columns of an event that may repeat who changed something."""
_WHO, _OTHERS, _TYPE = "ChangedBy", "Changes", "ChangedByType"
_FINDINGS = "OpenFindings"
_PEOPLE = frozenset({"", "user"})
"""Types of who changed something that are a person, or may be one."""


class Pseudonyms:
    """Replaces names. ``key`` is random, made for one bundle and kept nowhere: without it no name can be tried."""

    def __init__(self, key: str) -> None:
        self._people = People(naming=Naming.PSEUDONYM, key=key)
        self._names: set[str] = set()

    def of_event(self, row: Row) -> Row:
        """Answer an event with pseudonyms for who changed something, wherever it repeats them. Owners stay."""
        self._names.update(_named(row))
        columns = {_WHO, _OTHERS, *_BESIDE} & row.keys()
        return {**row, **{column: self._replaced(row[column]) for column in columns}}

    def of_snapshot(self, row: Row) -> Row:
        """Answer a row of a snapshot with pseudonyms in the reasons of its findings; the names are those of the events."""
        return {**row, _FINDINGS: self._replaced(row[_FINDINGS])} if _FINDINGS in row else row

    def _replaced(self, value: object) -> object:
        match value:
            case str():
                for name in sorted(self._names, key=len, reverse=True):
                    value = value.replace(name, self._people.shown(name))
                return _ADDRESS.sub(lambda found: self._people.shown(found[0]), value)
            case Mapping():
                return {name: self._replaced(item) for name, item in value.items()}
            case list() | tuple():
                return [self._replaced(item) for item in value]
            case _:
                return value


def _named(row: Row) -> Iterator[str]:
    """Yield the names of people in an event that are no e-mail addresses: those are found by their form."""
    if str(row.get(_TYPE) or "").lower() in _PEOPLE and isinstance(row.get(_WHO), str):
        yield from (name for name in str(row[_WHO]).split("; ") if len(name) > 2 and "@" not in name)
    changes = row.get(_OTHERS)
    for each in changes if isinstance(changes, list) else ():
        if isinstance(each, Mapping):
            yield from _named(each)
