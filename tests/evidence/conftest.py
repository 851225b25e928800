"""The demo's week, played once for all files of tests."""

import os
from collections.abc import Iterator

import pytest

from tests.evidence.week import Week, shared_week


@pytest.fixture(scope="package")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Answer the week; the workspace answers as long as tests ask."""
    base = tmp_path_factory.getbasetemp()
    with shared_week((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "week") as found:
        yield found
