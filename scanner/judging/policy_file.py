"""The policy, read from TOML: ``rules/policy.py`` declares its keys."""

import hashlib
import json
from collections.abc import Sequence

from scanner.judging.toml_text import read_toml, unusable
from scanner.rules.own_catalogue import known_with, rules_of
from scanner.rules.own_rule import OwnRule
from scanner.rules.policy import Policy
from scanner.rules.policy_keys import Reading, plain_table, read_table


def parse_policy(text: str, source: str, own: Sequence[OwnRule] = ()) -> Policy:
    """Read a policy from TOML. Raises ``SettingsError`` that names ``source``, every wrong key, and what is allowed."""
    reading = Reading(rule_id=lambda name: known_with(name, own))
    policy = read_table(Policy, read_toml(text, source), "", reading)
    if reading.problems:
        raise unusable(source, reading.problems)
    return policy


def fingerprint(policy: Policy, own: Sequence[OwnRule] = ()) -> str:
    """Name the content of policy and own rules: the same for the same meaning, however the files are written."""
    content = {
        **plain_table(policy),
        "severities": {rule.id: policy.severity_of(rule.id, rule.severity).value for rule in rules_of(tuple(own))},
    }
    if own:
        content["own_rules"] = [rule.judges_by() for rule in sorted(own, key=lambda rule: rule.id)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
