"""Remediations of the rules about extensions."""

import itertools

from scanner.facts import arm_paths as arm
from scanner.facts.extensions import Switch
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import is_custom_extension
from scanner.rules.remediation.edits import Edit, Plan, Set


def upgrade_extensions(posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-050: each extension whose type supports it. An update of the model keeps the settings of the others.

    ``az vmss extension set`` would write the extension anew, without the protected settings that no read returns.
    """
    types = criteria.published.extension_types
    off = [
        item
        for item in posture.extensions or ()
        if item.automatic_upgrade is not Switch.ON and f"{item.publisher}/{item.type}" in types
    ]
    return Plan(
        edits=tuple([Set(f"{item.path}.enableAutomaticUpgrade", value=True) for item in off]),
        terraform="automatic_upgrade_enabled = true, in the extension",
        note="Azure then upgrades the extension by itself, batch by batch; no instance restarts by such an upgrade.",
    )


def order_extensions(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-051: each custom extension without a predecessor after the one before it, in the order of the model.

    Azure may run them in any order today, so this one is none that could not happen already. It makes no circle: the
    first has no predecessor, and each of the others gets one that is before it in this row.
    """
    loose = [item for item in posture.extensions or () if is_custom_extension(item) and item.has_predecessor is False]
    edits: list[Edit] = []
    for earlier, later in itertools.pairwise(loose):
        if earlier.name is not None:
            edits.append(Set(f"{later.path}.provisionAfterExtensions", (earlier.name,)))
    complete = len(edits) == len(loose) - 1
    return Plan(
        edits=tuple(edits) if complete else (),
        bicep="" if complete else "properties.virtualMachineProfile.extensionProfile: provisionAfterExtensions",
        terraform="provision_after_extensions, in each extension but the first",
        note=(
            "This runs them in the order of the model. Check that it is the order that they need; it counts from the next "
            "new instance, reimage or OS upgrade."
            if complete
            else "No command: an extension has no name that others could wait for. Name each extension first, then say in "
            "provisionAfterExtensions which one runs before it."
        ),
    )


def renew_address(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-052: only the owner of the file can sign an address anew."""
    return Plan(
        bicep=f"{arm.EXTENSION_SETTINGS}: the field that the evidence names",
        terraform="settings, in the extension; or protected_settings",
        note=(
            "No command: only the owner of the file can make a new address. Let the extension fetch the file by a managed "
            "identity (no signature that could end), or write an address with a later end into the field that the evidence "
            "names, best in the protected settings. Then deploy the model; instances run the extension again when they are "
            "brought to the latest model."
        ),
    )
