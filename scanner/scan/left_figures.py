"""The figures by place of a shard, handed to the end of the scan through the store: too many for what an engine carries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scanner.errors import LeaseLostError, RecordTooLargeError, UnreadableError
from scanner.facts.evidence import JsonValue
from scanner.ports.store import StateStore
from scanner.scan.shards import ShardReport
from scanner.scan.travel import report_from, report_to_json
from scanner.state.compact import compact, read_compact
from scanner.state.tally import Numbers

RECORD = "figures."
"""Followed by the number of the shard; each scan writes it anew."""
_WHERE = "figures_of"


def leave_report(store: StateStore, scan_id: str, report: ShardReport) -> dict[str, JsonValue]:
    """Write a report down, its figures by place into the store."""
    places = report.numbers.places
    name = f"{RECORD}{report.shard.number}"
    try:
        store.put_records({name: compact([scan_id, dict(places)])}, holder=scan_id)
    except RecordTooLargeError:  # an engine may take what the store does not
        return report_to_json(report)
    except LeaseLostError as error:
        return report_to_json(replace(report, failure=error))
    without = replace(report, numbers=_with(report.numbers, Counter()))
    return {**report_to_json(without), _WHERE: name}


def take_report(store: StateStore, scan_id: str, body: Mapping[str, Any]) -> ShardReport:
    """Read what ``leave_report`` wrote. Raises ``UnreadableError`` when the store has no figures of this scan."""
    report = report_from(body)
    if _WHERE not in body:
        return report
    try:
        written_by, places = read_compact(store.get_record(str(body[_WHERE])) or "")
    except (ValueError, TypeError) as error:
        raise UnreadableError(f"The record {body[_WHERE]} cannot be read.") from error
    if written_by != scan_id:
        raise UnreadableError(f"The record {body[_WHERE]} is of another scan.")
    return replace(report, numbers=_with(report.numbers, Counter(places)))


def _with(numbers: Numbers, places: Counter[str]) -> Numbers:
    return Numbers(**{name: places if name == "places" else getattr(numbers, name) for name in Numbers.__slots__})
