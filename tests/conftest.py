"""The environment of every test: no answer may depend on the terminal or the shell in which the tests are started."""

import os

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

for _name in OF_A_TERMINAL:
    os.environ.pop(_name, None)
os.environ.update({"COLUMNS": WIDTH, "TERM": "dumb"})

settings.register_profile("any machine", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("any machine")
