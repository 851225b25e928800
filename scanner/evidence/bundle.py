"""What a bundle is made of beside its rows: every file in order, each a stream of bytes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from scanner.evidence.chain import check_chain
from scanner.evidence.index import page
from scanner.evidence.manifest import INDEX_FILE, Manifest
from scanner.evidence.rows import Rows
from scanner.evidence.table_rows import Line
from scanner.evidence.tables import Context, Table, tables
from scanner.evidence.texts import csv_lines, json_lines
from scanner.rules.control import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the package declares, and the tables are made with."""

    controls: tuple[Control, ...]
    event_columns: tuple[str, ...]


def context_of(rows: Rows, manifest: Manifest, declared: Declared) -> Context:
    """Check the chain, and gather what the tables need."""
    return Context(
        period=manifest.period,
        chain=check_chain(rows.completed(), rows.snapshot()),
        controls=declared.controls,
        event_columns=declared.event_columns,
    )


def derived_files(
    rows: Rows, manifest: Manifest, context: Context
) -> Iterator[tuple[str, Callable[[], Iterator[bytes]]]]:
    """Yield the name of each file that is made of the rows, and what writes it; the index last, as it counts the others."""
    made = tables(rows, context)
    counts: dict[str, int] = {}
    for table in made:
        yield f"tables/{table.name}.csv", partial(_csv, table, counts)
        yield f"tables/{table.name}.json", partial(_json, table)
    yield INDEX_FILE, lambda: page(manifest, context.chain, made, counts)


def _csv(table: Table, counts: dict[str, int]) -> Iterator[bytes]:
    return csv_lines(table, _counted(table, counts))


def _json(table: Table) -> Iterator[bytes]:
    return json_lines(table, table.rows())


def _counted(table: Table, counts: dict[str, int]) -> Iterator[Line]:
    counts[table.name] = 0
    for row in table.rows():
        counts[table.name] += 1
        yield row


def policy_files(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Name the operator's files as a bundle holds them."""
    return {f"policy/{name}": text.encode() for name, text in texts.items()}
