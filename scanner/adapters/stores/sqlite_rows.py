"""State rows of a SQLite file: what is one, and how it is named."""

from collections.abc import Sequence
from typing import Any

from scanner.adapters.stores.commit_check import identity
from scanner.adapters.stores.sqlite_file import stored, text_of
from scanner.ports.store import Damage, StateRow


def read_row(columns: Sequence[Any]) -> StateRow | Damage:
    """Read the columns of a row, or say why it is not a state of ours."""
    subscription_id, key, revision, commit_id, schema_version, body = columns
    try:
        row = StateRow(
            subscription_id=text_of(subscription_id),
            key=text_of(key),
            revision=revision,
            commit_id=text_of(commit_id),
            schema_version=schema_version,
            body=text_of(body),
        )
    except ValueError as error:
        return Damage(kind="state", name=str(key), why=f"its text cannot be read ({error})")
    texts = (row.subscription_id, row.key, row.commit_id, row.body)
    if all(isinstance(each, str) for each in texts) and type(revision) is int and type(schema_version) is int:
        return row
    return Damage(kind="state", name=str(key), why="a column of its row is of another type")


def stored_identity(row: StateRow) -> tuple[str | bytes, str | bytes]:
    """Name a row as the file does."""
    subscription_id, key = identity(row)
    return (stored(subscription_id), stored(key))
