"""Bicep files, compiled by the Bicep CLI of this machine. Nothing is downloaded here.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-cli.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scanner.errors import MonitorError
from scanner.plain_text import plain

ENDINGS = (".bicep", ".bicepparam")
PATIENCE = 120
"""Seconds for one file: modules of a registry may be restored."""
_SNAPSHOT = "or give it what the CLI makes: bicep snapshot FILE.bicepparam --mode overwrite, or bicep build FILE.bicep"


class BicepError(MonitorError):
    """A Bicep file could not be compiled."""


def compile_bicep(file: Path, path: str | None = None, patience: float = PATIENCE) -> tuple[object, object]:
    """Compile a file: the template, and the parameter file (``{}`` for a ``.bicep``). ``path``: where programs are.

    Raises ``BicepError``, which says what to install or what the CLI said.
    """
    standalone, azure = (shutil.which(name, path=path) for name in ("bicep", "az"))
    command = "build-params" if file.suffix.lower() == ".bicepparam" else "build"
    if standalone is not None:
        words = [standalone, command, str(file.resolve()), "--stdout"]
    elif azure is not None:
        words = [azure, "bicep", command, "--file", str(file.resolve()), "--stdout"]
    else:
        raise BicepError(f"{file} is Bicep, and neither bicep nor az is installed. Install one, {_SNAPSHOT}.")
    answer = _run(words, file, patience)
    if not isinstance(answer, Mapping):
        raise BicepError(f"{words[0]} made no template of {file}. Is it the Bicep CLI?")
    if command == "build":
        return answer, {}
    parts = (answer.get("templateJson"), answer.get("parametersJson"))
    if not all(isinstance(part, str) for part in parts):
        raise BicepError(f"{words[0]} made no template and parameters of {file}. Is it the Bicep CLI?")
    try:
        return json.loads(str(parts[0])), json.loads(str(parts[1]))
    except (ValueError, RecursionError) as error:
        raise BicepError(f"{words[0]} made a template of {file} that is not JSON.") from error


def _run(words: list[str], file: Path, patience: float) -> object:
    try:
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=patience, check=False)
    except subprocess.TimeoutExpired as error:
        raise BicepError(f"{words[0]} did not compile {file} within {patience:g} seconds.") from error
    except OSError as error:
        raise BicepError(f"{words[0]} cannot be run: {error.strerror}.") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise BicepError(f"{words[0]} could not compile {file}: {plain(said, 500) or f'exit code {done.returncode}'}")
    try:
        return json.loads(done.stdout.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise BicepError(f"{words[0]} did not answer with JSON for {file}. Is it the Bicep CLI?") from error
