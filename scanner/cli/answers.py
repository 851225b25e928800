"""What judging answers beside the verdicts, as the commands ask for it."""

from collections.abc import Collection, Iterable, Mapping

from scanner.judging.judge import Judgement
from scanner.judging.remediation import advice_for, remediation_for
from scanner.plain_text import plural
from scanner.rules.criteria import Criteria
from scanner.rules.own_catalogue import find_rule
from scanner.rules.remediation import Remediation
from scanner.rules.remediation.rendering import NOT_SHOWN, posix_command, powershell_command
from scanner.rules.verdict import Outcome, Verdict

SHELLS: Mapping[str, str] = {"posix": "sh, bash, zsh", "powershell": "PowerShell 5.1 and 7"}
PROMPTS: Mapping[str, str] = {"posix": "$", "powershell": "PS>"}


def is_production(environment: str | None, criteria: Criteria) -> bool:
    """Whether the policy calls this environment production."""
    return environment is not None and environment.strip().lower() in criteria.policy.production_environments


def readiness_of(judgement: Judgement) -> tuple[bool | None, tuple[str, ...]] | None:
    """Say whether the flag could be switched on, and what would block it; ``None``: the question does not arise."""
    readiness = judgement.readiness
    return None if readiness is None else (readiness.ready, readiness.blocked_by)


def unmatched_exemptions(criteria: Criteria, matched: Collection[int]) -> list[str]:
    """Say which entries of the exemption file select none of the scale sets that were judged, in one sentence."""
    found = [str(entry) for entry in criteria.exemptions.unmatched(matched)]
    if not found:
        return []
    count = f"{plural(len(found), 'exemption')} of the file {'matches' if len(found) == 1 else 'match'} no scale set"
    more = "" if len(found) <= _NAMED else ", …"
    return [f"{count}: {'; '.join(found[:_NAMED])}{more}. Correct what it selects by, or remove it."]


_NAMED = 3


def remediation_of(verdict: Verdict, judgement: Judgement) -> Remediation | None:
    """Make the remediation of a failed verdict."""
    if verdict.outcome is not Outcome.FAILED:
        return None
    return remediation_for(find_rule(verdict.rule_id, judgement.criteria.own), judgement)


def advice_of(verdict: Verdict, judgement: Judgement, language: str) -> str:
    """Say on one line what to set where a verdict failed."""
    rule = find_rule(verdict.rule_id, judgement.criteria.own)
    return advice_for(rule, judgement, language) if verdict.outcome is Outcome.FAILED else ""


def command_lines(remediation: Remediation, shell: str) -> Iterable[str]:
    """Write the commands for a shell, each on one line."""
    quoted = powershell_command if shell == "powershell" else posix_command
    return [quoted(command.argv) or f"# {NOT_SHOWN}" for command in remediation.commands]
