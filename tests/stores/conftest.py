from collections.abc import Iterator

import pytest

from tests.stores.azurite import Azurite, running_azurite


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Run one Azurite for all tests of this process."""
    with running_azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running
