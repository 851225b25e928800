"""How people are named in all that the service keeps and sends. Every text that may name a person goes through here."""

import hmac
from dataclasses import dataclass
from enum import StrEnum

_PREFIX = "pseudonym:"
_LENGTH = 24
"""Hexadecimal digits of a pseudonym: enough that two people never share one."""


class Naming(StrEnum):
    """What is kept of the name of whoever changed something."""

    NAME = "name"
    PSEUDONYM = "pseudonym"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Names people as the policy wants it."""

    naming: Naming
    key: str = ""
    """Random value of pseudonyms, of this deployment alone. Never sent, never logged. Empty: it could not be read."""
    kept: frozenset[str] = frozenset()
    """Ids, in lower case, that the policy itself names: those of pipelines."""

    def __repr__(self) -> str:
        return f"People(naming={self.naming.value!r})"

    def shown(self, name: str) -> str:
        """Answer what is kept of a name: the name, its pseudonym, or nothing. A pseudonym stays as it is.

        Without the random value a name is left out: another pseudonym of the same person would be an invented person.
        """
        if not name or self.naming is Naming.NAME or name.lower() in self.kept:
            return name
        if self.naming is Naming.NONE:
            return ""
        if name.startswith(_PREFIX):
            return name
        if not self.key:
            return ""
        digest = hmac.new(self.key.encode(), name.lower().encode("utf-8", "surrogatepass"), "sha256").hexdigest()
        return f"{_PREFIX}{digest[:_LENGTH]}"
