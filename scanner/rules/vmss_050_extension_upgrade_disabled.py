"""Automatic upgrade is off for an extension that supports it.

Types that support automatic upgrade are on a list that Microsoft publishes and extends; all others are not
applicable. Only an explicit `enableAutomaticUpgrade: false` fails: the default changed with API 2025-04-01, so an
absent value is *unknown*. A publisher or type that was not read is *unknown* where it decides: with the flag on, an
extension of a type on the list passes, also where its publisher was not read.
"""

from scanner.facts.arm_paths import EXTENSION_PUBLISHER, EXTENSION_TYPE, EXTENSION_UPGRADE, EXTENSIONS
from scanner.facts.evidence import Evidence
from scanner.facts.extensions import Extension, Switch
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.extensions import upgrade_extensions
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look at the flag of every extension whose type supports it."""
    if posture.extensions is None:
        return Answer(Outcome.UNKNOWN, "The extensions were not read.", posture.evidence(EXTENSIONS))
    types = criteria.published.extension_types
    answers = [(item, _answer(item, types)) for item in posture.extensions]
    judged = [(item, outcome) for item, outcome in answers if outcome is not Outcome.NOT_APPLICABLE]
    outcomes = {outcome for _, outcome in judged}
    evidence = tuple(
        [Evidence(f"{item.path}.enableAutomaticUpgrade", _VALUES[item.automatic_upgrade]) for item, _ in judged]
    )
    if Outcome.FAILED in outcomes:
        names = ", ".join(f"{item.publisher}/{item.type}" for item, outcome in judged if outcome is Outcome.FAILED)
        return Answer(Outcome.FAILED, f"Automatic upgrade is off for {names}.", evidence)
    if Outcome.UNKNOWN in outcomes:
        reason = (
            "Whether every extension upgrades automatically is not known: where the flag is absent the API version"
            " decides, and where publisher or type was not read it cannot be told whether it is supported."
        )
        return Answer(Outcome.UNKNOWN, reason, evidence)
    if not outcomes:
        reason = "No extension is of a type that supports automatic upgrade."
        return Answer(Outcome.NOT_APPLICABLE, reason, evidence)
    return Answer(Outcome.PASSED, "Extensions that support it upgrade automatically.", evidence)


_VALUES = {Switch.ON: True, Switch.OFF: False, Switch.ABSENT: None, None: None}


def _answer(extension: Extension, types: frozenset[str]) -> Outcome:
    """Answer for one extension: what is known of publisher and type decides when it can."""
    publisher, kind = extension.publisher, extension.type
    if publisher is not None and kind is not None:
        if f"{publisher}/{kind}" not in types:
            return Outcome.NOT_APPLICABLE
        if extension.automatic_upgrade is Switch.OFF:
            return Outcome.FAILED
        return Outcome.PASSED if extension.automatic_upgrade is Switch.ON else Outcome.UNKNOWN
    may_be = any(
        (publisher is None or name.partition("/")[0] == publisher) and (kind is None or name.partition("/")[2] == kind)
        for name in types
    )
    if not may_be:
        return Outcome.NOT_APPLICABLE
    # Of a type that some publisher has on the list, an extension whose flag is on cannot fail.
    return Outcome.PASSED if kind is not None and extension.automatic_upgrade is Switch.ON else Outcome.UNKNOWN


RULE = Rule(
    id="VMSS-050",
    name="extension-upgrade-disabled",
    severity=Severity.LOW,
    title="Extensions that support automatic upgrade have it on.",
    rationale="Agents age silently: old monitoring and security agents are a way in.",
    remediation=upgrade_extensions,
    arm_properties=(
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
        EXTENSION_UPGRADE,
    ),
    references=("https://learn.microsoft.com/azure/virtual-machines/automatic-extension-upgrade",),
    check=check,
    documentation=__doc__ or "",
)
