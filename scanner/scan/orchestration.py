"""A scan in shards, as an engine of durable orchestrations plays it: plan, the shards in waves, conclude.

Names of shards travel through the engine, never rows. It brings parallel work, retries and the wait for the last shard;
that a scan is correct rests on lease, ETags and commit ids, as in a scan without shards: any activity may run twice.
"""

from collections.abc import Mapping
from itertools import batched

from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.ports.engine import Engine, Steps

PLAN, SHARD, CONCLUDE, GIVE_UP = "plan_shards", "scan_shard", "conclude_shards", "give_up_shards"
"""Names of the activities. A started orchestration is replayed by these names: a new release keeps them."""
_SHOWN = 1_000


def orchestrate(engine: Engine, start: Mapping[str, JsonValue]) -> Steps[dict[str, JsonValue]]:
    """Play one scan; ``start`` is what each activity is given, at least the scan's id. Answers how it went, in short.

    A shard that failed for good is a report with its error: the scan is partial. What fails as a whole is given up,
    which leaves the row that says so.
    """
    (planned,) = yield from engine.all_of([engine.call(PLAN, dict(start))])
    if planned.error is not None or not isinstance(planned.value, dict):
        return (yield from _give_up(engine, start, planned.error or "The plan has no shards."))
    if "skipped" in planned.value:
        return planned.value
    reports = yield from _shards(engine, start, planned.value)
    (concluded,) = yield from engine.all_of([engine.call(CONCLUDE, {**start, "reports": reports})])
    if concluded.error is not None or not isinstance(concluded.value, dict):
        return (yield from _give_up(engine, start, concluded.error or "The scan has no result."))
    return concluded.value


def _shards(engine: Engine, start: Mapping[str, JsonValue], planned: Mapping[str, JsonValue]) -> Steps[list[JsonValue]]:
    """Run the shards, as many side by side as the plan divides the quota of Resource Graph among."""
    names, at_once = planned["shards"], planned["at_once"]
    if not isinstance(names, list) or not isinstance(at_once, int):
        return []
    reports: list[JsonValue] = []
    for wave in batched(names, max(1, at_once), strict=False):
        ended = yield from engine.all_of([engine.call(SHARD, {**start, "shard": name}) for name in wave])
        reports += [
            outcome.value
            if isinstance(outcome.value, dict)
            else {"shard": name, "error": plain(outcome.error or "It left no report.", _SHOWN)}
            for name, outcome in zip(wave, ended, strict=True)
        ]
    return reports


def _give_up(engine: Engine, start: Mapping[str, JsonValue], error: str) -> Steps[dict[str, JsonValue]]:
    """Have the failed scan told; where that fails too, the log has both reasons."""
    said = plain(error, _SHOWN)
    yield from engine.all_of([engine.call(GIVE_UP, {**start, "error": said})])
    return {"status": "failed", "error": said}
