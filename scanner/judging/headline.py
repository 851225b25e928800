"""Whether a scale set upgrades its operating system by itself, and whether it could where it does not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from scanner.facts.arm_paths import LINUX_PATCH_MODE, ORCHESTRATION_MODE, OS_UPGRADE, WINDOWS_PATCH_MODE
from scanner.facts.guests import GuestRecords
from scanner.facts.posture import Posture
from scanner.facts.three_valued import all_of
from scanner.rules import BLOCKING_RULES
from scanner.rules.criteria import Criteria
from scanner.rules.guest_patching import GuestPatching, guest_patching
from scanner.rules.questions import is_flexible
from scanner.rules.readiness import Readiness
from scanner.rules.verdict import Answer, Outcome


class Headline(StrEnum):
    """Whether the scale set upgrades its operating system by itself, all things considered."""

    MANAGED = "managed"
    YES = "yes"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    IN_GUEST = "in_guest"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """A headline and what it rests on."""

    word: Headline
    blocked_by: tuple[str, ...] = ()
    """Ids of all the rules that block an automatic OS image upgrade which is on."""
    missing: tuple[str, ...] = ()
    """What was not known, for an unknown headline: ARM paths, or rule ids each with the reason."""
    is_unread: bool = False
    """Whether it is unknown only because something was not read."""


def headline_of(
    posture: Posture, answers: Mapping[str, Answer], criteria: Criteria, guests: GuestRecords | None
) -> Concluded:
    """Conclude from the flag, the answers of the rules by id, and the patching of the guests."""
    if posture.managed_by is not None:
        return Concluded(word=Headline.MANAGED)
    if posture.automatic_os_upgrade is None:
        return Concluded(word=Headline.UNKNOWN, missing=(OS_UPGRADE,), is_unread=True)
    if posture.automatic_os_upgrade:
        return _of_upgrade({rule.id: answers[rule.id] for rule in BLOCKING_RULES})
    patching = guest_patching(posture, criteria, guests)
    in_guest = all_of(is_flexible(posture), posture.platform_patching, patching.counts)
    if in_guest is None:
        missing = [] if posture.orchestration_mode is not None else [ORCHESTRATION_MODE]
        missing += [] if posture.platform_patching is not None else [WINDOWS_PATCH_MODE, LINUX_PATCH_MODE]
        is_unread = bool(missing) or patching.is_unread
        return Concluded(word=Headline.UNKNOWN, missing=(*missing, *_why(posture, patching)), is_unread=is_unread)
    return Concluded(word=Headline.IN_GUEST if in_guest else Headline.NO)


def readiness_of(posture: Posture, criteria: Criteria) -> Readiness | None:
    """Judge the blocking rules as if the flag were on; ``None`` where it is not off, or a service owns the rollout."""
    if posture.automatic_os_upgrade is not False or posture.managed_by is not None:
        return None
    enabled = replace(posture, automatic_os_upgrade=True)
    answers = {rule.id: rule.check(enabled, criteria) for rule in BLOCKING_RULES}
    failed, unknown = _with(answers, Outcome.FAILED), _with(answers, Outcome.UNKNOWN)
    return Readiness(
        blocked_by=failed,
        unknown=unknown,
        reasons=tuple([f"{rule_id}: {answers[rule_id].reason}" for rule_id in failed or unknown]),
        holds_until=min([item.holds_until for item in answers.values() if item.holds_until], default=None),
    )


def _of_upgrade(deciding: Mapping[str, Answer]) -> Concluded:
    failed, unknown = _with(deciding, Outcome.FAILED), _with(deciding, Outcome.UNKNOWN)
    if failed:
        return Concluded(word=Headline.BLOCKED, blocked_by=failed)
    if unknown:
        return Concluded(
            word=Headline.UNKNOWN,
            missing=tuple([f"{rule_id}: {deciding[rule_id].reason}" for rule_id in unknown]),
            is_unread=all(deciding[rule_id].is_unread for rule_id in unknown),
        )
    return Concluded(word=Headline.YES)


def _why(posture: Posture, patching: GuestPatching) -> tuple[str, ...]:
    """Say what is not known about the patching of guests that the platform patches."""
    return (f"VMSS-014: {patching.reason}",) if posture.platform_patching and patching.counts is None else ()


def _with(answers: Mapping[str, Answer], outcome: Outcome) -> tuple[str, ...]:
    return tuple([rule_id for rule_id, answer in answers.items() if answer.outcome is outcome])
