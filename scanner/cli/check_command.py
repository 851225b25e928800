"""``vmss-posture check``: judge exported scale sets, offline."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

from scanner.adapters.criteria_files import read_criteria
from scanner.cli import EXIT_FAILED, EXIT_FINDINGS, EXIT_OK
from scanner.cli.progress import progress
from scanner.errors import MonitorError
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.judging.judge import Judgement, judge
from scanner.plain_text import plain
from scanner.reading.documents import scale_sets_in
from scanner.reading.posture_rows import UnreadableRowError, parse_scale_set
from scanner.rules.exemption import Exemption
from scanner.rules.verdict import Severity

_WORST_FIRST = tuple(Severity)


def run(options: argparse.Namespace) -> int:
    """Judge every scale set of every file, in order; print as asked; answer the exit code."""
    day = options.at or datetime.now(UTC).date()
    criteria = read_criteria(options.policy, options.exemptions, datetime.combine(day, time(), UTC))
    judgements: list[Judgement] = []
    problems: list[str] = []
    with progress("Judging scale sets") as advance:
        for name in options.files:
            for item in _read(name, problems):
                try:
                    judgements.append(judge(_posture_of(item), criteria))
                except UnreadableRowError as error:
                    problems.append(f"{name}: {error}")
                advance(len(judgements))
    if options.format == "json":
        _print_json(judgements)
    else:
        from scanner.cli.check_report import print_check

        print_check(judgements)
    for problem in problems:
        sys.stderr.write(f"vmss-posture: {plain(problem, 1000)}\n")
    if problems:
        return EXIT_FAILED
    return EXIT_FINDINGS if _fails(judgements, options.fail_on) else EXIT_OK


def _posture_of(item: object) -> Posture:
    """Read a posture. A document may leave the resource id out, as templates do: it can be judged all the same."""
    if not isinstance(item, dict):
        raise UnreadableRowError(f"A scale set is a JSON object; this is {type(item).__name__}.")
    try:
        return parse_scale_set(item)
    except UnreadableRowError:
        if not any(name in item for name in ("id", "name", "properties", "virtualMachineProfile", "upgradePolicy")):
            raise
        identifier, name = item.get("id"), item.get("name")
        posture = parse_scale_set({**item, "id": _SOME_ID})
        return replace(
            posture,
            scale_set_id=identifier if isinstance(identifier, str) else "",
            name=name if isinstance(name, str) else "",
            subscription_id="",
            resource_group="",
        )


_SOME_ID = "/subscriptions/-/resourceGroups/-/providers/Microsoft.Compute/virtualMachineScaleSets/-"


def _fails(judgements: list[Judgement], fail_on: str) -> bool:
    if fail_on == "never":
        return False
    worse = _WORST_FIRST[: _WORST_FIRST.index(Severity(fail_on)) + 1]
    return any(verdict.severity in worse for judgement in judgements for verdict in judgement.open_verdicts)


def _read(name: str, problems: list[str]) -> Iterator[object]:
    """Yield the scale sets of one file; what is wrong with the file goes to the problems, and loses nothing of the rest."""
    try:
        text = _text(name)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{name} cannot be read: {error}. It must be UTF-8; in PowerShell: | Out-File -Encoding utf8")
        return
    found = False
    for document in _documents(name, text, problems):
        found = found or document in ([], {"value": []}, {"data": []})
        try:
            for item in scale_sets_in(document):
                found = True
                yield item
        except MonitorError as error:
            found = True
            problems.append(f"{name}: {error}")
    if not found:
        problems.append(f"{name} holds no scale set. {_HOW_TO_EXPORT}")


_HOW_TO_EXPORT = "Export with: az vmss list --output json"


def _text(name: str) -> str:
    if name != "-":
        return Path(name).read_text(encoding="utf-8-sig")
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.buffer.read().decode("utf-8-sig")


def _documents(name: str, text: str, problems: list[str]) -> Iterator[object]:
    """Read JSON, or JSON Lines where the text has several documents; a line that is none is told, alone."""
    try:
        yield json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            problems.append(f"{name} is not JSON: {error}. {_HOW_TO_EXPORT}")
            return
    except (ValueError, RecursionError) as error:
        problems.append(f"{name} is not JSON: {error}. {_HOW_TO_EXPORT}")
        return
    else:
        return
    # Not splitlines: a value may hold other characters that end a line elsewhere.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line, parse_int=_integer)
            except (ValueError, RecursionError) as error:
                problems.append(f"{name}, line {number}, is not JSON: {error}.")


def _integer(digits: str) -> int | float:
    """Read a whole number; one of hundreds of digits is beyond every limit, and as good as infinite."""
    return int(digits) if len(digits) < 300 else float(digits)


def _print_json(judgements: list[Judgement]) -> None:
    """Write a list of objects, one a line, so that a large answer can be read and compared."""
    write = sys.stdout.write
    write("[")
    for index, judgement in enumerate(judgements):
        write(",\n" if index else "\n")
        write(json.dumps(_as_json(judgement), ensure_ascii=True))
    write("\n]\n" if judgements else "]\n")


def _as_json(judgement: Judgement) -> Mapping[str, JsonValue]:
    return {
        "scale_set_id": judgement.posture.scale_set_id or None,
        "name": judgement.posture.name,
        "upgrades_itself": judgement.upgrades_itself.value,
        "blocked_by": list(judgement.blocked_by),
        "missing": list(judgement.missing),
        "managed_by": judgement.managed_by,
        "verdicts": [
            {
                "rule_id": verdict.rule_id,
                "outcome": verdict.outcome.value,
                "severity": verdict.severity.value,
                "reason": verdict.reason,
                "evidence": [{"path": item.path, "value": item.value} for item in verdict.evidence],
                "exemption": _exemption_json(judgement.exempted.get(verdict.rule_id)),
            }
            for verdict in judgement.verdicts
        ],
    }


def _exemption_json(exemption: Exemption | None) -> JsonValue:
    if exemption is None:
        return None
    return {
        "until": exemption.until.isoformat(),
        "reason": exemption.reason,
        "owner": exemption.owner,
        "source": exemption.source,
    }
