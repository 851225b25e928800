"""The catalogue together with the operator's own rules, as criteria carry them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.rules import RULES, Rule, known_id, rule_by_id
from scanner.rules.criteria import Criteria
from scanner.rules.own_fact import turns_at
from scanner.rules.own_facts import fact_named
from scanner.rules.own_rule import OwnRule, answer
from scanner.rules.remediation.edits import Plan
from scanner.rules.verdict import Answer


def rules_of(own: tuple[OwnRule, ...]) -> tuple[Rule, ...]:
    """List all rules that judge: the catalogue, then the operator's own, each sorted by id."""
    return (*RULES, *own_rules(own)) if own else RULES


def find_rule(id_or_name: str, own: tuple[OwnRule, ...]) -> Rule:
    """Find a rule by its id or name, without case. Raises ``KeyError`` when there is none."""
    for rule in own_rules(own):
        if id_or_name.lower() in (rule.id.lower(), rule.name):
            return rule
    return rule_by_id(id_or_name)


def known_with(id_or_name: str, own: Sequence[OwnRule]) -> str:
    """Find the id of a rule, also of a reserved one, by id or name, without case. Raises ``KeyError``: there is none."""
    for rule in own:
        if id_or_name.lower() in (rule.id.lower(), rule.name):
            return rule.id
    return known_id(id_or_name)


@lru_cache(maxsize=64)
def own_rules(own: tuple[OwnRule, ...]) -> tuple[Rule[ScaleSet], ...]:
    """Make rules of the operator's own, sorted by id."""
    return tuple([_as_rule(rule) for rule in sorted(own, key=lambda rule: rule.id)])


def _as_rule(own: OwnRule) -> Rule[ScaleSet]:
    def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
        def read(name: str) -> JsonValue:
            fact = fact_named(name)
            return None if fact is None else fact.read(scale_set, criteria)

        turns = min(_turns(own, scale_set, criteria.moment), default=None)
        return answer(own, read)._replace(holds_until=turns)

    def remediation(_posture: Posture, _criteria: Criteria) -> Plan:
        return Plan(note=own.remediation)

    return Rule(
        id=own.id,
        name=own.name,
        severity=own.severity,
        title=own.title,
        rationale=own.rationale,
        remediation=remediation,
        arm_properties=_paths(own),
        references=own.references,
        check=check,
        documentation=own.rationale,
        is_own=True,
    )


def _turns(own: OwnRule, scale_set: ScaleSet, moment: datetime) -> Iterator[datetime]:
    """Yield the moments at which a comparison of days may have another answer, though nothing else changes."""
    for each in own.comparisons:
        fact = fact_named(each.fact)
        since = None if fact is None or fact.counts_from is None else fact.counts_from(scale_set)
        if since is not None:
            values = each.value if isinstance(each.value, tuple) else (each.value,)
            yield from turns_at(since, [value for value in values if isinstance(value, int | float)], moment)


def _paths(own: OwnRule) -> tuple[str, ...]:
    """Say where Azure keeps what a rule reads."""
    found = [fact_named(name) for name in own.facts]
    return tuple(dict.fromkeys([path for fact in found if fact is not None for path in fact.paths]))
