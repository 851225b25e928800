"""What a setting is, and how the text of one is read and checked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from azureformats import ncrontab
from scanner.errors import SettingProblem
from scanner.guids import is_guid
from scanner.plain_text import plain

_SHOWN = 100
"""Characters of a wrong value that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting[T]:
    """One setting, declared once: for the service, the reference page, the sample file and the doctor."""

    name: str
    meaning: str
    allowed: str
    """What it must be, to read after "it must be"."""
    default: str | None
    """``None``: the setting is required."""
    sample: str
    read: Callable[[str], T]
    """Makes a value of the text, which is not empty where ``default`` is not. Raises ``ValueError``."""
    not_with: str = ""
    """Name of a setting that may not be given beside this one."""

    def text(self, environment: Mapping[str, str]) -> str:
        """Answer what is given, without blanks around it, or the default; empty where neither is."""
        return environment.get(self.name, "").strip() or self.default or ""

    def problem(self, environment: Mapping[str, str]) -> SettingProblem | None:
        """Say what is wrong with what is given, if anything."""
        text = self.text(environment)
        if not text and self.default is None:
            return SettingProblem(name=self.name, shown=None, allowed=f"{self.allowed}. Example: {self.sample}")
        if self.default is None and text == self.sample:
            return SettingProblem(name=self.name, shown=text, allowed=f"{self.allowed}, not the example")
        if text and self.not_with and environment.get(self.not_with, "").strip():
            return SettingProblem(
                name=self.name, shown=shown(text), allowed=f"empty while {self.not_with} is set: give one of them"
            )
        try:
            self.read(text)
        except ValueError as error:
            said = str(error)
            return SettingProblem(
                name=self.name, shown=shown(text), allowed=f"{self.allowed} ({said})" if said else self.allowed
            )
        return None

    def value(self, environment: Mapping[str, str]) -> T:
        """Answer the value, or a stand-in where ``problem`` names one: the default's, or that of the example."""
        if self.problem(environment) is None:
            return self.read(self.text(environment))
        stand_in = self.sample if self.default is None else self.default
        return self.read(stand_in.replace("<", "").replace(">", ""))


def shown(text: str) -> str:
    """Cut a wrong value to what may be shown: no key or token after a question mark, no user before an at sign."""
    address, mark, _ = text.partition("?")
    scheme, slashes, rest = address.partition("://")
    user, at, host = rest.rpartition("@")
    kept = f"{scheme}{slashes}{'…@' if at and user else ''}{host}" if slashes else address
    return plain(f"{kept}{'?…' if mark else ''}", _SHOWN)


def as_given(text: str) -> str:
    """Take any text."""
    return text


def a_guid(text: str) -> str:
    """Take a GUID, or nothing."""
    if text and not is_guid(text):
        raise ValueError
    return text


def an_address(text: str) -> str:
    """Take an https address without key, user or query, or nothing; without a slash at the end."""
    if not text:
        return text
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("it is not an address") from None
    if parts.scheme != "https" or not parts.hostname or set(text) & set("<> \t\"'\\"):
        raise ValueError("tokens are sent to it")
    if set(text) & set("?#@"):
        raise ValueError
    return text.rstrip("/")


def matching(pattern: str) -> Callable[[str], str]:
    """Make a reader that takes what a regular expression matches whole."""
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError
        return text

    return read


def one_of[T](values: Mapping[str, T]) -> Callable[[str], T]:
    """Make a reader that takes one of the names."""

    def read(text: str) -> T:
        if text not in values:
            raise ValueError
        return values[text]

    return read


def a_list(*, of: Callable[[str], str] = as_given, most: int | None = None) -> Callable[[str], tuple[str, ...]]:
    """Make a reader of items separated by commas, in lower case and each once."""

    def read(text: str) -> tuple[str, ...]:
        items = tuple(dict.fromkeys(item.strip().lower() for item in text.split(",") if item.strip()))
        for item in items:
            try:
                of(item)
            except ValueError as error:
                raise ValueError(f"{shown(item)!r} is not") from error
        if most is not None and len(items) > most:
            raise ValueError(f"these are {len(items)}")
        return items

    return read


def a_schedule(text: str) -> ncrontab.Schedule:
    """Take an NCRONTAB expression."""
    try:
        return ncrontab.parse(text)
    except ncrontab.ScheduleError as error:
        raise ValueError(plain(str(error), 200).rstrip(".")) from error


def minutes(*, most: float) -> Callable[[str], timedelta]:
    """Make a reader of a number of minutes, more than 0."""

    def read(text: str) -> timedelta:
        try:
            number = float(text)
        except ValueError:
            raise ValueError from None
        if not 0 < number <= most:
            raise ValueError
        return timedelta(minutes=number)

    return read
