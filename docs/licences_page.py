"""The licences of what is deployed: every package that requirements.txt pins, with what its own metadata says."""

import re
from importlib.metadata import distribution
from pathlib import Path

_OSI = "License :: OSI Approved :: "


def licences_page(root: Path) -> str:
    """Render the packages that are deployed, with version and licence. Raises ``ValueError`` for one that names none."""
    pins = re.findall(r"(?m)^([A-Za-z0-9_.-]+)==([^ \\]+)", (root / "requirements.txt").read_text(encoding="utf-8"))
    lines = [
        "# Licences",
        "",
        "What is deployed: the app, under the MIT License of this repository, and these packages, pinned and hashed in",
        "`requirements.txt`. The licence is what the package's own metadata says; its text is in the package.",
        "",
        "| package | version | licence |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {name} | {version} | {licence_of(name)} |" for name, version in sorted(pins)]
    return "\n".join(lines) + "\n"


def licence_of(name: str) -> str:
    """Name a package's licence: its SPDX expression, else its classifier, else its first line about it."""
    metadata = distribution(name).metadata
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [line.removeprefix(_OSI) for line in metadata.get_all("Classifier") or [] if line.startswith(_OSI)]
    if classifiers:
        return " and ".join(sorted(classifiers))
    text = str(metadata.get("License") or "").strip()
    if not text:
        raise ValueError(f"{name} names no licence in its metadata; look it up before it is deployed.")
    return text.splitlines()[0]
