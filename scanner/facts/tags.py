"""Tags of a scale set."""

from collections.abc import Iterator, Mapping
from typing import overload


class Tags(Mapping[str, str]):
    """Tags in Azure's spelling, looked up without case. Blanks around a value do not count; blank tags are no tags."""

    __slots__ = ("_folded", "_spelled")

    def __init__(self, tags: Mapping[str, str] | None = None) -> None:
        self._spelled = {name: text for name, value in (tags or {}).items() if (text := value.strip())}
        folded: dict[str, str] = {}
        for name, value in self._spelled.items():
            folded.setdefault(name.lower(), value)
        self._folded = folded

    def __getitem__(self, name: str) -> str:
        return self._folded[name.lower()]

    # Of a mapping's own, these raise and catch an error for each tag that is not there, and most are not.

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._folded

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get[T](self, name: str, /, default: str | T) -> str | T: ...

    def get(self, name: str, /, default: object = None) -> object:
        """Look a value up; the default where there is no such tag."""
        return self._folded.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelled)

    def __len__(self) -> int:
        return len(self._spelled)

    def __repr__(self) -> str:
        return f"Tags({self._spelled!r})"
