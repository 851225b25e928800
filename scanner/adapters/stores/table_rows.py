"""How states and outbox entries are written down as rows (entities) of Table Storage.

Keys hold no text from Azure: it may hold what keys forbid, or be longer than a key may be. The limits are those of
https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from scanner.adapters.stores.outbox_body import decode_events, decode_ids, encode_events, fingerprint
from scanner.errors import RecordTooLargeError, StoreError
from scanner.plain_text import plain
from scanner.ports.event import Event
from scanner.ports.store import StateRow

CONTROL = "_control"
"""Partition of the rows that belong to no subscription: the lease, the records and the events put with them."""

STATES = "RowKey ge 'state|' and RowKey lt 'state}'"
UNSENT = "RowKey ge 'event|' and RowKey lt 'event}'"
SENT = "RowKey ge 'sent|' and RowKey lt 'sent}'"

type Entity = dict[str, str | int | bytes]

_PROPERTY_CHARACTERS = 32 * 1024
_PROPERTY_BYTES = 64 * 1024
_ENTITY_BYTES = 1024 * 1024
_PART_BYTES = 900_000
_PLAIN_SUBSCRIPTION = re.compile(r"[0-9a-f-]{1,64}")


def partition_key(subscription_id: str) -> str:
    """Use the subscription id itself, as Azure writes it; hash any other text, which also keeps ``_control`` apart."""
    if _PLAIN_SUBSCRIPTION.fullmatch(subscription_id):
        return subscription_id
    return f"other|{fingerprint(subscription_id)}"


def state_key(key: str) -> str:
    """Name the state row of a scale set within its partition."""
    return f"state|{fingerprint(key)}"


def record_key(name: str) -> str:
    """Name a control record within the control partition."""
    return f"record|{fingerprint(name)}"


def day(moment: datetime) -> str:
    """Write the day of a moment, in UTC, so that keys sort by it."""
    return moment.astimezone(UTC).strftime("%Y%m%d")


def sent_key(event_key: str, sent_at: datetime) -> str:
    """Name an outbox entry after it was sent: its day comes first, so that a purge is a range of keys."""
    return f"sent|{day(sent_at)}|{event_key.removeprefix('event|')}"


def unsent_key(sent_row_key: str) -> str:
    """Name a sent entry as it was named before. Raises ``ValueError`` where it is not the name of one."""
    _, _, name = sent_row_key.split("|", 2)
    return f"event|{name}"


def row_name_of(entity: Mapping[str, object]) -> str:
    """Name a row by its two keys."""
    return f"{entity.get('PartitionKey')}/{entity.get('RowKey')}"


def state_entity(row: StateRow) -> Entity:
    """Write a state row. Raises ``StoreError`` when it does not fit into 1 MiB, compressed."""
    entity: Entity = {
        "PartitionKey": partition_key(row.subscription_id),
        "RowKey": state_key(row.key),
        "Revision": row.revision,
        "SchemaVersion": row.schema_version,
    }
    put_text(entity, "SubscriptionId", row.subscription_id)
    put_text(entity, "Key", row.key)
    put_text(entity, "CommitId", row.commit_id)
    put_text(entity, "Body", row.body)
    put_text(entity, "Glance", row.glance)
    put_text(entity, "Tally", row.tally)
    return _fitting(entity, f"the state of {row.key!r}")


def read_state(entity: Mapping[str, object]) -> StateRow:
    """Read a state row. Raises ``StoreError`` when it is none."""
    with readable(entity):
        return StateRow(
            subscription_id=get_text(entity, "SubscriptionId"),
            key=get_text(entity, "Key"),
            revision=get_int(entity, "Revision"),
            commit_id=get_text(entity, "CommitId"),
            schema_version=get_int(entity, "SchemaVersion"),
            body=get_text(entity, "Body"),
            glance=header_text(entity, "Glance"),
            tally=header_text(entity, "Tally"),
        )


def header_text(entity: Mapping[str, object], name: str) -> str:
    """Read a part of a header; one that is missing or damaged is made anew from the state."""
    try:
        return get_text(entity, name)
    except (KeyError, TypeError, ValueError, zlib.error):
        return ""


def record_entity(name: str, value: str) -> Entity:
    """Write a control record. Raises ``RecordTooLargeError`` when it does not fit into 1 MiB, compressed."""
    entity: Entity = {"PartitionKey": CONTROL, "RowKey": record_key(name)}
    put_text(entity, "Name", name)
    put_text(entity, "Value", value)
    try:
        return _fitting(entity, f"the record {name!r}")
    except StoreError as error:
        raise RecordTooLargeError(str(error)) from error


def read_record(entity: Mapping[str, object]) -> str:
    """Read the value of a control record; one that is damaged is the empty text, which is no record of any kind."""
    try:
        with readable(entity):
            return get_text(entity, "Value")
    except StoreError:
        return ""


def entry_entities(partition: str, name: str, revision: int, events: Sequence[Event]) -> list[Entity]:
    """Write an outbox entry, in as many parts as it takes; ``Entry`` names it wherever its row has moved.

    Raises ``StoreError`` when one event alone does not fit, or holds what is not plain JSON.
    """
    entities = []
    for part, text in enumerate(_parts(events) if events else ()):
        entity: Entity = {
            "PartitionKey": partition,
            "RowKey": f"event|{name}|{revision:010d}|{part:04d}",
            "Entry": name,
        }
        put_text(entity, "Events", text)
        entities.append(_fitting(entity, f"event {events[0].event_id!r}"))
    return entities


def read_entry(entity: Mapping[str, object]) -> tuple[tuple[Event, ...], frozenset[str]]:
    """Read the events of an entry, and the ids of those already accepted. Raises ``StoreError`` when it is none."""
    with readable(entity):
        events = decode_events(get_text(entity, "Events"))
        return events, decode_ids(get_text(entity, "Accepted")) if has_text(entity, "Accepted") else frozenset()


def read_sent(entity: Mapping[str, object]) -> tuple[str, tuple[Event, ...]]:
    """Read when an entry was wholly sent, as ``utc_text`` writes it, and its events. Raises ``StoreError`` when it is none."""
    with readable(entity):
        unsent_key(str(entity["RowKey"]))
        return get_text(entity, "SentAt"), read_entry(entity)[0]


def put_text(entity: Entity, name: str, text: str) -> None:
    """Set a property to text, in the clear if it is short and printable, else compressed and split."""
    if text.isprintable() and len(text.encode("utf-16-le")) <= 2 * _PROPERTY_CHARACTERS:
        entity[name] = text
        return
    packed = zlib.compress(text.encode("utf-8", "surrogatepass"))
    for number, start in enumerate(range(0, len(packed), _PROPERTY_BYTES)):
        entity[f"{name}{number}"] = packed[start : start + _PROPERTY_BYTES]


def get_text(entity: Mapping[str, object], name: str) -> str:
    """Read a property that ``put_text`` set. Raises ``KeyError``, ``TypeError``, ``ValueError`` or ``zlib.error``."""
    plain = entity.get(name)
    if isinstance(plain, str):
        return plain
    pieces: list[bytes] = []
    while isinstance(piece := entity.get(f"{name}{len(pieces)}"), bytes):
        pieces.append(piece)
    if not pieces:
        raise KeyError(name)
    return zlib.decompress(b"".join(pieces)).decode("utf-8", "surrogatepass")


def has_text(entity: Mapping[str, object], name: str) -> bool:
    """Whether ``put_text`` set the property."""
    return name in entity or f"{name}0" in entity


def without_text(entity: Mapping[str, object], name: str) -> Entity:
    """Copy a row without one property, however many pieces that is in."""
    pieces = re.compile(f"{name}[0-9]*")
    return {
        each: value
        for each, value in entity.items()
        if isinstance(value, str | int | bytes) and not pieces.fullmatch(each)
    }


@contextmanager
def readable(entity: Mapping[str, object]) -> Iterator[None]:
    """Turn what reading a damaged row throws into a ``StoreError`` that names the row."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RecursionError, zlib.error) as error:
        raise StoreError(
            f"the row {entity.get('PartitionKey')!r} / {entity.get('RowKey')!r} cannot be read"
            f" ({type(error).__name__}: {plain(str(error), 200)})"
        ) from error


def _parts(events: Sequence[Event]) -> list[str]:
    try:
        text = encode_events(events)
    except (ValueError, TypeError) as error:
        raise StoreError(f"event {events[0].event_id!r} or one after it is not plain JSON: {error}") from error
    if len(text) <= _PART_BYTES or len(zlib.compress(text.encode())) <= _PART_BYTES or len(events) == 1:
        return [text]
    middle = len(events) // 2
    return _parts(events[:middle]) + _parts(events[middle:])


def _fitting(entity: Entity, what: str) -> Entity:
    size = 4 + sum(8 + 2 * len(name) + _size(value) for name, value in entity.items())
    if size > _ENTITY_BYTES:
        raise StoreError(f"{what} takes {size:,} bytes, compressed; the limit of a row is {_ENTITY_BYTES:,}")
    return entity


def _size(value: str | int | bytes) -> int:
    match value:
        case str():
            return 4 + len(value.encode("utf-16-le"))
        case bytes():
            return 4 + len(value)
        case int():
            return 8


def get_int(entity: Mapping[str, object], name: str) -> int:
    """Read a number. Raises ``KeyError`` or ``TypeError``."""
    value = entity[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is no number")
    return value
