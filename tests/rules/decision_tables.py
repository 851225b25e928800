"""The decision tables: rows of documents and the outcomes that a rule gives them."""

import copy
import json
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.adapters.published_lists import read_published_lists
from scanner.facts.depth import NOT_READ, Depth, ScaleSet
from scanner.facts.groups import groups_of
from scanner.judging.exemption_file import parse_exemptions
from scanner.judging.judge import Judgement, judge
from scanner.judging.policy_file import parse_policy
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules.cards import card_of
from scanner.rules.criteria import Criteria
from scanner.rules.verdict import Outcome
from tests.rules.depth_rows import depth_of

TABLES = Path(__file__).parent / "tables"
NOW = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
PUBLISHED = read_published_lists()


@dataclass(frozen=True)
class Row:
    rule_id: str
    case: str
    outcome: Outcome
    document: dict[str, Any]
    policy: str
    exemptions: str
    depth: Depth = NOT_READ
    others: tuple[tuple[dict[str, Any], Depth], ...] | None = None
    """Documents, and what was read beside them, of the other scale sets of its fleet; ``None``: the last scan left none."""

    def judged(self) -> Judgement:
        judged_by = criteria(self.policy, self.exemptions)
        return judge(parse_scale_set(self.document), judged_by, self._beside(judged_by))

    def _beside(self, judged_by: Criteria) -> Depth:
        if self.others is None:
            return self.depth
        cards = [
            card_of(ScaleSet(posture=parse_scale_set(document), depth=depth), judged_by)
            for document, depth in ((self.document, self.depth), *self.others)
        ]
        return replace(self.depth, groups=groups_of(cards))


def criteria(policy: str = "", exemptions: str = "", now: datetime = NOW) -> Criteria:
    """Make criteria of the texts of a policy and of an exemption file."""
    return Criteria(
        policy=parse_policy(policy, "policy.toml"),
        exemptions=parse_exemptions(exemptions, "exemptions.toml"),
        published=PUBLISHED,
        version="test",
        moment=now,
    )


def base() -> dict[str, Any]:
    """Read the document that every row starts from."""
    document: dict[str, Any] = json.loads((TABLES / "base.json").read_text(encoding="utf-8"))
    return document


def rows() -> list[Row]:
    """Read all tables."""
    start = base()

    def depth_beside(row: dict[str, Any]) -> Depth:
        document = _changed(start, row.get("set", {}), row.get("unset", []))
        return depth_of(row.get("depth", {}), document, criteria(row.get("policy", "")))

    return [
        Row(
            rule_id=path.stem,
            case=row["case"],
            outcome=Outcome(row["outcome"]),
            document=_changed(start, row.get("set", {}), row.get("unset", [])),
            policy=row.get("policy", ""),
            exemptions=row.get("exemptions", ""),
            depth=depth_beside(row),
            others=_others(start, row["others"]) if "others" in row else None,
        )
        for path in sorted(TABLES.glob("*.toml"))
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["row"]
    ]


def _others(start: dict[str, Any], others: list[dict[str, Any]]) -> tuple[tuple[dict[str, Any], Depth], ...]:
    """Make each other scale set: the base document under another name, with its own changes and depth."""
    folder = start["id"].rpartition("/")[0]
    made = []
    for other in others:
        changes = {name: value for name, value in other.items() if name != "depth"}
        document = _changed(start, {"id": f"{folder}/{other['name']}", **changes}, [])
        made.append((document, depth_of(other.get("depth", {}), document, criteria())))
    return tuple(made)


def changed(changes: dict[str, Any] | None = None, *unset: str) -> dict[str, Any]:
    """Change the base document at these paths, and take others out."""
    return _changed(base(), changes or {}, list(unset))


def _changed(start: dict[str, Any], changes: dict[str, Any], unset: list[str]) -> dict[str, Any]:
    document = copy.deepcopy(start)
    for path in unset:
        *parents, last = path.split(".")
        block = document
        for name in parents:
            block = block[name]
        del block[last]
    for path, value in changes.items():
        *parents, last = path.split(".")
        block = document
        for name in parents:
            block = block.setdefault(name, {})
        block[last] = copy.deepcopy(value)
    return document
