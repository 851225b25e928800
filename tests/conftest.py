"""The environment of every test: no answer may depend on the terminal or the shell in which the tests are started."""

import os

import pytest
from hypothesis import settings

WIDTH = "160"
"""Columns of every screen, unless a test asks for another number: what a pipe gets."""
OF_A_TERMINAL = (
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "PYTHONIOENCODING",
    "PYTHON_COLORS",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
)
"""Variables by which a person, a terminal or a pipeline changes what programs print."""

SLOWEST_FIRST = (
    "tests/promises/test_month",
    "tests/promises/test_kill",
    "tests/functions/test_scans_in_shards",
    "tests/generated/",
    "tests/cli/test_scan",
    "tests/azure/test_every_client",
    "tests/promises/test_rollouts",
    "tests/doctor/",
    "tests/scan/",
    "tests/promises/",
    "tests/infra/",
    "tests/functions/",
    "tests/evidence/",
    "tests/engines/",
)
"""Files that take a minute or two each: who begins with them does not wait for the last one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; a file stays together."""

    def rank(item: pytest.Item) -> int:
        found = (number for number, start in enumerate(SLOWEST_FIRST) if item.nodeid.startswith(start))
        return next(found, len(SLOWEST_FIRST))

    items.sort(key=rank)


for _name in OF_A_TERMINAL:
    os.environ.pop(_name, None)
os.environ.update({"COLUMNS": WIDTH, "TERM": "dumb"})

settings.register_profile("any machine", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("any machine")
