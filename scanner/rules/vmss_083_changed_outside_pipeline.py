"""The posture of a scale set that code manages was last changed by something else than a pipeline.

The `managed-by` tag says whether code manages it; its name and the values that mean code are in the policy. Who changed
it is what Azure Resource Graph records of changes, for 14 days. The policy lists the pipelines by client or object id.
A person whose client it does not list fails the rule. An application that it does not list does too, but while the list
is empty it is *unknown*: any application may be the pipeline. A change by the platform is not applicable; *unknown* where
Azure does not say who, or has no record of the change. A scale set of which no change was ever seen is not applicable.

Whoever reads a name here may do so under the policy: `changed_by` says how people are named ([privacy](../privacy.md)).
"""

from scanner.facts.arm_paths import TAGS
from scanner.facts.change import Attribution, Certainty
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import Evidence
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.governance import change_by_pipeline
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(scale_set: ScaleSet, criteria: Criteria) -> Answer:
    """Compare the last change with the pipelines of the policy."""
    posture, depth, policy = scale_set.posture, scale_set.depth, criteria.policy
    name = policy.tags.managed_by
    manager = posture.tags.get(name)
    tag = (Evidence(f"{TAGS}.{name}", manager),)
    if posture.has_tag(name) is None:
        return Answer(Outcome.UNKNOWN, f"The tag {name} was not read.", tag, is_unread=True)
    if manager is None or manager.strip().lower() not in policy.code_managers:
        return Answer(Outcome.NOT_APPLICABLE, f"No tag {name} says that code manages the scale set.", tag)
    change = depth.last_change
    if change is None:
        return Answer(Outcome.UNKNOWN, "Who changed the scale set was not read.", tag, is_unread=True)
    if change.certainty is Certainty.NONE_SEEN:
        return Answer(Outcome.NOT_APPLICABLE, "No change of its posture was seen.", tag)
    evidence = (*tag, *_evidence(change))
    if change.certainty is Certainty.PLATFORM:
        return Answer(Outcome.NOT_APPLICABLE, "Azure itself made the last change of its posture.", evidence)
    if change.certainty is not Certainty.KNOWN:
        return Answer(Outcome.UNKNOWN, _UNKNOWN[change.certainty], evidence)
    if is_pipeline(change, policy.pipelines):
        return Answer(Outcome.PASSED, "A pipeline made the last change of its posture.", evidence)
    who = f"{change.changed_by or 'someone'}{f' with {change.changed_with}' if change.changed_with else ''}"
    if not change.is_person and not policy.pipelines:
        return Answer(Outcome.UNKNOWN, f"Whether {who} is a pipeline is not known: the policy lists none.", evidence)
    return Answer(Outcome.FAILED, f"Its posture was last changed outside the pipeline: by {who}.", evidence)


def is_pipeline(change: Attribution, pipelines: frozenset[str]) -> bool:
    """Whether the policy lists the client or the identity of a change as a pipeline."""
    return any(
        text and text.lower() in pipelines for text in (change.changed_by, change.client_id, change.changed_with)
    )


_UNKNOWN = {
    Certainty.UNSPECIFIED: "Azure does not say who made the last change of its posture.",
    Certainty.SEVERAL: "Several changes may be the last one of its posture.",
    Certainty.PENDING: "Azure has no record of the last change of its posture yet.",
    Certainty.NOT_FOUND: "Azure has no record of the last change of its posture.",
}


def _evidence(change: Attribution) -> tuple[Evidence, ...]:
    told = {
        "changedBy": change.changed_by,
        "changedByType": change.changed_by_type,
        "clientType": change.changed_with,
        "timestamp": change.changed_at,
        "correlationId": change.correlation_id,
    }
    return tuple([Evidence(f"resourcechanges.{name}", value or None) for name, value in told.items()])


RULE = Rule(
    id="VMSS-083",
    name="changed-outside-pipeline",
    severity=Severity.MEDIUM,
    title="What code manages is changed by its pipeline alone.",
    rationale="The next deployment takes a change by hand away, or the code is no longer what runs.",
    remediation=change_by_pipeline,
    arm_properties=(TAGS,),
    references=("https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes",),
    check=check,
    documentation=__doc__ or "",
)
