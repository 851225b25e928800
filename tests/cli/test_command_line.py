"""The command of a remediation is written for the shell of the system that shows it."""

import pytest

from scanner.cli.answers import command_line
from scanner.rules.remediation import Command


@pytest.mark.parametrize(
    ("on_windows", "line"),
    [(False, "az --name 'it'\"'\"'s'"), (True, "az --name 'it''s'")],
    ids=["a POSIX shell", "PowerShell on Windows"],
)
def test_a_command_is_quoted_for_the_shell_at_hand(line: str, *, on_windows: bool) -> None:
    """A quote in a name is written as the shell reads it."""
    command = Command(argv=("az", "--name", "it's"), changes="", restarts="")

    assert command_line(command, on_windows=on_windows) == line
