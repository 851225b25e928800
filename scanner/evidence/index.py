"""The page that a reader opens first: what the bundle holds, what is missing, and how to check it. No script."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import islice

from scanner.evidence.chain import ChainReport
from scanner.evidence.index_style import STYLE
from scanner.evidence.manifest import Manifest
from scanner.evidence.table_rows import Line
from scanner.evidence.tables import Table
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain, plural

_SHOWN = 500
"""Rows of a table that the page itself shows; its file has all."""
_LONG = 40
"""Characters from which on a cell is wide enough to be read."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_CHECK = (
    b'<h2>How to check it</h2>\n<p class="text"><code>vmss-posture evidence verify BUNDLE --anchor HASH</code> reads no'
    b" network. The anchor is a snapshot's hash, or the manifest's, that you know from elsewhere: without one the answer is"
    b" <em>consistent in itself, not anchored</em>, as whoever can change the files can compute every hash anew. Each line of"
    b" <code>rows/snapshot.jsonl</code> is a row as it was hashed; events and scans are not in the chain, the manifest's hash"
    b" covers them.</p>\n</main></body></html>\n"
)


def page(manifest: Manifest, chain: ChainReport, made: Sequence[Table], counts: Mapping[str, int]) -> Iterator[bytes]:
    """Write the page, a part at a time. ``counts``: the number of rows of each table."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>Evidence, {escape(str(manifest.period))}</title><style>{STYLE}</style></head><body><main>\n"
        f'<p class="eyebrow">Upgrade posture of VM scale sets</p>\n<h1>Evidence, {escape(str(manifest.period))}</h1>\n'
        f'<p class="lead">{_lead(chain, counts)}</p>\n'
    ).encode()
    yield from _about(manifest, chain)
    by_name = {item.name: item for item in made}
    yield from _section(by_name["gaps"], counts, "Gaps: read this first", ("Kind", "What", "From", "To"))
    yield b"<h2>Tables</h2>\n"
    yield from _table(
        "Each as CSV and as JSON",
        ("table", "rows", "what it says", "files"),
        [(item.name, f"{counts[item.name]:,}", item.about, _Html(_links(item.name))) for item in made],
    )
    yield from _section(by_name["snapshots"], counts, "Snapshots")
    newest, compliance = chain.newest.at if chain.newest else "", by_name["compliance"]
    yield from _section(
        compliance,
        counts,
        f"Compliance in the last snapshot{f', {_short(newest)}' if newest else ''}",
        [name for name in compliance.columns if name != "SnapshotAt"],
        lambda row: bool(newest) and str(row.get("SnapshotAt", "")).startswith(newest.rstrip("Z")),
    )
    shown = ("ScaleSetName", "Environment", "Version", "PublishedAt", "PublishedIs", "ReachedAt", "Hours")
    yield from _section(by_name["lead-times"], counts, "Patch lead times", shown)
    yield _CHECK


def _lead(chain: ChainReport, counts: Mapping[str, int]) -> str:
    """Say in two sentences what a reader wants to know first."""
    broken = len(chain.problems)
    proof = (
        f"<strong>The hash chain has {plural(broken, 'problem')}.</strong>"
        if broken
        else "The hash chain was consistent in itself when this was made."
    )
    gaps = counts["gaps"]
    named = f"{plural(gaps, 'gap')} {'is' if gaps == 1 else 'are'} named." if gaps else "No gap was found."
    return f"{plural(counts['population'], 'scale set')} in {plural(counts['snapshots'], 'snapshot')}. {proof} {named}"


def _about(manifest: Manifest, chain: ChainReport) -> Iterator[bytes]:
    told = [
        ("Deployment", manifest.deployment or "(none named)"),
        ("Source", manifest.source),
        ("Made", f"{manifest.made_at} by VMSS Upgrade Monitor {manifest.made_by}"),
        ("People", "by pseudonym" if manifest.names == "pseudonym" else "by name"),
        ("Newest snapshot hash", chain.newest.hash if chain.newest else "none"),
        *[(f"Policy file {name}", value) for name, value in sorted(manifest.policy.items())],
        *[("Note", note) for note in manifest.notes],
    ]
    lines = "".join(f"<div><dt>{escape(name)}</dt><dd>{_cell(value)}</dd></div>" for name, value in told)
    yield f'<dl class="about">{lines}</dl>\n'.encode()


def _section(
    table: Table,
    counts: Mapping[str, int],
    title: str,
    columns: Sequence[str] = (),
    is_shown: Callable[[Line], bool] = lambda _row: True,
) -> Iterator[bytes]:
    """Write a table with its heading; a large one in part. Without ``columns`` it has all."""
    yield f"<h2>{escape(title)}</h2>\n".encode()
    if not counts[table.name]:
        yield b"<p>There is none.</p>\n"
        return
    found = (row for row in table.rows() if is_shown(row))
    shown = columns or table.columns
    yield from _table(table.about, shown, ([_text(row.get(name)) for name in shown] for row in islice(found, _SHOWN)))
    if next(found, None) is not None:
        yield f"<p>The first {_SHOWN} rows; the file has all.</p>\n".encode()


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def _links(name: str) -> str:
    return f'<a href="tables/{escape(name)}.csv">CSV</a> <a href="tables/{escape(name)}.json">JSON</a>'


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)


def _cell(text: str) -> str:
    """Write a text; a hash so that it may break anywhere."""
    if isinstance(text, _Html):
        return text
    written = escape(plain(text, 2_000))
    return f"<code>{written}</code>" if _HASH.fullmatch(written) else written


def _kind(text: str) -> str:
    """Say what a cell holds, for its style."""
    if isinstance(text, _Html) or _MOMENT.fullmatch(text):
        return ' class="one"'
    return ' class="long"' if len(text) > _LONG else ""


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'.encode()
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    yield f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>\n".encode()
    for row in rows:
        first, *rest = [(_kind(cell), _cell(_short(cell))) for cell in row]
        cells = "".join(f"<td{kind}>{cell}</td>" for kind, cell in rest)
        yield f'<tr><th scope="row"{first[0]}>{first[1]}</th>{cells}</tr>\n'.encode()
    yield b"</tbody></table></div>\n"


def _short(text: str) -> str:
    """Write a moment to the minute, as a person reads it; the files have it whole."""
    found = None if isinstance(text, _Html) else _MOMENT.fullmatch(text)
    return f"{found[1]} {found[2]} UTC" if found else text
