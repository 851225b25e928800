"""The page that a reader opens first: what the bundle holds, what is missing, and how to check it. No script."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from scanner.evidence.chain import ChainReport
from scanner.evidence.manifest import Manifest
from scanner.evidence.table_rows import Line
from scanner.evidence.tables import Table
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain

_SHOWN = 500
"""Rows of a table that the page itself shows; its file has all."""
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:600}"
    "th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "code{overflow-wrap:anywhere}.wide{overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#1b1b1b}a{color:#9cf}}"
)


def page(manifest: Manifest, chain: ChainReport, made: Sequence[Table], counts: Mapping[str, int]) -> Iterator[bytes]:
    """Write the page, a part at a time. ``counts``: the number of rows of each table."""
    policy = (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
    )
    newest = chain.newest
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Evidence, {escape(str(manifest.period))}</title><style>{_STYLE}</style></head><body><main>\n"
        f"<h1>Upgrade posture of the scale sets: evidence, {escape(str(manifest.period))}</h1>\n"
    ).encode()
    yield from _table(
        "About this bundle",
        ("", ""),
        [
            ("Deployment", manifest.deployment or "(none named)"),
            ("Source", manifest.source),
            ("Made", f"{manifest.made_at} by VMSS Upgrade Monitor {manifest.made_by}"),
            ("People", "by pseudonym" if manifest.names == "pseudonym" else "by name"),
            ("Snapshots", str(len(chain.snapshots))),
            ("Newest snapshot hash", newest.hash if newest else "none"),
            (
                "Hash chain when made",
                "consistent in itself" if not chain.problems else f"{len(chain.problems)} problems",
            ),
            *[(f"Policy file {name}", value) for name, value in sorted(manifest.policy.items())],
            *[("Note", note) for note in manifest.notes],
        ],
    )
    yield b"<h2>Tables</h2>\n"
    yield from _table(
        "Each as CSV and as JSON",
        ("table", "rows", "what it says", "files"),
        [(item.name, str(counts[item.name]), item.about, _Html(_links(item.name))) for item in made],
    )
    for item in made:
        if item.name in {"gaps", "snapshots", "compliance"}:
            yield f"<h2>{escape(item.name.capitalize())}</h2>\n".encode()
            yield from _table(item.about, item.columns, _cells(item, item.rows()))
            if counts[item.name] > _SHOWN:
                yield f"<p>The first {_SHOWN} of {counts[item.name]} rows; the file has all.</p>\n".encode()
    yield (
        b"<h2>How to check it</h2>\n<p><code>vmss-posture evidence verify BUNDLE --anchor HASH</code> reads no network. The"
        b" anchor is a snapshot's hash, or the manifest's, that you know from elsewhere: without one the answer is"
        b" <em>consistent in itself, not anchored</em>, as whoever can change the files can compute every hash anew."
        b" Each line of <code>rows/snapshot.jsonl</code> is a row as it was hashed; events and scans are not in the chain,"
        b" the manifest's hash covers them.</p>\n</main></body></html>\n"
    )


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def _links(name: str) -> str:
    return f'<a href="tables/{escape(name)}.csv">CSV</a> <a href="tables/{escape(name)}.json">JSON</a>'


def _cells(table: Table, rows: Iterable[Line]) -> Iterator[Sequence[str]]:
    for number, row in enumerate(rows):
        if number >= _SHOWN:
            return
        yield [_text(row.get(name)) for name in table.columns]


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    return "; ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield f'<div class="wide"><table><caption>{escape(caption)}</caption>'.encode()
    if any(columns):
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
        yield f"<thead><tr>{heads}</tr></thead>".encode()
    yield b"<tbody>\n"
    for row in rows:
        first, *rest = [cell if isinstance(cell, _Html) else escape(plain(cell, 2_000)) for cell in row]
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        yield f'<tr><th scope="row">{first}</th>{cells}</tr>\n'.encode()
    yield b"</tbody></table></div>\n"
