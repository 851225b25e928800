"""A workspace for each test."""

import pytest

from tests.infra.log_analytics import LogAnalytics


@pytest.fixture
def workspace() -> LogAnalytics:
    """An empty Log Analytics workspace with the deployed functions."""
    return LogAnalytics()
