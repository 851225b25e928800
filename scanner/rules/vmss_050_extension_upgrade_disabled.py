"""An extension that could keep itself up to date is told not to.

Types that support automatic upgrade are on a list that Microsoft publishes and extends; all others are not
applicable. Only an explicit `enableAutomaticUpgrade: false` fails: the default changed with API 2025-04-01, so an
absent value is *unknown*.
"""

from scanner.facts.arm_paths import EXTENSION_PUBLISHER, EXTENSION_TYPE, EXTENSION_UPGRADE, EXTENSIONS
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Extension, Posture, Switch
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.extensions import upgrade_extensions
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Look at the flag of every extension whose type supports it."""
    if posture.extensions is None:
        return Answer(Outcome.UNKNOWN, "The extensions were not read.", posture.evidence(EXTENSIONS))
    types = criteria.published.extension_types
    unnamed = any(_may_be_supported(item, types) for item in posture.extensions)
    supported = [item for item in posture.extensions if _type(item) in types]
    evidence = tuple(
        [Evidence(f"{item.path}.enableAutomaticUpgrade", _VALUES[item.automatic_upgrade]) for item in supported]
    )
    if off := [item for item in supported if item.automatic_upgrade is Switch.OFF]:
        names = ", ".join(f"{item.publisher}/{item.type}" for item in off)
        return Answer(Outcome.FAILED, f"Automatic upgrade is off for {names}.", evidence)
    if unnamed:
        return Answer(Outcome.UNKNOWN, "Not every extension's publisher and type was read.", evidence)
    if not supported:
        return Answer(Outcome.NOT_APPLICABLE, "No extension is of a type that supports automatic upgrade.", evidence)
    if any(item.automatic_upgrade is not Switch.ON for item in supported):
        reason = "An extension does not say whether it upgrades automatically; the default depends on the API version."
        return Answer(Outcome.UNKNOWN, reason, evidence)
    return Answer(Outcome.PASSED, "Extensions that support it upgrade automatically.", evidence)


_VALUES = {Switch.ON: True, Switch.OFF: False, Switch.ABSENT: None, None: None}


def _may_be_supported(extension: Extension, types: frozenset[str]) -> bool:
    """Whether it cannot be told: the publisher, or the type of a publisher that has supported ones, was not read."""
    if _type(extension) is not None:
        return False
    publisher = extension.publisher
    return publisher is None or any(name.startswith(f"{publisher}/") for name in types)


def _type(extension: Extension) -> str | None:
    if extension.publisher is None or extension.type is None:
        return None
    return f"{extension.publisher}/{extension.type}"


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
