"""Query text, token by token: the small differences between Azure's KQL and the translator's, evened out."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

RECEIVED = "_TimeReceived"
"""The column that holds what ``ingestion_time()`` answers."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>[hH]?@'(?:[^']|'')*'|[hH]?@"(?:[^"]|"")*"|[hH]?'(?:\\.|[^'\\])*'|[hH]?"(?:\\.|[^"\\])*"|```.*?```|~~~.*?~~~)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:-(?:away|keep|rename|reorder|expand|apply|where|kv|series|nested|graph|operators|match))?)
  | (?P<sign>==|=~|!=|!~|<=|>=|<\||\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_HASH = (
    "let hash = (value:string, buckets:long) { tolong(strcat('0x', substring(hash_md5(value), 0, 12))) % buckets }; "
)
"""``hash()`` with a number of buckets; other numbers than Azure's, as evenly spread."""
_BEFORE_COLUMN = frozenset({",", "(", "by", "project", "extend", "distinct", "summarize", "project-away"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of query text: a word, a string, a sign, or space and comments."""

    kind: str
    text: str


def tokens(query: str) -> list[Token]:
    """Cut the text into tokens; joined again they are the text."""
    return [Token(str(match.lastgroup), match.group()) for match in _TOKEN.finditer(query)]


def _neighbours(pieces: list[Token]) -> Iterator[tuple[int, str, str]]:
    """Yield each word's index with the significant texts before and after it."""
    significant = [index for index, piece in enumerate(pieces) if piece.kind != "space"]
    for position, index in enumerate(significant):
        before = pieces[significant[position - 1]].text if position else ""
        after = pieces[significant[position + 1]].text if position + 1 < len(significant) else ""
        if pieces[index].kind == "word":
            yield index, before, after


def for_translator(query: str) -> str:
    """Rewrite what the translator does not take as Azure does.

    ``kind`` is a keyword to it: a column of that name is put in brackets. ``ingestion_time()`` becomes the column
    that holds it. ``hash()``, which it does not know, is given to it.
    """
    pieces = tokens(query)
    given = (
        _HASH if any(pieces[index].text == "hash" and after == "(" for index, _, after in _neighbours(pieces)) else ""
    )
    for index, before, after in _neighbours(pieces):
        text = pieces[index].text
        if text == "kind" and before != "." and (after != "=" or before in _BEFORE_COLUMN):
            pieces[index] = Token("word", "['kind']")
    rewritten = given + "".join(piece.text for piece in pieces)
    return re.sub(r"\bingestion_time\s*\(\s*\)", RECEIVED, rewritten) if "ingestion_time" in rewritten else rewritten


def operators(query: str) -> frozenset[str]:
    """Names of the operators that follow a pipe."""
    significant = [piece for piece in tokens(query) if piece.kind != "space"]
    return frozenset(
        second.text for first, second in pairwise(significant) if first.text == "|" and second.kind == "word"
    )


def operator_counts(query: str) -> Counter[str]:
    """Count each operator; a ``union`` that begins the query counts too."""
    significant = [piece for piece in tokens(query) if piece.kind != "space"]
    counts = Counter(
        second.text for first, second in pairwise(significant) if first.text in "|;" and second.kind == "word"
    )
    if significant and significant[0].text == "union":
        counts["union"] += 1
    return counts


def outer_operators(query: str) -> frozenset[str]:
    """Names of the operators that are not inside brackets: what the answer itself comes out of."""
    depth, before, found = 0, "", set()
    for piece in tokens(query):
        if piece.kind == "space":
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(piece.text, 0)
        if before == "|" and depth == 0 and piece.kind == "word":
            found.add(piece.text)
        before = piece.text
    return frozenset(found)


def names(query: str) -> frozenset[str]:
    """Every word in the text that is not inside a string or a comment."""
    return frozenset(piece.text for piece in tokens(query) if piece.kind == "word")
