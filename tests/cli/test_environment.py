"""The tests answer the same in every terminal."""

import os
import subprocess
import sys

import pytest

from tests.conftest import OF_A_TERMINAL, WIDTH


@pytest.mark.parametrize(
    "shell",
    [
        pytest.param({"COLUMNS": "60", "TERM": "xterm-256color", "LINES": "20"}, id="a narrow terminal"),
        pytest.param({"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "COLORTERM": "truecolor"}, id="colours forced"),
        pytest.param({"NO_COLOR": "1", "COLUMNS": "no number"}, id="no colours, and a width that is no number"),
        pytest.param({"COLUMNS": "100"}, id="the width of a common terminal"),
    ],
)
def test_no_test_sees_the_terminal_it_is_started_in(shell: dict[str, str]) -> None:
    """Whatever the shell sets, a test finds one width, no wish for colours, and a terminal that can do nothing."""
    code = "import os, tests.conftest, json; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **shell}, capture_output=True, text=True, check=True
    )
    for name in OF_A_TERMINAL:
        assert f'"{name}"' not in done.stdout
    assert f'"COLUMNS": "{WIDTH}"' in done.stdout
    assert '"TERM": "dumb"' in done.stdout
