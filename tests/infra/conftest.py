"""A workspace for each test: made-up rows go into the quick one, the scanner's into the local Azure's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.client.local import LocalAzure
from tests.infra.declared import DEPLOYMENT, functions, graph_queries
from tests.infra.language_service import check, deployed_queries, pages_queries
from tests.infra.log_analytics import LogAnalytics
from tests.world import World, make_world


@pytest.fixture(scope="session")
def answers() -> dict[str, Any]:
    """Ask the language service about every text that a workspace runs, and about some wrong ones: once."""
    wrong = {
        "wrong table": "VmssPostureEvents_CL | where RuleName2 == ''",
        "wrong function": "VmssPostureOpenFindings() | project Evidence",
        "wrong argument": "VmssPostureCompliance()",
    }
    foreign = {f"graph {name}": text for name, text in graph_queries().items()}
    return check({**deployed_queries(), **wrong, **foreign, **pages_queries()})


@pytest.fixture(scope="session")
def graph_answers() -> dict[str, Any]:
    """Ask the language service about what is asked of Azure Resource Graph: once."""
    return check(graph_queries(), of_graph=True)


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
    for made in make_world(azure, tmp_path):
        made.deployment = DEPLOYMENT
        yield made
