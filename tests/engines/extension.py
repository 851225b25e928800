"""The Durable Functions extension, as far as an orchestration of activities with retries needs it, in memory.

It speaks to the library as the extension does: the library replays the whole history and answers the actions that it
scheduled so far; the extension plays those on its own counter of events. Both must number the same events alike, which
is checked here: https://github.com/Azure/azure-functions-durable-extension, OutOfProcOrchestrationShim.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

CALL, CALL_WITH_RETRY, WHEN_ANY, WHEN_ALL = 0, 1, 11, 12
STARTED, COMPLETED, FAILED, SCHEDULED, TIMER, FIRED, BEGAN, ENDED = 0, 5, 6, 4, 10, 11, 12, 13
_MOMENT = "2026-03-02T06:00:00.0000000Z"


class _Future:
    """What the extension waits for."""

    def __init__(self) -> None:
        self.ended: bool | None = None
        self._then: list[Callable[[bool], None]] = []

    def end(self, *, well: bool) -> None:
        if self.ended is None:
            self.ended = well
            for then in self._then:
                then(well)

    def then(self, do: Callable[[bool], None]) -> None:
        if self.ended is None:
            self._then.append(do)
        else:
            do(self.ended)


@dataclass
class _Episode:
    """One replay by the extension: the actions, on its own counter, against the history."""

    next_id: int = 0
    waiting: dict[int, _Future] = field(default_factory=dict)
    wanted: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What was scheduled, by id of its event."""

    def play(self, actions: list[dict[str, Any]]) -> None:
        """Await one action after the other."""
        if actions:
            self._invoke(actions[0]).then(lambda _well: self.play(actions[1:]))

    def _invoke(self, action: dict[str, Any]) -> _Future:
        kind = action["actionType"]
        if kind in (WHEN_ANY, WHEN_ALL):
            return self._together([self._invoke(each) for each in action["compoundActions"]], whole=kind == WHEN_ALL)
        if kind == CALL_WITH_RETRY:
            future = _Future()
            self._attempt(action, future, 1)
            return future
        assert kind == CALL, action
        return self._schedule(action)

    def _attempt(self, action: dict[str, Any], future: _Future, number: int) -> None:
        def ended(well: bool) -> None:  # noqa: FBT001 - as above
            if well:
                future.end(well=True)
            else:  # the timer is waited for also after the last attempt
                self._timer().then(lambda _well: self._again(action, future, number + 1))

        self._schedule(action).then(ended)

    def _again(self, action: dict[str, Any], future: _Future, number: int) -> None:
        if number > action["retryOptions"]["maxNumberOfAttempts"]:
            future.end(well=False)
        else:
            self._attempt(action, future, number)

    @staticmethod
    def _together(parts: list[_Future], *, whole: bool) -> _Future:
        future = _Future()

        def ended(_well: bool) -> None:  # noqa: FBT001 - as above
            if not whole or all(part.ended is not None for part in parts):
                future.end(well=True)

        for part in parts:
            part.then(ended)
        return future

    def _schedule(self, action: dict[str, Any]) -> _Future:
        return self._new({"EventType": SCHEDULED, "Name": action["functionName"], "Input": action["input"]})

    def _timer(self) -> _Future:
        return self._new({"EventType": TIMER, "FireAt": _MOMENT})

    def _new(self, event: dict[str, Any]) -> _Future:
        number, self.next_id = self.next_id, self.next_id + 1
        self.wanted[number] = event
        self.waiting[number] = _Future()
        return self.waiting[number]

    def feed(self, event: dict[str, Any]) -> None:
        """Let an event of the history end what waits for it."""
        kind = event["EventType"]
        if kind in (COMPLETED, FAILED):
            self.waiting[event["TaskScheduledId"]].end(well=kind == COMPLETED)
        elif kind == FIRED:
            self.waiting[event["TimerId"]].end(well=True)


def play(
    handle: Callable[[Any], str],
    start: object,
    activities: Mapping[str, Callable[[Any], Any]],
    *,
    seed: int = 0,
) -> Any:
    """Play an orchestration to its end and answer its output; ``seed`` decides which work ends first."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    history: list[dict[str, Any]] = [_event(BEGAN), _event(STARTED, Name="scan", Input=json.dumps(start), Version=None)]
    scheduled: dict[int, dict[str, Any]] = {}
    todo: list[dict[str, Any]] = []
    for _ in range(10_000):
        state = _ask(handle, history, start)
        if state.get("error"):
            raise RuntimeError(state["error"])
        if state["isDone"]:
            return state["output"]
        episode = _Episode()
        episode.play(state["actions"][0])
        for event in history:
            episode.feed(event)
        for number, event in episode.wanted.items():
            if number in scheduled:
                assert scheduled[number] == event, f"event {number} was {scheduled[number]} and is {event}"
            else:
                scheduled[number] = event
                history.append({**_event(event["EventType"], number), **event})
                todo.append({**event, "number": number})
        history.append(_event(ENDED))
        assert todo, "the orchestration waits for nothing"
        history.append(_event(BEGAN))
        history.append(_done(todo.pop(chance.randrange(len(todo))), activities))
    raise AssertionError("the orchestration does not end")


def _done(work: dict[str, Any], activities: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    if work["EventType"] == TIMER:
        return _event(FIRED, TimerId=work["number"], FireAt=_MOMENT)
    try:
        result = activities[work["Name"]](json.loads(work["Input"]))
    except Exception as error:  # noqa: BLE001 - the extension records whatever an activity raised
        return _event(
            FAILED,
            TaskScheduledId=work["number"],
            Reason=f"Activity function '{work['Name']}' failed",
            Details=str(error),
        )
    return _event(COMPLETED, TaskScheduledId=work["number"], Result=json.dumps(result))


def _ask(handle: Callable[[Any], str], history: list[dict[str, Any]], start: object) -> dict[str, Any]:
    body = {
        "history": history,
        "instanceId": "scan",
        "isReplaying": False,
        "parentInstanceId": None,
        "input": json.dumps(start),
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
    }
    state: dict[str, Any] = json.loads(handle(SimpleNamespace(body=json.dumps(body))))
    return state


def _event(kind: int, number: int = -1, **content: Any) -> dict[str, Any]:
    return {"EventType": kind, "EventId": number, "IsPlayed": False, "Timestamp": _MOMENT, **content}
