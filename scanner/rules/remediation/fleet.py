"""Remediations of the rules that compare scale sets: a person chooses which one is right, so there is no command."""

from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Plan


def align_environments(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-070."""
    return Plan(
        note=(
            "No command: which of the two environments is right, a person decides. Set what the reason names to one value"
            " in the template of both. Where the difference is wanted, agree on an exemption."
        ),
    )


def align_regions(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-071."""
    return Plan(
        note=(
            "No command: which of the regions is right, a person decides. Set what the reason names to one value in the"
            " template of all regions. Where the difference is wanted, agree on an exemption."
        ),
    )


def wait_for_canary(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-072."""
    return Plan(
        note=(
            "No command: bring the canary to the newest image first (az vmss rolling-upgrade start, on the canary's scale"
            " set), watch it, and go on only then. To keep the order from now on, give production a later maintenance"
            " window, or publish gallery versions with excludeFromLatest until the canary has run them."
        ),
    )


def add_canary(_posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-073."""
    tags = criteria.policy.tags
    return Plan(
        note=(
            "No command: run a small scale set of the application that is upgraded earlier, in another environment or as a"
            f" lower ring, and say so by its tags {tags.environment} and {tags.ring}."
        ),
    )


def keep_apart(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-074."""
    return Plan(
        note=(
            "No command: assign a maintenance configuration of the scope OSImage to each of the scale sets, with windows"
            " that do not overlap. Scale sets in different single zones with a platform image are kept apart by Azure."
        ),
    )
