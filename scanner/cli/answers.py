"""What judging answers beside the verdicts, as the commands ask for it: the one place to follow when judging changes."""

from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.judging.judge import Judgement
from scanner.rules import remediation_for, rule_by_id
from scanner.rules.criteria import Criteria
from scanner.rules.verdict import Outcome, Verdict


def is_production(environment: str | None, criteria: Criteria) -> bool:
    """Whether the policy calls this environment production."""
    return environment is not None and environment.strip().lower() in criteria.policy.production_environments


def readiness_of(judgement: Judgement) -> tuple[bool | None, tuple[str, ...]] | None:
    """Say whether the flag could be switched on, and what would block it; ``None``: the question does not arise."""
    del judgement
    return None


def remediation_of(verdict: Verdict, judgement: Judgement) -> Mapping[str, JsonValue] | None:
    """Make the remediation of a failed verdict."""
    if verdict.outcome is not Outcome.FAILED:
        return None
    command, _, note = remediation_for(rule_by_id(verdict.rule_id), judgement.posture).partition(" # ")
    return {
        "commands": [{"argv": [command], "changes": "", "restarts": ""}],
        "bicep": "",
        "terraform": "",
        "note": note,
        "needs": [],
    }


def command_line(command: Mapping[str, JsonValue]) -> str:
    """Write a command of a remediation for a POSIX shell."""
    argv = command.get("argv")
    return str(argv[0]) if isinstance(argv, list) and argv else ""
