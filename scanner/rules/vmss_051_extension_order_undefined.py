"""Two or more custom extensions run in no particular order.

Without `provisionAfterExtensions` Azure provisions extensions in any order, when an instance is created and at each
reimage or OS upgrade; later upgrades of an extension ignore the order. Custom means CustomScript,
CustomScriptExtension, CustomScriptForLinux, DSC, DSCForLinux, or a publisher other than Microsoft. The rule fails when two or more of them
name no predecessor; with fewer than two it is not applicable.
"""

from scanner.facts.arm_paths import EXTENSION_ORDER, EXTENSION_PUBLISHER, EXTENSION_TYPE, EXTENSIONS
from scanner.facts.evidence import Evidence
from scanner.facts.posture import Posture
from scanner.facts.three_valued import all_of, at_least, negation
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_custom_extension
from scanner.rules.remediation.extensions import order_extensions
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, _criteria: Criteria) -> Answer:
    """Count the custom extensions that name no predecessor."""
    if posture.extensions is None:
        return Answer(Outcome.UNKNOWN, "The extensions were not read.", posture.evidence(EXTENSIONS))
    custom = tuple([is_custom_extension(item) for item in posture.extensions])
    pairs = zip(custom, posture.extensions, strict=True)
    unordered = tuple([all_of(is_custom, negation(item.has_predecessor)) for is_custom, item in pairs])
    evidence = tuple(
        [
            Evidence(f"{item.path}.provisionAfterExtensions", "named" if item.has_predecessor else None)
            for is_custom, item in zip(custom, posture.extensions, strict=True)
            if is_custom
        ]
    )
    several, undefined = at_least(2, custom), at_least(2, unordered)
    if several is False:
        return Answer(Outcome.NOT_APPLICABLE, "There are fewer than two custom extensions.", evidence)
    if undefined:
        return Answer(Outcome.FAILED, "Two or more custom extensions name no predecessor.", evidence)
    if several is None or undefined is None:
        return Answer(Outcome.UNKNOWN, "Not every extension's kind and predecessors were read.", evidence)
    return Answer(Outcome.PASSED, "Custom extensions run in a defined order.", evidence)


RULE = Rule(
    id="VMSS-051",
    name="extension-order-undefined",
    severity=Severity.LOW,
    title="Custom extensions say in which order they run.",
    rationale="Set-up that depends on the order works most of the time, and fails after an upgrade.",
    remediation=order_extensions,
    arm_properties=(
        EXTENSION_PUBLISHER,
        EXTENSION_TYPE,
        EXTENSION_ORDER,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-extension-sequencing",
    ),
    check=check,
    documentation=__doc__ or "",
)
