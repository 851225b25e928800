"""The operator's own rules, read from TOML: ``[[rule]]`` tables with a condition over documented facts, and cases."""

import re
from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.judging.own_conditions import WrongConditionError, is_of, read_condition
from scanner.judging.toml_text import read_toml, unusable
from scanner.rules import known_id
from scanner.rules.conditions import Condition
from scanner.rules.own_facts import fact_named
from scanner.rules.own_rule import Case, OwnRule
from scanner.rules.policy_keys import shown
from scanner.rules.rule import is_own_id
from scanner.rules.verdict import Outcome, Severity

MOST_RULES = 500
_LONGEST = 4_000
_NAME = re.compile(r"[a-z]+(-[a-z]+)+")
_KEYS = ("id", "name", "severity", "title", "rationale", "remediation", "references", "applies", "expects", "case")
_CASE_KEYS = ("case", "facts", "outcome")


def parse_own_rules(texts: Mapping[str, str]) -> tuple[OwnRule, ...]:
    """Read the files, each by its name. Raises ``SettingsError`` that names file, rule and everything that is wrong."""
    found: list[OwnRule] = []
    seen: dict[str, str] = {}
    for source, text in texts.items():
        reading = _Reading()
        document = read_toml(text, source)
        tables = document.pop("rule", [])
        reading.problems += [f"{key} is not a key of a rules file; it holds [[rule]] tables." for key in document]
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            reading.tell("rule must be a list of tables, each written as [[rule]].")
            tables = []
        for number, table in enumerate(tables, start=1):
            rule = reading.rule(table, number)
            if rule is None:
                continue
            for name in (rule.id.lower(), rule.name):
                if name in seen:
                    reading.tell(f"{rule.id}: {name} stands in {seen[name]} too; each id and name is given once.")
                seen[name] = source
            found.append(rule)
        if len(found) > MOST_RULES:
            reading.tell(f"There are more than {MOST_RULES} rules.")
        if reading.problems:
            raise unusable(source, reading.problems)
    return tuple(sorted(found, key=lambda rule: rule.id))


class _Reading:
    """Reads one file, and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def tell(self, problem: str) -> None:
        self.problems.append(problem)

    def rule(self, table: Mapping[str, object], number: int) -> OwnRule | None:
        """Read a rule; ``None``: something of it is wrong, and told."""
        before = len(self.problems)
        identifier = self._text(table, "id", f"rule {number}")
        place = identifier or f"rule {number}"
        if identifier and not is_own_id(identifier):
            self.tell(f"{place}: id must be a prefix of your own, not VMSS, and a number: such as SHOP-001.")
        self.problems += [
            f"{place}: {key} is not a key of a rule; allowed: {', '.join(_KEYS)}." for key in table if key not in _KEYS
        ]
        name = self._text(table, "name", place)
        if name and not _NAME.fullmatch(name):
            self.tell(f"{place}: name is {shown(name)}; it must be words in lower case with hyphens between.")
        elif name and _is_taken(name):
            self.tell(f"{place}: name {name} is that of a rule of the catalogue.")
        title = self._text(table, "title", place)
        if title and not title.endswith("."):
            self.tell(f"{place}: title must be a sentence that says what is expected.")
        severity = table.get("severity")
        if severity not in tuple(Severity):
            self.tell(f"{place}: severity is {shown(severity)}; it must be one of high, medium, low.")
        rationale, remediation = (self._text(table, key, place) for key in ("rationale", "remediation"))
        references = self._references(table.get("references", []), place)
        applies = self._condition(table["applies"], f"{place}: applies") if "applies" in table else None
        expects = self._condition(table.get("expects"), f"{place}: expects")
        cases = self._cases(table.get("case", []), place)
        if len(self.problems) > before or expects is None:
            return None
        return OwnRule(
            id=identifier,
            name=name,
            severity=Severity(str(severity)),
            title=title,
            rationale=rationale,
            remediation=remediation,
            references=references,
            applies=applies,
            expects=expects,
            cases=cases,
        )

    def _text(self, table: Mapping[str, object], key: str, place: str) -> str:
        value = table.get(key)
        if isinstance(value, str) and value.strip() and len(value) <= _LONGEST:
            return value.strip()
        told = "is missing" if value is None else f"is {shown(value)}"
        self.tell(f"{place}: {key} {told}; it must be a text of at most {_LONGEST} characters that is not empty.")
        return ""

    def _references(self, value: object, place: str) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) and item.startswith("https://") for item in value):
            return tuple(str(item) for item in value)
        self.tell(f"{place}: references is {shown(value)}; it must be a list of https:// addresses.")
        return ()

    def _condition(self, value: object, place: str) -> Condition | None:
        """Read a condition; ``None``: it is wrong, and that is told."""
        try:
            return read_condition(value, place)
        except WrongConditionError as error:
            self.tell(str(error))
            return None

    def _cases(self, value: object, place: str) -> tuple[Case, ...]:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.tell(f"{place}: case must be a list of tables, each written as [[rule.case]].")
            return ()
        return tuple([self._case(item, f"{place}: case {number}") for number, item in enumerate(value, start=1)])

    def _case(self, table: Mapping[str, object], place: str) -> Case:
        self.problems += [
            f"{place}: {key} is not a key of a case; allowed: {', '.join(_CASE_KEYS)}."
            for key in table
            if key not in _CASE_KEYS
        ]
        name, facts, outcome = self._text(table, "case", place), table.get("facts", {}), table.get("outcome")
        if outcome not in tuple(Outcome):
            self.tell(f"{place}: outcome is {shown(outcome)}; it must be one of {', '.join(Outcome)}.")
            outcome = Outcome.UNKNOWN
        read: dict[str, JsonValue] = {}
        if isinstance(facts, dict):
            for key, value in facts.items():
                fact = fact_named(key)
                if fact is None or not is_of(value, fact.kind):
                    told = "no fact" if fact is None else f"a fact of the kind {fact.kind}"
                    self.tell(f"{place}: {key} is {told}, and {shown(value)} is given.")
                read[key] = value
        else:
            self.tell(f"{place}: facts must be a table of facts and what was read.")
        return Case(name=name, facts=read, outcome=Outcome(str(outcome)))


def _is_taken(name: str) -> bool:
    try:
        known_id(name)
    except KeyError:
        return False
    return True
