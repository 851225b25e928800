"""What runs, for ``check --against``: an export, a report of ours, or the state file of a scan."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from scanner.errors import MonitorError, SettingsError
from scanner.facts.compared import compared_facts
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement
from scanner.reading.documents import scale_sets_in
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.rules.verdict import Outcome
from scanner.state.comparison import Fleet, Running

_SQLITE = b"SQLite format 3\0"


def read_fleet(path: Path, judge: Callable[[Posture], Judgement]) -> Fleet:
    """Read what runs. ``judge`` judges one posture by the criteria of the check.

    Raises ``SettingsError``: the file cannot be read, or holds nothing to compare with.
    """
    try:
        with path.open("rb") as file:
            is_state = file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise SettingsError(f"--against {path} cannot be read: {error.strerror or error}.") from error
    found = list(_of_state(path) if is_state else _of_documents(path, judge))
    if not found:
        raise SettingsError(f"--against {path} holds no scale set to compare with.")
    return Fleet(found)


def _of_state(path: Path) -> Iterator[Running]:
    from scanner.adapters.stores.sqlite_store import SqliteStore
    from scanner.errors import StoreError
    from scanner.state.text import decode

    try:
        # A copy: opening the store may write, and the file may be another program's.
        with TemporaryDirectory() as folder:
            copied = Path(folder) / "state.sqlite"
            for ending in ("", "-wal"):
                if Path(f"{path}{ending}").exists():
                    shutil.copyfile(f"{path}{ending}", f"{copied}{ending}")
            store = SqliteStore(copied)
            try:
                states = [decode(stored.row) for stored in store.load()]
            finally:
                store.close()
    except (StoreError, OSError) as error:
        raise SettingsError(f"--against {path} is not the state of a scan: {error}") from error
    for state in states:
        if state.removed_at is not None:
            continue
        identity = state.identity
        yield Running(
            key=identity.scale_set_id.lower(),
            name=identity.name,
            resource_group=identity.resource_group,
            facts=state.facts,
            open_rules=frozenset(state.open_findings),
            failed_paths={rule: _paths(finding.evidence) for rule, finding in state.open_findings.items()},
            upgrades_itself=state.upgrades_itself,
        )


def _of_documents(path: Path, judge: Callable[[Posture], Judgement]) -> Iterator[Running]:
    from scanner.cli.input_files import documents_in

    problems: list[str] = []
    for document in documents_in(str(path), problems):
        if isinstance(document, dict) and "judged_by" in document and isinstance(document.get("scale_sets"), list):
            yield from (_of_report(item) for item in document["scale_sets"] if isinstance(item, dict))
            continue
        try:
            for item in scale_sets_in(document):
                yield _of_judgement(judge(parse_scale_set(item)))
        except (MonitorError, UnreadableRowError) as error:
            raise SettingsError(f"--against {path}: {error}") from error
    if problems:
        raise SettingsError(f"--against: {problems[0]}")


def _of_judgement(judgement: Judgement) -> Running:
    posture = judgement.posture
    return Running(
        key=posture.key,
        name=posture.name,
        resource_group=posture.resource_group,
        facts=compared_facts(posture),
        open_rules=frozenset(judgement.open_rules),
        failed_paths={
            verdict.rule_id: {item.path: item.value for item in verdict.evidence} for verdict in judgement.open_verdicts
        },
        upgrades_itself=judgement.upgrades_itself.value,
    )


def _of_report(item: Mapping[str, JsonValue]) -> Running:
    verdicts = item.get("verdicts")
    rules = [rule for rule in verdicts if isinstance(rule, dict)] if isinstance(verdicts, list) else []
    opened = {
        str(rule.get("rule_id")): _paths(rule.get("evidence"))
        for rule in rules
        if rule.get("outcome") == Outcome.FAILED.value and rule.get("exemption") is None
    }
    facts = item.get("facts")
    return Running(
        key=str(item.get("scale_set_id") or "").lower(),
        name=str(item.get("name") or ""),
        resource_group=str(item.get("resource_group") or ""),
        facts=facts if isinstance(facts, dict) else {},
        open_rules=frozenset(opened),
        failed_paths=opened,
        upgrades_itself=str(item.get("upgrades_itself") or ""),
    )


def _paths(evidence: object) -> dict[str, JsonValue]:
    items = evidence if isinstance(evidence, list | tuple) else []
    return {str(item.get("path")): item.get("value") for item in items if isinstance(item, Mapping)}
