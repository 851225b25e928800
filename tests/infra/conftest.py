"""A workspace for each test: made-up rows go into the quick one, the scanner's into the local Azure's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from tests.infra.declared import functions
from tests.infra.log_analytics import LogAnalytics
from tests.world import World, make_world


@pytest.fixture
def workspace() -> LogAnalytics:
    """Make an empty Log Analytics workspace with the deployed functions."""
    return LogAnalytics()


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure, with the deployed functions in its workspace."""
    with LocalAzure() as started:
        for function in functions():
            started.control.save_function(function.name, function.body, function.parameters)
        yield started


@pytest.fixture
def world(azure: LocalAzure, tmp_path: Path) -> Iterator[World]:
    """Make a service with nothing remembered, on an estate of two empty subscriptions."""
    yield from make_world(azure, tmp_path)
