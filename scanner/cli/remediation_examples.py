"""Example scale sets that fail a rule, and their remediations: what ``explain`` and the rules' pages show."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from scanner.adapters.published_lists import read_published_lists
from scanner.judging.judge import Judgement, judge
from scanner.judging.policy_file import parse_policy
from scanner.judging.remediation import remediation_for
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import Rule
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import ExemptionBook
from scanner.rules.remediation import Remediation

_FILE = "remediation-examples.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A scale set that fails a rule."""

    case: str
    """How it fails, in a few words."""
    document: Mapping[str, Any]
    """In ARM's shape."""
    judgement: Judgement
    remediation: Remediation


def examples_of(rule: Rule) -> list[Example]:
    """Read the examples of a rule and compute their remediations; a rule may have none."""
    known = json.loads(files("scanner").joinpath("data", _FILE).read_text(encoding="utf-8"))
    return [_example(rule, known["base"], row) for row in known["examples"].get(rule.id, ())]


def _example(rule: Rule, base: Mapping[str, Any], row: Mapping[str, Any]) -> Example:
    document = copy.deepcopy(dict(base))
    for path, value in row["set"].items():
        *parents, last = path.split(".")
        block = document
        for name in parents:
            block = block.setdefault(name, {})
        block[last] = value
    criteria = Criteria(
        policy=parse_policy(row.get("policy", ""), _FILE),
        exemptions=ExemptionBook(),
        published=read_published_lists(),
        version="examples",
        moment=datetime(2026, 1, 1, tzinfo=UTC),
    )
    judgement = judge(parse_scale_set(document), criteria)
    return Example(
        case=row["case"], document=document, judgement=judgement, remediation=remediation_for(rule, judgement)
    )
