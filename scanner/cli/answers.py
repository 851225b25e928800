"""What judging answers beside the verdicts, as the commands ask for it: the one place to follow when judging changes."""

from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.judging.judge import Context, Judgement
from scanner.rules import remediation_for, rule_by_id
from scanner.rules.verdict import Outcome, Severity, Verdict


def severity_of(verdict: Verdict | str, context: Context) -> Severity:
    """Say how much the finding matters under the policy; low for a rule that this version does not know."""
    try:
        return context.policy.severity_of(verdict if isinstance(verdict, str) else verdict.rule_id)
    except KeyError:
        return Severity.LOW


def labels_of(judgement: Judgement, context: Context) -> dict[str, str | None]:
    """Read the labels from the scale set's tags."""
    label, posture = context.policy.label, judgement.posture
    return {
        "environment": label(posture, "environment"),
        "application": label(posture, "application"),
        "ring": label(posture, "ring"),
        "owner": label(posture, "owner"),
        "workload": label(posture, "workload"),
    }


def is_production(environment: str | None, context: Context) -> bool:
    """Whether the policy calls this environment production."""
    return environment is not None and environment.strip().lower() in context.policy.production_environments


def readiness_of(judgement: Judgement) -> tuple[bool | None, tuple[str, ...]] | None:
    """Say whether the flag could be switched on, and what would block it; ``None``: the question does not arise."""
    del judgement
    return None


def remediation_of(verdict: Verdict, judgement: Judgement, context: Context) -> Mapping[str, JsonValue] | None:
    """Make the remediation of a failed verdict."""
    del context
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
