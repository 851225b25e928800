"""Tags of a scale set."""

from collections.abc import Iterator, Mapping


class Tags(Mapping[str, str]):
    """Tags in Azure's spelling, looked up without case. Blanks around a value do not count; blank tags are no tags."""

    __slots__ = ("_folded", "_spelled")

    def __init__(self, tags: Mapping[str, str] | None = None) -> None:
        self._spelled = {name: value.strip() for name, value in (tags or {}).items() if value.strip()}
        folded: dict[str, str] = {}
        for name, value in self._spelled.items():
            folded.setdefault(name.lower(), value)
        self._folded = folded

    def __getitem__(self, name: str) -> str:
        return self._folded[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelled)

    def __len__(self) -> int:
        return len(self._spelled)

    def __repr__(self) -> str:
        return f"Tags({self._spelled!r})"
