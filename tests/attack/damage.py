"""Rows that are damaged, of every kind, in both stores: one is set aside and told, and stops nothing else."""

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import UpdateMode

from scanner.adapters.stores.table_rows import CONTROL, get_text, put_text, without_text
from tests.attack.cycle import PATIENCE, STEPS, Cycle
from tests.attack.faults import FAULTS
from tests.attack.proxy import Proxy
from tests.attack.victims import Command, Deployed
from tests.scale_sets import scale_set_id

STEPS_BESIDE = (STEPS[0], STEPS[5])
"""Changes of a scale set whose row is whole."""
SETTLING = 2
"""Scans after which all is told: what is compared between scale sets comes with the second."""
HURT = "billing"
"""The scale set whose row is damaged."""
KEY = scale_set_id(HURT).lower()
TEXTS: Mapping[str, str] = {
    "nothing": "", "[]": "[]", "{}": "{}", "null": "null", "a number": "5", "text": '"x"', "half": '{"id": "/sub',
    "deep nesting": "[" * 100_000, "half a character": '"\\ud800"', "NaN": "NaN", "many digits": "1" * 5_000,
}  # fmt: skip
VALUES: Mapping[str, Any] = {
    "a number": 5,
    "a list": [1],
    "an object": {"a": [1]},
    "null": None,
    "text": "x",
    "true": True,
}

type Case = tuple[str, Callable[[], None], Callable[[], None]]
"""What is damaged, the damage, and its repair."""


def play(cycle: Cycle, proxy: Proxy, is_chosen: Callable[[str], bool]) -> None:
    """Damage a row, change another scale set, scan, repair the row, and compare what was told of the others."""
    victim = cycle.victim
    cases = (
        _of_table(victim) if isinstance(victim, Deployed) else _of_file(victim) if isinstance(victim, Command) else ()
    )
    for what, damage, repair in cases:
        cycle.verdict.figures["rows that could be damaged"] += 1
        if not is_chosen(what):
            continue
        hold_back = what.startswith("outbox")

        def disturb(where: str, what: str = what, damage: Callable[[], None] = damage, repair: Callable[[], None] = repair, hold_back: bool = hold_back) -> None:  # noqa: FBT001  # fmt: skip
            if hold_back and isinstance(victim, Deployed):
                proxy.begin(lambda asked: FAULTS["503, Retry-After 0"] if asked.endpoint == "ingestion" else None)
                cycle.settle(where, scans=1)
                proxy.begin()
            damage()
            _scan(cycle, f"{what} ({where})")
            repair()

        _step(cycle, disturb, f"damaged: {what}", tolerant=hold_back)


def _step(cycle: Cycle, disturb: Callable[[str], None], where: str, *, tolerant: bool) -> None:
    """Play a step of the cycle; what is told of the damaged scale set itself may be its beginning anew."""
    verdict, before = cycle.verdict, Counter(cycle.verdict.wrong)
    seen = len(verdict.findings)
    cycle.step(disturb)
    for finding in verdict.findings[seen:]:
        is_lost_entry = tolerant and finding.startswith("lost")
        is_of_damaged = f"'{HURT}'" in finding and any(
            kind in finding for kind in ("discovered", "false finding.opened")
        )
        if is_lost_entry or is_of_damaged:
            kind = finding.partition(":")[0]
            verdict.wrong[kind] -= 1
            verdict.figures["events of what was damaged"] += 1
            verdict.findings.remove(finding)
    verdict.wrong = +verdict.wrong
    verdict.figures["rows damaged"] += 1
    if verdict.wrong != before:
        verdict.findings[seen:] = [f"{finding} [{where}]" for finding in verdict.findings[seen:]]


def _scan(cycle: Cycle, where: str) -> None:
    run = cycle.victim.start()
    code = run.wait(PATIENCE)
    if code == 75 or (code == 2 and "another scan" in run.said):
        cycle.verdict.found("kept out", where, run.said[-200:])
    elif code not in (0, 3):
        cycle.verdict.found("stopped by one row", where, f"exit {code}: {run.said.strip()[-300:]}")
    cycle.check_row(run, where)


def bodies(text: str) -> Iterator[tuple[str, str]]:
    """Yield every damage of a JSON text: other texts, and each of its keys missing or of another type."""
    yield from TEXTS.items()
    whole = json.loads(text)
    items = whole if isinstance(whole, dict) else {}
    for name in items:
        yield f"without {name}", json.dumps({key: value for key, value in items.items() if key != name})
        for kind, value in VALUES.items():
            yield f"{name} is {kind}", json.dumps(items | {name: value})


# Table Storage


def _of_table(victim: Deployed) -> Iterator[Case]:  # noqa: C901 - one list, row kind by row kind
    client = victim.table_client()

    def rows(kind: str) -> list[dict[str, Any]]:
        return [dict(entity) for entity in client.list_entities() if str(entity["RowKey"]).startswith(kind)]

    state = next(row for row in rows("state|") if get_text(row, "Key") == KEY)

    def put(entity: Mapping[str, Any]) -> Callable[[], None]:
        def write() -> None:
            client.upsert_entity(dict(entity), mode=UpdateMode.REPLACE)

        return write

    def drop(entity: Mapping[str, Any]) -> Callable[[], None]:
        def delete() -> None:
            with suppress(ResourceNotFoundError):
                client.delete_entity(str(entity["PartitionKey"]), str(entity["RowKey"]))

        return delete

    def nothing() -> None:
        """Leave it: the service writes it again."""

    for name in ("Revision", "SchemaVersion", "Key", "CommitId", "SubscriptionId", "Body"):
        yield f"state without {name}", put(without_text(state, name)), put(state)
        yield f"state, {name} of another type", put(without_text(state, name) | {name: 2.5}), put(state)
    for what, text in bodies(get_text(state, "Body")):
        changed: dict[str, Any] = dict(without_text(state, "Body"))
        put_text(changed, "Body", text)
        yield f"state, body: {what}", put(changed), put(state)
    yield "state, body cut", put(without_text(state, "Body") | {"Body0": zlib.compress(b"{}")[:5]}), put(state)
    for prefix in ("state|x", "event|x", "sent|x", "sent|20260101|x|0000000001|0000", "record|x", "x"):
        for partition in (str(state["PartitionKey"]), CONTROL):
            foreign = {"PartitionKey": partition, "RowKey": prefix, "Other": 1}
            yield f"a foreign row {prefix} in {partition}", put(foreign), drop(foreign)
    for record in rows("record|"):
        name = get_text(record, "Name")
        if _is_empty_bucket(name, get_text(record, "Value")):
            continue
        yield f"record {name} without a value", put(without_text(record, "Value")), nothing
        for what, text in bodies(get_text(record, "Value")):
            changed = dict(without_text(record, "Value"))
            put_text(changed, "Value", text)
            yield f"record {name}: {what}", put(changed), nothing
    lease = {"PartitionKey": CONTROL, "RowKey": "lease"}
    far = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="microseconds")
    ends: dict[str, dict[str, str | int]] = {
        "without columns": {}, "without an end": {"Holder": "x"}, "without a holder": {"Ends": far},
        "an end that is no time": {"Holder": "x", "Ends": "zzz"}, "an end in two days": {"Holder": "x", "Ends": far},
        "an end that is a number": {"Holder": "x", "Ends": 5},
    }  # fmt: skip
    for what, columns in ends.items():
        yield f"lease: {what}", put({**lease, **columns}), drop(lease)
    yield from _outbox_of_table(rows, put)


def _outbox_of_table(
    rows: Callable[[str], list[dict[str, Any]]], put: Callable[[Mapping[str, Any]], Callable[[], None]]
) -> Iterator[Case]:
    """Entries are there only while Log Analytics is out of reach: the last one is damaged, and stays so to the end."""
    texts = {**TEXTS, "columns is a list": '[{"id": "x", "table": "VmssPostureEvents_CL", "columns": [1]}]',
             "an unknown table": '[{"id": "x", "table": "Other_CL", "columns": {}}]', "id is a number": '[{"id": 5}]'}  # fmt: skip
    kept: list[Mapping[str, Any]] = []

    def damage(text: str) -> Callable[[], None]:
        def write() -> None:
            for entry in rows("event|")[-1:]:
                changed: dict[str, Any] = dict(without_text(entry, "Events"))
                put_text(changed, "Events", text)
                kept[:] = [entry]
                put(changed)()

        return write

    def repair() -> None:
        for entry in kept:
            put(entry)()

    for what, text in texts.items():
        yield f"outbox: {what}", damage(text), repair


# SQLite


def _of_file(victim: Command) -> Iterator[Case]:
    def run(statement: str, *values: object) -> Callable[[], None]:
        def execute() -> None:
            with closing(sqlite3.connect(victim.state, timeout=10)) as db, db:
                db.execute(statement, values)

        return execute

    with closing(sqlite3.connect(victim.state)) as db:
        (body, revision, commit) = db.execute("SELECT body, revision, commit_id FROM state WHERE key = ?", (KEY,)).fetchone()  # fmt: skip
        records = db.execute("SELECT name, value FROM record").fetchall()
    set_body, set_revision = "UPDATE state SET body = ? WHERE key = ?", "UPDATE state SET revision = ? WHERE key = ?"
    for what, text in bodies(_text(body)):
        yield f"state, body: {what}", run(set_body, text, KEY), run(set_body, body, KEY)
    yield "state, body of bytes", run(set_body, b"\xff\x00", KEY), run(set_body, body, KEY)
    yield "state, revision is text", run(set_revision, "x", KEY), run(set_revision, revision, KEY)
    yield "state, commit is bytes", run("UPDATE state SET commit_id = ? WHERE key = ?", b"\xff", KEY), run(
        "UPDATE state SET commit_id = ? WHERE key = ?", commit, KEY
    )  # fmt: skip
    for name, value in records:
        if _is_empty_bucket(_text(name), _text(value)):
            continue
        for what, text in bodies(_text(value)):
            yield (
                f"record {_text(name)}: {what}",
                run("UPDATE record SET value = ? WHERE name = ?", text, name),
                lambda: None,
            )
    add, drop = (
        "INSERT OR REPLACE INTO outbox VALUES (1000000, 'x', 1, ?, '[]', NULL)",
        "DELETE FROM outbox WHERE id = 1000000",
    )
    for what, text in TEXTS.items():
        yield f"a foreign entry in the outbox: {what}", run(add, text), run(drop)
    lease = "INSERT OR REPLACE INTO lease VALUES (1, 'x', ?, 0)"
    far = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="microseconds")
    for what, ends in {"an end in two days": far, "an end that is no time": "zzz"}.items():
        yield f"lease: {what}", run(lease, ends), run("DELETE FROM lease")


def _is_empty_bucket(name: str, value: str) -> bool:
    """Whether a record is one of many that are alike, and hold nothing: others stand for it."""
    return name.startswith("groups.") and value == "[]"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")
