"""The real adapters over the emulator, and the fakes, pass one contract suite."""

from collections.abc import Iterator

import pytest

from emulator.client.local import LocalAzure
from scanner.adapters.azure.compute import ComputeReader
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from tests.azure.ports_contract import PortsContract, Stage
from tests.fakes.azure import FakeAzure, FakeCompute, FakeFleet
from tests.world import connection_to, identity_of


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as started, identity_of(started):
        yield started


class TestRealAdapters(PortsContract):
    """Resource Graph and Compute, as the emulator plays them."""

    @pytest.fixture
    def empty_stage(self, azure: LocalAzure) -> Iterator[Stage]:
        """Make both adapters on one connection."""
        azure.control.reset()
        connection = connection_to(azure)
        fleet, compute = ResourceGraphFleet(connection), ComputeReader(connection)
        yield Stage(azure.control, fleet, compute)
        fleet.close()
        compute.close()


class TestFakes(PortsContract):
    """Classes with state, for the tests of the core."""

    @pytest.fixture
    def empty_stage(self) -> Stage:
        """Make both fakes on one estate."""
        azure = FakeAzure()
        return Stage(azure, FakeFleet(azure), FakeCompute(azure))
