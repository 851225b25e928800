"""The files that ``check`` reads: names, folders and patterns become documents; each problem is told, and loses no other file."""

import glob
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

STANDARD_INPUT = "-"
_ENDINGS = (".json", ".jsonl")


def files_of(names: Sequence[str], problems: list[str]) -> Iterator[str]:
    """Yield the files that are named, in order.

    A folder stands for all files in and below it that end in .json or .jsonl; a pattern that the shell left as it is,
    for those that match. A name that stands for no file is a problem.
    """
    for name in names:
        path = Path(name)
        if name != STANDARD_INPUT and path.is_dir():
            inside = sorted(str(item) for item in path.rglob("*") if item.suffix.lower() in _ENDINGS and item.is_file())
            if not inside:
                problems.append(f"{name} is a folder without any .json or .jsonl file.")
            yield from inside
        elif name != STANDARD_INPUT and glob.has_magic(name) and not path.exists():
            matching = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - a pattern may begin at the root
            if not matching:
                problems.append(f"No file matches {name}.")
            yield from matching
        else:
            yield name


def documents_in(name: str, problems: list[str]) -> Iterator[object]:
    """Yield the JSON documents of a file: one, or JSON Lines. A line that is not JSON is a problem, alone."""
    try:
        text = _text(name)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(_unreadable(name, error))
        return
    if not text.strip():
        problems.append(f"{name} is empty. Did the command that wrote it fail?")
        return
    try:
        whole = json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            yield from _lines(name, text, problems)
        else:
            problems.append(f"{name} is not JSON: {error}.{_hint(text)}")
        return
    yield whole


def _lines(name: str, text: str, problems: list[str]) -> Iterator[object]:
    # Not splitlines: a value may hold other characters that end a line elsewhere.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line, parse_int=_integer)
            except (ValueError, RecursionError) as error:
                problems.append(f"{name}, line {number}, is not JSON: {error}.")


def _unreadable(name: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{name} does not exist."
    if isinstance(error, UnicodeDecodeError):
        return f"{name} is not text in UTF-8, UTF-16 or UTF-32, so it is not JSON."
    return f"{name} cannot be read: {getattr(error, 'strerror', None) or error}."


def _text(name: str) -> str:
    """Read UTF-8, UTF-16 or UTF-32, with or without a byte order mark: PowerShell writes UTF-16."""
    if name != STANDARD_INPUT:
        content = Path(name).read_bytes()
    elif sys.stdin is None:
        raise OSError("standard input is closed")
    else:
        content = sys.stdin.buffer.read()
    # https://www.rfc-editor.org/rfc/rfc4627#section-3: the zeros among the first bytes tell the encoding.
    return content.decode(json.detect_encoding(content))


def _hint(text: str) -> str:
    """Name what begins like this and is not JSON."""
    start = text.lstrip()[:400]
    if start.startswith(("resource ", "param ", "targetScope", "metadata ", "@description", "module ", "var ")):
        return " It looks like Bicep; az bicep build makes an ARM template of it."
    if start.startswith(("terraform ", "provider ", "variable ", "locals ", "data ")):
        return " It looks like Terraform's own language."
    if "---" in start and not start.startswith(("{", "[")):
        return " It looks like a table or YAML; export with --output json."
    return " Is the file complete?"


def _integer(digits: str) -> int | float:
    """Read a whole number; one of hundreds of digits is beyond every limit, and as good as infinite."""
    return int(digits) if len(digits) < 300 else float(digits)
