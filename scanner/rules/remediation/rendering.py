"""A remediation as text for a POSIX shell and for PowerShell: commands that may be pasted, then comments.

A name may hold anything, and nothing in it may act. What no quoting carries safely is not printed: a comment says so,
and the ``argv`` of the JSON has it.
"""

import re
import shlex
from collections.abc import Callable, Iterable

from scanner.plain_text import plain
from scanner.rules.remediation.data import Remediation

_BARE = re.compile(r"(?:--?[a-z][a-z-]*|[A-Za-z0-9_./][A-Za-z0-9_./=-]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls (Cc) and halves of surrogate pairs (Cs)."""
_SINGLE_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_CMD_SPECIAL = frozenset('&|<>^()!"')
_LEGACY = "& { $PSNativeCommandArgumentPassing = 'Legacy'; %s }"
NOT_SHOWN = "Not shown as a command: a name holds characters that cannot be pasted safely. Use argv of the JSON."


def render_posix(remediation: Remediation) -> str:
    """Write it for a POSIX shell (sh, dash, bash, zsh), also for pasting: one command on each line, then comments."""
    return _rendered(remediation, posix_command)


def render_powershell(remediation: Remediation) -> str:
    """Write it for PowerShell 5.1 and 7, on Windows and elsewhere: one command on each line, then comments.

    https://learn.microsoft.com/cli/azure/use-azure-cli-successfully-powershell and
    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_parsing.
    """
    return _rendered(remediation, powershell_command)


def _rendered(remediation: Remediation, quoted: Callable[[tuple[str, ...]], str | None]) -> str:
    lines: list[str] = []
    for command in remediation.commands:
        text = quoted(command.argv)
        lines.append(f"# {NOT_SHOWN}" if text is None else text)
    return "\n".join([*lines, *[f"# {text}" for text in notes_of(remediation)]])


def notes_of(remediation: Remediation) -> list[str]:
    """List what stands beside the commands, each on one line: what they change and restart, and what to know before."""
    return [plain(text, 4_000) for text in _notes(remediation)]


def _notes(remediation: Remediation) -> Iterable[str]:
    for command in remediation.commands:
        yield f"Changes: {command.changes}. Restarts: {command.restarts}"
    yield remediation.note
    if remediation.needs:
        yield f"Fails afterwards and did not before: {', '.join(remediation.needs)}."
    if remediation.bicep:
        yield f"Bicep: {remediation.bicep}"
    if remediation.terraform:
        yield f"Terraform: {remediation.terraform}"


def posix_command(argv: tuple[str, ...]) -> str | None:
    """Quote a command for a POSIX shell; ``None``: a word holds what cannot be pasted safely."""
    # A line end is quoted like any other character; other controls act on the terminal into which they are pasted.
    if any(_CONTROL.search(word.replace("\n", "")) for word in argv):
        return None
    return shlex.join(argv)


def powershell_command(argv: tuple[str, ...]) -> str | None:
    """Quote a command for PowerShell, and for what it starts; ``None``: a word holds what cannot be passed safely.

    On Windows ``az`` is a batch file: what PowerShell passes on is read again by cmd.exe, in which a percent sign and
    a line end cannot be quoted at all. Before 7.3, and for batch files always, PowerShell puts the arguments together
    without quoting quotes; 7.3 passes them as they are. A word that the two would pass differently is quoted for the
    older way, which is then asked for by name, for this one command.
    """
    if any("%" in word or _CONTROL.search(word) for word in argv):
        return None
    if any('\\"' in word for word in argv):
        return (
            None  # PowerShell takes a quote behind a backslash for an escaped one, however many backslashes there are
        )
    passed = [_for_legacy(word) for word in argv]
    line = " ".join([_literal(word) for word in passed])
    return line if tuple(passed) == argv else _LEGACY % line


def _for_legacy(word: str) -> str:
    """Quote a word for a command line that C's rules take apart, where PowerShell does not do it by itself."""
    spaced = any(char.isspace() for char in word)
    if word and not _CMD_SPECIAL.intersection(word) and not (spaced and word.endswith("\\")):
        return word
    # Closing backslashes are doubled; a doubled quote is a quote to C and keeps cmd.exe inside.
    return '"' + re.sub(r"(\\+)$", r"\1\1", word.replace('"', '""')) + '"'


def _literal(word: str) -> str:
    """Write a word of PowerShell: bare where nothing in it acts, else in single quotes, which it knows in five forms."""
    return word if _BARE.fullmatch(word) else "'" + _SINGLE_QUOTES.sub(r"\1\1", word) + "'"
