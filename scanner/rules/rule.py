"""The shape of a rule."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Plan
from scanner.rules.verdict import Answer, Severity

_ID = re.compile(r"VMSS-[0-9]{3}")
_OWN_ID = re.compile(r"[A-Z][A-Z0-9]{1,15}-[0-9]{3,4}")
_NAME = re.compile(r"[a-z]+(-[a-z]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule[Subject = Any]:
    """One expectation about a scale set. Refuses to be declared wrong: ``ValueError`` names the rule and the field.

    ``Subject`` is what it judges: a posture, or for the rules about exemptions an ``ExemptionCase``.
    """

    id: str
    """Written down once, never reused, never renumbered."""
    name: str
    """The problem, in kebab-case; reads well after "exempt"."""
    severity: Severity
    """Unless the policy says otherwise."""
    title: str
    """What is expected of a scale set, as one sentence."""
    rationale: str
    """Why it matters to a running system."""
    remediation: Callable[[Posture, Criteria], Plan]
    """Pure: what to change on a scale set of this posture that fails the rule."""
    arm_properties: tuple[str, ...]
    """The ARM properties that the rule reads."""
    references: tuple[str, ...]
    """Microsoft's pages that the rule rests on; of an own rule, the operator's."""
    check: Callable[[Subject, Criteria], Answer]
    """Pure: the same subject and criteria have the same answer. Never raises for what Azure reported."""
    documentation: str
    """The body of the rule's page: the docstring of its module."""
    blocks_os_upgrade: bool = False
    """Whether an automatic OS image upgrade that is on cannot happen while this rule fails."""
    is_own: bool = False
    """Whether it is the operator's own: with a prefix of their own, and never part of ``upgrades_itself``."""

    def __post_init__(self) -> None:
        problems = [] if self.is_own else self._of_the_catalogue()
        problems += [
            (self.is_own and not is_own_id(self.id), "id must be an own prefix and a number, such as SHOP-001"),
            (self.is_own and self.blocks_os_upgrade, "an own rule blocks no upgrade"),
            (not _NAME.fullmatch(self.name), "name must be kebab-case words"),
            (not self.title.endswith("."), "title must be a sentence"),
            (not self.rationale.strip(), "rationale is empty"),
            (not self.documentation.strip(), "documentation is empty"),
        ]
        wrong = [text for is_wrong, text in problems if is_wrong]
        if wrong:
            raise ValueError(f"Rule {self.id}: {'; '.join(wrong)}.")

    def _of_the_catalogue(self) -> list[tuple[bool, str]]:
        return [
            (not _ID.fullmatch(self.id), "id must be VMSS- and three digits"),
            (not self.arm_properties, "arm_properties is empty"),
            (
                not all(url.startswith("https://learn.microsoft.com/") for url in self.references),
                "references must be Microsoft's pages",
            ),
            (not self.references, "references is empty"),
        ]


def is_own_id(text: str) -> bool:
    """Say whether a text can be the id of an operator's own rule."""
    return bool(_OWN_ID.fullmatch(text)) and not text.startswith("VMSS-")
