"""The files that pipelines take from this repository, read as their services read them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


@cache
def read(name: str) -> Any:
    """Read a YAML file of the repository."""
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in the expressions of a service, such as ``${{ inputs.plan }}``. One that has no value is an error."""
    return re.sub(r"\$\{\{\s*([^}]+?)\s*\}\}", lambda match: values[match[1]], text)


def run(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step's script as a runner does, with nothing in the environment but a path and what it is given."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **_index(), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _index() -> dict[str, str]:
    """Hand over where packages come from on this machine, which is no part of what is tested."""
    kept = (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_CONFIG_FILE",
        "PIP_FIND_LINKS",
        "PIP_TRUSTED_HOST",
        "SSL_CERT_FILE",
    )
    return {name: os.environ[name] for name in kept if name in os.environ}


def installed(folder: Path) -> Path:
    """Put the command where the install step of a pipeline puts it, without installing: the environment of the tests."""
    venv = folder / "vmss-posture"
    (venv / "bin").mkdir(parents=True)
    program = venv / "bin" / "vmss-posture"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m scanner "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return venv
