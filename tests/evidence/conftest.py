"""The demo's week, played once for a file of tests."""

from collections.abc import Iterator

import pytest

from tests.evidence.week import Week, play_week


@pytest.fixture(scope="package")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Play the week; the workspace answers as long as tests ask."""
    with play_week(tmp_path_factory.mktemp("week")) as played:
        yield played
