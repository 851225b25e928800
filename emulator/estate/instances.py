"""Instances of scale sets, kept as runs: neighbours that are alike are one entry, whatever their number.

A scale set of a hundred instances on one image is one run; a rolling upgrade splits it in two, and leaves one again.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceState:
    """What is so of each instance of a run."""

    exact_version: str = ""
    """The image version that runs; empty: the image has no versions."""
    reference: str = "{}"
    """The image reference that it was made from, as JSON text, without the exact version."""
    latest_model: bool = True
    power: str = "running"
    """``running``, ``deallocated``, ``stopped`` …: what follows ``PowerState/``."""
    provisioning: str = "Succeeded"
    health: str = ""
    """``healthy``, ``unhealthy``, ``initializing``, ``unknown``; empty: nothing reports its health."""
    protect_from_actions: bool = False
    protect_from_scale_in: bool = False
    skip_upgrade: str = ""
    """What the workload says for ``SkipUpgrade`` in its health answer; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Instances with numbers that follow each other, and that are alike."""

    first: int
    count: int
    state: InstanceState


Runs = tuple[Run, ...]


def make_state(facts: Mapping[str, Any]) -> InstanceState:
    """Read a state as the control surface writes it. Raises ``TypeError`` for a field that there is not."""
    given = dict(facts)
    reference = given.pop("reference", None)
    if reference is not None:
        given["reference"] = write_reference(reference)
    return InstanceState(**given)


def write_reference(reference: Mapping[str, Any]) -> str:
    """Write an image reference as the states keep it: without the exact version."""
    return json.dumps({key: value for key, value in reference.items() if key != "exactVersion"}, separators=(",", ":"))


def read_runs(asked: Sequence[Mapping[str, Any]], base: InstanceState) -> Runs:
    """Read runs as the control surface writes them: ``count``, perhaps ``first``, and what differs from ``base``."""
    runs: list[Run] = []
    following = 0
    for item in asked:
        facts = dict(item)
        count, first = int(facts.pop("count")), int(facts.pop("first", following))
        if count < 0 or first < following:
            raise ValueError(f"runs are in the order of their numbers, and do not overlap: {item}")
        reference = facts.pop("reference", None)
        state = replace(base, **facts)
        if reference is not None:
            state = replace(state, reference=write_reference(reference))
        if count:
            runs.append(Run(first=first, count=count, state=state))
        following = first + count
    return joined(runs)


def joined(runs: Sequence[Run]) -> Runs:
    """Join neighbours that are alike."""
    whole: list[Run] = []
    for run in runs:
        if not run.count:
            continue
        last = whole[-1] if whole else None
        if last is not None and last.first + last.count == run.first and last.state == run.state:
            whole[-1] = Run(first=last.first, count=last.count + run.count, state=run.state)
        else:
            whole.append(run)
    return tuple(whole)


def total(runs: Runs) -> int:
    """Count the instances."""
    return sum(run.count for run in runs)


def counted(runs: Runs, holds: Callable[[InstanceState], bool]) -> int:
    """Count the instances of which something holds."""
    return sum(run.count for run in runs if holds(run.state))


def changed(
    runs: Runs,
    change: Callable[[InstanceState], InstanceState],
    *,
    most: int | None = None,
    where: Callable[[InstanceState], bool] = lambda _state: True,
) -> tuple[Runs, int]:
    """Change the first ``most`` instances of which something holds; answer the runs, and how many were changed."""
    left = total(runs) if most is None else most
    done = 0
    pieces: list[Run] = []
    for run in runs:
        taken = min(run.count, left - done) if where(run.state) else 0
        if taken:
            pieces.append(Run(first=run.first, count=taken, state=change(run.state)))
            done += taken
        pieces.append(Run(first=run.first + taken, count=run.count - taken, state=run.state))
    return joined(pieces), done


def resized(runs: Runs, count: int, newcomer: InstanceState) -> Runs:
    """Scale to a number of instances: new ones come at the end with new numbers, the last ones go first."""
    kept: list[Run] = []
    room = count
    for run in runs:
        taken = min(run.count, room)
        room -= taken
        kept.append(replace(run, count=taken))
    if room:
        first = runs[-1].first + runs[-1].count if runs else 0
        kept.append(Run(first=first, count=room, state=newcomer))
    return joined(kept)


def numbered(runs: Runs) -> Iterator[tuple[int, InstanceState]]:
    """Yield every instance: its number, and what is so of it."""
    for run in runs:
        for number in range(run.first, run.first + run.count):
            yield number, run.state


def fingerprint(key: str, number: int) -> str:
    """Answer 32 hexadecimal digits that belong to an instance; the index computes the same in SQL."""
    return hashlib.md5(f"{key}/{number}".encode(), usedforsecurity=False).hexdigest()


def vm_id(digits: str) -> str:
    """Write the digits as a GUID."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
