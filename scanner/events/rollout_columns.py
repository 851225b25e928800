"""An attempt of a rollout in the columns of an event and in words."""

from collections.abc import Mapping

from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.state.happenings import RolloutMoved
from scanner.state.rollouts import OS_UPGRADE, Rollout
from scanner.times import iso

_SAID: Mapping[str, str] = {
    "started": "is under way",
    "stalled": "hangs",
    "completed": "is completed",
    "failed": "failed",
    "rolled_back": "was rolled back",
}


def rollout_columns(rollout: Rollout) -> dict[str, JsonValue]:
    """Fill in the columns of an attempt."""
    progress = rollout.progress
    return {
        "RolloutId": rollout.attempt,
        "RolloutKind": rollout.kind,
        "RolloutTarget": rollout.target,
        "RolloutStartedBy": rollout.started_by,
        "RolloutStartedAt": iso(rollout.started_at),
        "RolloutEndedAt": None if rollout.ended_at is None else iso(rollout.ended_at),
        "RolloutStatus": "" if rollout.status is None else rollout.status.value,
        "RolloutError": "" if rollout.error is None else plain(str(rollout.error)),
        "InstancesSucceeded": progress.successful,
        "InstancesFailed": progress.failed,
        "InstancesInProgress": progress.in_progress,
        "InstancesPending": progress.pending,
        "InstancesRolledBack": rollout.rolled_back,
    }


def rollout_sentence(moved: RolloutMoved) -> str:
    """Say what became of an attempt, as one sentence."""
    rollout = moved.rollout
    what = "OS image upgrade" if rollout.kind == OS_UPGRADE else "rolling upgrade"
    to = f" to {plain(rollout.target, 200)}" if rollout.target else ""
    by = f", started by {rollout.started_by}" if rollout.started_by else ""
    why = f": {plain(str(rollout.error), 300).rstrip('.')}" if rollout.error is not None else ""
    return f"{what}{to}{by} {_SAID[moved.phase]} ({rollout.progress}){why}."
