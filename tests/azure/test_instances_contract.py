"""The real adapters over the emulator, and the fake, count and ask alike."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from emulator.client.client import Control
from emulator.client.local import LocalAzure
from scanner.adapters.azure.compute_instances import ComputeInstances
from scanner.adapters.azure.graph_client import GraphClient
from scanner.adapters.azure.instance_census import GraphCensus
from tests.azure.instances_contract import InstancesContract, Stage
from tests.fakes.azure import FakeAzure
from tests.fakes.instances import FakeInstances
from tests.world import connection_to, identity_of


def now() -> datetime:
    """Answer the moment of these tests."""
    return datetime(2026, 11, 9, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def azure() -> Iterator[LocalAzure]:
    """Start the local Azure."""
    with LocalAzure() as started, identity_of(started):
        yield started


class TestRealAdapters(InstancesContract):
    """Resource Graph and Compute, as the emulator plays them."""

    @pytest.fixture
    def empty_stage(self, azure: LocalAzure) -> Iterator[Stage]:
        """Make both adapters on one connection."""
        azure.control.reset()
        connection = connection_to(azure)
        graph, reads = GraphClient(connection), ComputeInstances(connection, now)
        yield Stage(azure.control, azure.control, GraphCensus(graph), reads)
        graph.close()
        reads.close()

    def hide_columns(self, stage: Stage) -> None:
        """Leave the properties out of the table."""
        columns = ("latestModelApplied", "protectionPolicy")
        assert isinstance(stage.estate, Control)
        stage.estate.set_limits(columns_not_offered=columns)


class TestFakes(InstancesContract):
    """A class with state, for the tests of the core."""

    @pytest.fixture
    def empty_stage(self) -> Stage:
        """Make the fake on a fake Azure."""
        azure = FakeAzure()
        instances = FakeInstances(azure, now)
        return Stage(azure, instances, instances, instances)

    def hide_columns(self, stage: Stage) -> None:
        """Leave the columns out of the groups."""
        assert isinstance(stage.instances, FakeInstances)
        stage.instances.faults.hides_columns = True
