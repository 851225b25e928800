"""Remediations of the rules about rollouts: what to look at; whether to cancel or try again is a person's decision."""

from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Plan


def look_at_upgrade(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-060, VMSS-061 and VMSS-062."""
    return Plan(
        note=(
            "No command: what to do depends on the error. az vmss rolling-upgrade get-latest and az vmss get-os-upgrade-history "
            "show it. Look at the health of the upgraded instances first (VMSS-042), then at extensions whose address has "
            "ended (VMSS-052). az vmss rolling-upgrade cancel ends an upgrade that hangs and restarts no instance; az vmss "
            "rolling-upgrade start begins an OS image upgrade again, restarts instances in batches and is never rolled back; a "
            "change of the model begins a rolling upgrade of its own."
        ),
    )
