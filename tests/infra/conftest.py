"""A workspace for each test."""

import pytest

from tests.infra.log_analytics import LogAnalytics


@pytest.fixture
def workspace() -> LogAnalytics:
    """Make an empty Log Analytics workspace with the deployed functions."""
    return LogAnalytics()
