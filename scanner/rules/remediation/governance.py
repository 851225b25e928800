"""Remediations of the rules about owners and exemptions: a person decides, so there is no command."""

from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Plan

_FORM = "rules=<ids>; until=<YYYY-MM-DD>; reason=<why>; owner=<who>"


def name_owner(_posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-080."""
    tag = criteria.policy.tags.owner
    return Plan(
        bicep=f"tags: the tag {tag}",
        terraform=f"tags: the tag {tag}",
        note=(
            f"No command: the owner is not known here. Set the tag {tag} to the team that answers for the scale set (az tag "
            "update with --operation merge keeps the other tags). A tag restarts no instance."
        ),
    )


def renew_exemption(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-081."""
    return Plan(
        note=(
            "No command: whether the exemption goes on is a decision. Put the open finding right, or agree on a new end and "
            f"write it where the exemption stands: in the tag upgrade-posture-exempt ({_FORM}) or in exemptions.toml."
        ),
    )


def correct_exemption(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-082."""
    return Plan(
        note=(
            "No command: what was agreed is not known here. Correct what the reason of this finding names, where the "
            f"exemption stands: in the tag upgrade-posture-exempt ({_FORM}) or in exemptions.toml."
        ),
    )


def change_by_pipeline(_posture: Posture, criteria: Criteria) -> Plan:
    """VMSS-083."""
    tag = criteria.policy.tags.managed_by
    return Plan(
        note=(
            "No command: whether the change stays is a decision. Put it into the code and deploy it, or deploy the code as "
            "it is to take the change back: plan first, as a change of the model may restart instances. If it came from a "
            "pipeline, add the client or object id of that pipeline to pipelines in the policy. If code no longer manages "
            f"the scale set, change the tag {tag}."
        ),
    )
