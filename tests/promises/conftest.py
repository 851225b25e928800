"""One local Azure for the promises of a module; each test finds it empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from tests.world import World, make_world


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as started:
        yield started


@pytest.fixture
def world(azure: LocalAzure, tmp_path: Path) -> Iterator[World]:
    """Make a service with nothing remembered, on an estate of two empty subscriptions."""
    yield from make_world(azure, tmp_path)
