"""Remediations of the rules about health sources.

Which address tells that the application works is known to its owner only, so no command adds a health source: one with
a guessed port or path would report working instances as unhealthy, and automatic repairs would replace them.
"""

from scanner.facts import arm_paths as arm
from scanner.facts.posture import OsType, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.questions import health_extension_reports, health_problems, health_signals
from scanner.rules.remediation.edits import Edit, Plan, Remove, Set

_TYPES = {OsType.LINUX: "ApplicationHealthLinux", OsType.WINDOWS: "ApplicationHealthWindows"}
_EITHER = "ApplicationHealthLinux (on Windows: ApplicationHealthWindows)"


def report_health(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-003 and VMSS-015: add the extension of this operating system, or change the one that cannot report."""
    publisher = "of publisher Microsoft.ManagedServices"
    if posture.application_health:
        return _extension(
            posture, f"Change the extension to {_type(posture)} {publisher} with settings that can report"
        )
    return _extension(posture, f"Add the extension {_type(posture)} {publisher}")


def ask_the_application(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-040: ask a path of the application instead of opening its port."""
    if not posture.health_extensions and posture.health_probe:
        return Plan(
            bicep="protocol 'Http' or 'Https', port and requestPath of the load balancer's probe",
            terraform="azurerm_lb_probe: protocol, port and request_path",
            note=(
                "No command: only the owner knows which path tells that the application works. Change the probe of the load"
                " balancer (az network lb probe update) to http or https and that path. The load balancer then sends no"
                " traffic to instances that do not answer 200: check the path on every instance first."
            ),
        )
    return _extension(posture, f"Change the settings of the extension {_type(posture)}")


def _type(posture: Posture) -> str:
    return _EITHER if posture.os_type is None else _TYPES[posture.os_type]


def _quoted(posture: Posture, quote: str) -> str:
    """Write the type as a value of a language; of an unknown operating system, one value for each."""
    linux, windows = f"{quote}{_TYPES[OsType.LINUX]}{quote}", f"{quote}{_TYPES[OsType.WINDOWS]}{quote}"
    if posture.os_type is None:
        return f"{linux} (on Windows: {windows})"
    return linux if posture.os_type is OsType.LINUX else windows


def _extension(posture: Posture, what: str) -> Plan:
    return Plan(
        bicep=(
            f"{arm.EXTENSIONS}: an item with publisher 'Microsoft.ManagedServices', type {_quoted(posture, "'")} and settings "
            "protocol, port and requestPath"
        ),
        terraform=(
            f'extension block with publisher "Microsoft.ManagedServices", type {_quoted(posture, chr(34))} and settings '
            "protocol, port and requestPath"
        ),
        note=(
            f"No command: only the owner knows which address tells that the application works.{health_problems(posture)} "
            f"{what} (az vmss extension set): protocol http or https, and the port and requestPath at which the application "
            "answers 200 when it works. Wrong values report working instances as unhealthy. Instances get it when they are "
            "brought to the latest model."
        ),
    )


def keep_one_source(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-007: keep the extension if it can report, else the probe, else the policy, and take the others away."""
    probe, extension, policy = health_signals(posture)
    keeps_extension = bool(extension) and health_extension_reports(posture) is not False
    keeps_probe = bool(probe) and not keeps_extension
    edits: list[Edit] = []
    terraform: list[str] = []
    if not keeps_extension and extension:
        # The last one first: each that goes moves those behind it.
        edits += [Remove(item.path.removesuffix(".properties")) for item in reversed(posture.health_extensions)]
        terraform.append("remove the extension block of Application Health")
    if probe and not keeps_probe:
        edits.append(Remove(arm.PROBE.removesuffix(".id")))
        terraform.append("remove health_probe_id")
    if policy and (keeps_extension or keeps_probe):
        edits.append(Set(arm.EXTERNAL_HEALTH, value=False))
        terraform.append("azapi_update_resource with externalHealthPolicy.enabled = false")
    kept = "the Application Health extension" if keeps_extension else "the load balancer probe"
    if not keeps_extension and not keeps_probe:
        kept = "the external health policy"
    return Plan(
        edits=tuple(edits),
        terraform="; ".join(terraform),
        note=(
            f"This keeps {kept}.{health_problems(posture)} Check first that it reports what you need: Azure takes one source "
            "only."
        ),
    )


def repair_instances(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-041."""
    return Plan(
        edits=(Set(arm.REPAIRS, value=True),),
        terraform="automatic_instance_repair { enabled = true }",
        restarts=(
            "Instances that are unhealthy for longer than the grace period (10 minutes unless it is set) are repaired: "
            "replaced, unless the policy says restart or reimage."
        ),
        note="Check first that no working instance is reported as unhealthy today: it would be replaced.",
    )
