"""A small interpreter of the ``az`` commands that remediations print: it does to a document what they do in Azure.

It knows exactly the argument forms that are used, and refuses any other. The rules of ``--set`` and ``--remove`` are
those of the Azure CLI's generic update: a path is split at its dots, ``[0]`` is an item of a list, a value is JSON where
it can be read as JSON, a missing block on the way is made. The CLI flattens ``properties``; documents in ARM's shape do
not, so a name is looked for beside ``properties`` and in it. ``az`` itself is not run.
"""

import copy
import json
import re
from collections.abc import Sequence
from typing import Any

_SEGMENT = re.compile(r"\[([0-9]+)\]|([A-Za-z]+)")
_PATH = re.compile(r"[A-Za-z]+(\[[0-9]+\])?(\.[A-Za-z]+(\[[0-9]+\])?)*")
_TOP = frozenset({"sku", "tags", "identity", "zones"})
_TARGET = ("--subscription", "--resource-group", "--name")


class RefusedError(Exception):
    """The arguments are of no form that this interpreter knows, or do not fit the document."""


def run(argv: Sequence[str], document: dict[str, Any]) -> dict[str, Any]:
    """Apply one command to a scale set in ARM's shape. Raises ``RefusedError``."""
    if tuple(argv[:3]) == ("az", "vmss", "update"):
        rest = _aimed(argv[3:], document)
        return _update(rest, copy.deepcopy(document))
    if tuple(argv[:3]) == ("az", "vmss", "scale"):
        rest = _aimed(argv[3:], document)
        if len(rest) != 2 or rest[0] != "--new-capacity" or not rest[1].isdecimal():
            raise RefusedError(f"az vmss scale takes --new-capacity and a number, not {rest}.")
        changed = copy.deepcopy(document)
        changed.setdefault("sku", {})["capacity"] = int(rest[1])
        return changed
    raise RefusedError(f"{argv[:3]} is no command that a remediation uses.")


def _aimed(words: Sequence[str], document: dict[str, Any]) -> list[str]:
    """Check that the command names this scale set, in the order in which remediations name it, and return the rest."""
    parts = document["id"].rstrip("/").split("/")
    expected = dict(zip(_TARGET, (parts[2].lower(), parts[4], parts[8]), strict=True))
    left = list(words)
    for option in _TARGET:
        word = left.pop(0)
        value = word.removeprefix(f"{option}=") if word.startswith(f"{option}=") else left.pop(0)
        if word.split("=")[0] != option or value != expected[option]:
            raise RefusedError(f"{option} should be {expected[option]!r}: {words}.")
        if word == option and value.startswith("-"):
            raise RefusedError(f"argparse takes {value!r} for an option.")
    return left


def _update(words: list[str], document: dict[str, Any]) -> dict[str, Any]:
    if not words:
        raise RefusedError("The update changes nothing.")
    for action, values in _options(words):
        if action == "--set":
            for word in values:
                path, found, value = word.partition("=")
                if not found:
                    raise RefusedError(f"{word} is no PATH=VALUE.")
                _assign(document, path, _value(value))
        elif len(values) == 1:
            _remove(document, values[0])
        elif len(values) == 2 and values[1].isdecimal():
            _remove(document, f"{values[0]}[{values[1]}]")
        else:
            raise RefusedError(f"{action} takes a path, or a path and a place: {values}.")
    return document


def _options(words: list[str]) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if word in {"--set", "--remove"}:
            found.append((word, []))
        elif word.startswith("-") or not found:
            raise RefusedError(f"{word} is no option that a remediation uses, or belongs to none.")
        else:
            found[-1][1].append(word)
    if any(not values for _, values in found):
        raise RefusedError(f"An option has no value: {words}.")
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _assign(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = _segments(path)
    place: Any = document
    for segment in parents:
        place = _entered(place, segment, make=True)
    if isinstance(last, int):
        raise RefusedError(f"{path} would replace an item of a list.")
    _home(place, last)[last] = value


def _remove(document: dict[str, Any], path: str) -> None:
    *parents, last = _segments(path)
    place: Any = document
    for segment in parents:
        place = _entered(place, segment, make=False)
    if isinstance(last, int):
        if not isinstance(place, list) or last >= len(place):
            raise RefusedError(f"{path} is not there to be removed.")
        del place[last]
    elif last in _home(place, last):
        del _home(place, last)[last]
    else:
        raise RefusedError(f"{path} is not there to be removed.")


def _segments(path: str) -> list[str | int]:
    if not _PATH.fullmatch(path):
        raise RefusedError(f"{path!r} is no path.")
    return [int(index) if index else name for index, name in _SEGMENT.findall(path)]


def _entered(place: Any, segment: str | int, *, make: bool) -> Any:
    if isinstance(segment, int):
        if not isinstance(place, list) or segment >= len(place):
            raise RefusedError(f"There is no item {segment}.")
        return place[segment]
    home = _home(place, segment)
    if home.get(segment) is None:
        if not make:
            raise RefusedError(f"{segment} is not there.")
        home[segment] = {}
    return home[segment]


def _home(place: Any, name: str) -> dict[str, Any]:
    """Find the block in which ARM keeps what the CLI shows beside the name."""
    if not isinstance(place, dict):
        raise RefusedError(f"{name} would be in something that is no block.")
    nested = place.get("properties")
    return nested if isinstance(nested, dict) and name not in _TOP else place
