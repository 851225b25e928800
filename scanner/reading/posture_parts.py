"""Small parts of the model: the load balancer probe, the service artifact reference and the lifecycle hooks."""

from scanner.facts import arm_paths as arm
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import LifecycleHook
from scanner.reading.azure_values import Block, as_reported, choice, is_blank, listed, optional, text
from scanner.reading.reader import Reader

_HOOK_ACTIONS = {"approve": "approve", "reject": "reject"}


def read_probe(profile: Block | None, reader: Reader) -> bool | None:
    """Whether there is a load balancer probe; one whose id is the expression of a template is one."""
    probe = optional(optional(profile, "networkProfile"), "healthProbe")
    if probe is None:
        return None
    value = probe.get("id")
    if is_blank(value):
        return False
    reader.note(arm.PROBE, as_reported(value))
    return True if isinstance(value, str) else None


def read_artifact(profile: Block | None, reader: Reader) -> str | None:
    """Read the id of the service artifact reference in lower case; empty: there is none."""
    reference = optional(profile, "serviceArtifactReference")
    if reference is None:
        return None
    value = reference.get("id")
    if is_blank(value):
        return ""
    reader.note(arm.ARTIFACT, as_reported(value))
    read = text(value)
    return None if read is None else read.lower()


def read_hooks(properties: Block | None, reader: Reader) -> tuple[LifecycleHook, ...] | None:
    """Read the lifecycle hooks of the model."""
    found = listed(optional(properties, "lifecycleHooksProfile"), "lifecycleHooks")
    if not found:
        return None if found is None else ()
    hooks: list[LifecycleHook] = []
    seen: list[JsonValue] = []
    for raw in found:
        hook = raw if isinstance(raw, dict) else {"defaultAction": 0}  # no hook that can be read
        kind, action = text(hook.get("type")), hook.get("defaultAction")
        seen.append({"type": kind, "defaultAction": as_reported(action)})
        hooks.append(
            LifecycleHook(
                type=None if kind is None else kind.lower(),
                default_action="approve" if action is None else choice(action, _HOOK_ACTIONS),
            )
        )
    reader.note(arm.HOOKS, seen)
    return tuple(hooks)
