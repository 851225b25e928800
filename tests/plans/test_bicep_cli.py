"""Bicep files through the CLI of the machine: there, not there, and something else of that name."""

import json
import stat
from pathlib import Path

import pytest

from scanner.adapters.bicep_cli import BicepError, compile_bicep

TEMPLATE = {"$schema": "https://x/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": []}
PARAMETERS = {"$schema": "https://x/deploymentParameters.json#", "parameters": {"n": {"value": "web"}}}


def program(folder: Path, name: str, body: str) -> str:
    """Put a program on a path of its own; answer the path."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IEXEC)
    return str(folder)


def says(document: object) -> str:
    """Make the body of a program that prints a document, and its words to a file beside it."""
    return f'echo "$@" > "$0.words"\ncat <<\'END\'\n{json.dumps(document)}\nEND'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Make a Bicep file."""
    file = tmp_path / "main.bicep"
    file.write_text("param n string", encoding="utf-8")
    return file


def test_a_bicep_file_is_compiled(tmp_path: Path, source: Path) -> None:
    """The standalone CLI is asked for the template."""
    path = program(tmp_path, "bicep", says(TEMPLATE))
    assert compile_bicep(source, path) == (TEMPLATE, {})
    assert (tmp_path / "bicep.words").read_text(encoding="utf-8").split() == ["build", str(source), "--stdout"]


def test_a_parameter_file_is_compiled(tmp_path: Path) -> None:
    """Template and parameters come together."""
    file = tmp_path / "main.bicepparam"
    file.write_text("using 'main.bicep'", encoding="utf-8")
    both = {"templateJson": json.dumps(TEMPLATE), "parametersJson": json.dumps(PARAMETERS)}
    assert compile_bicep(file, program(tmp_path, "bicep", says(both))) == (TEMPLATE, PARAMETERS)


def test_az_stands_in_for_bicep(tmp_path: Path, source: Path) -> None:
    """``az bicep`` has another order of words."""
    path = program(tmp_path, "az", says(TEMPLATE))
    assert compile_bicep(source, path) == (TEMPLATE, {})
    words = (tmp_path / "az.words").read_text(encoding="utf-8").split()
    assert words == ["bicep", "build", "--file", str(source), "--stdout"]


WRONG = [
    pytest.param("exit 1", "exit code 1", id="it fails without a word"),
    pytest.param("echo 'main.bicep(1,1) : Error BCP007: oh' >&2; exit 1", "BCP007", id="it names an error"),
    pytest.param("echo hello", "not answer with JSON", id="another program of that name"),
    pytest.param("echo '[1]'", "made no template", id="JSON that is no template"),
    pytest.param("sleep 5", "within 0.2 seconds", id="it does not end"),
]


@pytest.mark.parametrize(("body", "word"), WRONG)
def test_what_goes_wrong_is_said(tmp_path: Path, source: Path, body: str, word: str) -> None:
    """Errors of the CLI, and programs that only have its name, are answered with what happened."""
    path = program(tmp_path, "bicep", body)
    with pytest.raises(BicepError, match=word):
        compile_bicep(
            source, f"{path}:/bin:/usr/bin" if "sleep" in body else path, patience=0.2 if "sleep" in body else 60
        )


def test_without_a_cli_it_says_what_to_install(source: Path, tmp_path: Path) -> None:
    """Neither bicep nor az: the answer names both, and what to give instead."""
    with pytest.raises(BicepError, match=r"neither bicep nor az is installed.*bicep snapshot"):
        compile_bicep(source, str(tmp_path / "empty"))
