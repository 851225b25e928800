"""What the pages for maintainers say of the code is so."""

import re
import tomllib
from pathlib import Path

import pytest

from scanner.rules import DEPTH_RULES, FLEET_RULES

ROOT = Path(__file__).parents[1]
PAGES = ("architecture.md", "contributing.md", "reliability.md")
_PLACEHOLDERS = ("NNN", "the-name", "the_name", "THE")


def page(name: str) -> str:
    """Read a page."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def packages(folder: str) -> set[str]:
    """Name the rooms that there are: folders with a file of ours in them."""
    kept = {"__pycache__"}
    return {f"{folder}/{path.name}" for path in (ROOT / folder).iterdir() if path.is_dir() and path.name not in kept}


@pytest.mark.parametrize("folder", ["scanner", "emulator"])
def test_the_rooms_of_the_page_are_the_packages(folder: str) -> None:
    """Each package has its row, and each row its package."""
    assert set(re.findall(rf"(?m)^\| `({folder}/\w+)` \|", page("architecture.md"))) == packages(folder)


def test_the_picture_shows_every_room_and_only_imports_that_are_allowed() -> None:
    """Every line of the layers has its boxes, and an arrow leads from a room to one in a line below it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    depth = {room.strip(): number for number, line in enumerate(layers) for room in line.split("|")}
    picture = page("architecture.md").split("flowchart TD\n")[1].split("```")[0]
    drawn = set(re.findall(r"(\w+)\[", picture))
    assert {room.partition("/")[2] for room in packages("scanner")} | {"bootstrap", "snapshot", "functions"} <= drawn
    arrows = [
        (re.match(r"\w+", source.strip()), re.match(r"\w+", target.strip()))
        for line in picture.splitlines()
        if "-->" in line
        for source, _, targets in [line.partition("-->")]
        for target in targets.split("&")
    ]
    assert len(arrows) > 15
    for source, target in arrows:
        assert source is not None
        assert target is not None
        assert depth[source[0]] < depth[target[0]], f"{source[0]} --> {target[0]}"


@pytest.mark.parametrize("name", PAGES)
def test_files_that_a_page_names_exist(name: str) -> None:
    """A path in code marks is a file or a folder of the repository, or of ``scanner/``."""
    named = [
        path
        for path in re.findall(r"`([\w.-]+/[\w./-]*)`", page(name))
        if not any(placeholder in path for placeholder in _PLACEHOLDERS)
    ]
    assert named
    assert [path for path in named if not (ROOT / path).exists() and not (ROOT / "scanner" / path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere(name: str) -> None:
    """A relative link names a page that is there."""
    links = re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)", page(name))
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_a_rule_is_the_files_that_the_page_names() -> None:
    """Every rule has each of the files of its section, with its id in it."""
    section = page("contributing.md").split("## A rule\n")[1].split("\n## ")[0]
    files = re.findall(r"(?m)^\| `([^`]+)` \|", section)
    assert len(files) == 4
    beside_the_row = {rule.id for rule in DEPTH_RULES} | {rule.id for rule in FLEET_RULES}
    for module in (ROOT / "scanner/rules").glob("vmss_*.py"):
        number = module.stem.split("_")[1]
        for file in files:
            path = ROOT / file.replace("vmss_NNN_the_name", module.stem).replace("NNN", number)
            if path.name == "remediation-examples.json" and f"VMSS-{number}" in beside_the_row:
                continue
            text = path.read_text(encoding="utf-8")
            assert module.stem in text or f"VMSS-{number}" in text or path.name == f"VMSS-{number}.toml", path
