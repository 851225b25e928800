"""How many generated timelines are played, in groups that share a test."""

import os
from collections.abc import Sequence

import pytest

SEEDS = range(int(os.environ.get("TIMELINES", "12")))
"""A sample in every run of the tests; `make attack ATTACK=timelines` plays many more."""


def groups(size: int = 6) -> list[object]:
    """Answer the seeds in groups of ``size``, as parameters of a test."""
    return [pytest.param(SEEDS[start : start + size], id=f"seeds from {start}") for start in SEEDS[::size]]


GROUPS: Sequence[object] = groups()
