"""The policy, read from TOML: ``rules/policy.py`` declares its keys."""

import hashlib
import json

from scanner.judging.toml_text import read_toml, unusable
from scanner.rules import RULES, known_id
from scanner.rules.policy import Policy
from scanner.rules.policy_keys import Reading, plain_table, read_table


def parse_policy(text: str, source: str) -> Policy:
    """Read a policy from TOML. Raises ``SettingsError`` that names ``source``, every wrong key, and what is allowed."""
    reading = Reading(rule_id=known_id)
    policy = read_table(Policy, read_toml(text, source), "", reading)
    if reading.problems:
        raise unusable(source, reading.problems)
    return policy


def fingerprint(policy: Policy) -> str:
    """Name the content: the same for the same policy, however its file is written."""
    content = {
        **plain_table(policy),
        "severities": {rule.id: policy.severity_of(rule.id, rule.severity).value for rule in RULES},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
