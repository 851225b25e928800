"""What judging answers beside the verdicts, as the commands ask for it: the one place to follow when judging changes."""

from scanner.judging.judge import Judgement
from scanner.judging.remediation import remediation_for
from scanner.rules import rule_by_id
from scanner.rules.criteria import Criteria
from scanner.rules.remediation import NOT_SHOWN, Command, Remediation, posix_command
from scanner.rules.verdict import Outcome, Verdict


def is_production(environment: str | None, criteria: Criteria) -> bool:
    """Whether the policy calls this environment production."""
    return environment is not None and environment.strip().lower() in criteria.policy.production_environments


def readiness_of(judgement: Judgement) -> tuple[bool | None, tuple[str, ...]] | None:
    """Say whether the flag could be switched on, and what would block it; ``None``: the question does not arise."""
    del judgement
    return None


def remediation_of(verdict: Verdict, judgement: Judgement) -> Remediation | None:
    """Compute the remediation of a failed verdict."""
    if verdict.outcome is not Outcome.FAILED:
        return None
    return remediation_for(rule_by_id(verdict.rule_id), judgement)


def command_line(command: Command) -> str:
    """Write a command of a remediation for a POSIX shell."""
    return posix_command(command.argv) or NOT_SHOWN
