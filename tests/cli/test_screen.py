"""Every screen fits its width, and no name, id or address is cut."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.scale_sets import document
from scanner.cli.screen import Cell, Screen
from scanner.rules import RULES
from tests.cli.test_check import PINNED, check, write

LONG = "vmss-with-a-name-that-is-rather-long-as-azure-allows-64-letters"


def shown(width: int) -> tuple[Screen, list[str]]:
    """Make a screen that keeps its lines."""
    lines: list[str] = []
    return Screen(width, lambda line: lines.append("".join(part.text for part in line).rstrip())), lines


@given(st.integers(40, 120), st.lists(st.text("ab-_/ é", max_size=60), min_size=1, max_size=4))
def test_lines_break_between_words_only(width: int, texts: list[str]) -> None:
    """Every word is whole, and a line is longer than the screen only where one word is."""
    out, lines = shown(width)
    out.say(*texts, hanging=4)
    assert " ".join(lines).split() == " ".join(texts).split()
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_a_table_keeps_names_whole(width: int) -> None:
    """It becomes one row below the other where it is too narrow for columns."""
    out, lines = shown(width)
    out.table("Title", ("name", "count", "meaning"), [(LONG, 7, "some words " * 12)], numbers=("count",))
    assert any(LONG in line for line in lines)
    assert all(len(line) <= max(width, len(LONG) + 6) for line in lines)
    assert " ".join(" ".join(lines).split()).count("some words") == 12


@pytest.mark.parametrize("columns", ["80", "100"])
@pytest.mark.parametrize(
    "words",
    [
        ["rules"],
        ["explain", "VMSS-008"],
        ["explain", "VMSS-002"],
        ["--help"],
        *([command, "--help"] for command in ("scan", "check", "doctor", "replay", "rules", "explain", "demo")),
    ],
    ids=" ".join,
)
def test_texts_fit_the_terminal(words: list[str], columns: str) -> None:
    """No line is longer than the terminal, but for a command, or one word that is to be copied whole."""
    done = subprocess.run(
        [sys.executable, "-m", "scanner", *words],
        env={**os.environ, "COLUMNS": columns},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    long = [line for line in done.stdout.splitlines() if len(line) > int(columns) and len(line.split()) > 1]
    assert [line for line in long if not line.strip().startswith("az ")] == []
    assert "**" not in done.stdout


def test_every_rule_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Each page is shown whole, without the marks of its source."""
    from scanner.cli import main

    for rule in RULES:
        assert main(["explain", rule.id]) == 0
        said = capsys.readouterr().out
        assert rule.name in said
        assert "*unknown*" not in said
        assert "**" not in said
        assert "``" not in said


def test_a_fleet_is_on_one_screen_worst_first(tmp_path: Path) -> None:
    """What will not upgrade itself comes first: by severity, production, capacity; with why, whose, and the first step."""
    fleet = []
    for name, environment, capacity in (
        ("dev-large", "dev", 90),
        ("prod-small", "production", 3),
        ("prod-large", "production", 60),
    ):
        item = {**json.loads(json.dumps(PINNED)), "id": PINNED["id"].replace("pinned", name)}
        item["tags"] = {**PINNED["tags"], "environment": environment}
        item["sku"] = {**PINNED["sku"], "capacity": capacity}
        fleet.append(item)
    fleet += [document(f"good-{number}") for number in range(40)]
    done = check(write(tmp_path, fleet), "--limit", "2", environment={"COLUMNS": "80"})
    assert done.stdout.index("prod-large") < done.stdout.index("prod-small")
    assert "dev-large" not in done.stdout
    assert "2 of 3 shown" in " ".join(done.stdout.split())
    assert "Blocked by VMSS-002 automatic-os-upgrade-cannot-run: The image is pinned" in " ".join(done.stdout.split())
    assert "owner team-shop" in done.stdout
    assert "$ az vmss update" in done.stdout
    assert len(done.stdout.splitlines()) < 50


def test_the_screen_says_which_policy_judged(tmp_path: Path) -> None:
    """The files of the current folder are found as doctor finds them; else it says that the policy is built in."""
    file = write(tmp_path, PINNED)
    command = [sys.executable, "-m", "scanner", "check", file, "--format"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}

    def run(form: str) -> str:
        done = subprocess.run(
            [*command, form], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout

    assert "the built-in policy, no exemption file" in " ".join(run("table").split())
    assert json.loads(run("json"))["judged_by"]["policy"] is None
    (tmp_path / "policy.toml").write_text('[severities]\nVMSS-002 = "low"\n', encoding="utf-8")
    (tmp_path / "exemptions.toml").write_text("", encoding="utf-8")
    assert "policy policy.toml, exemptions exemptions.toml" in " ".join(run("table").split())
    document = json.loads(run("json"))
    assert (document["judged_by"]["policy"], document["judged_by"]["exemptions"]) == ("policy.toml", "exemptions.toml")
    assert {v["rule_id"]: v["severity"] for v in document["scale_sets"][0]["verdicts"]}["VMSS-002"] == "low"


def test_a_cell_is_safe() -> None:
    """What is given as text is shown, not obeyed."""
    out, lines = shown(80)
    out.say("\x1b[31mred", Cell("plain"))
    assert lines == ["\\u001b[31mred plain"]


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        pytest.param({"TERM": "xterm-256color"}, "some", id="a terminal"),
        pytest.param({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none", id="colours are not wanted"),
        pytest.param({"TERM": "dumb"}, "none", id="a terminal that has none"),
    ],
)
def test_colours_are_for_a_terminal_that_wants_them(tmp_path: Path, environment: dict[str, str], colours: str) -> None:
    """The text is the same with and without."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "scanner", "check", write(tmp_path, PINNED)]
    done = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env={**os.environ, "COLUMNS": "80", **environment}
    )
    os.close(follower)
    said = b""
    with contextlib.suppress(OSError):  # how a terminal ends
        while piece := os.read(leader, 65536):
            said += piece
    os.close(leader)
    assert done.wait(timeout=60) == 1
    assert ("some" if re.search(rb"\x1b\[[0-9;]+m", said) else "none") == colours
    plain_text = re.sub(rb"\x1b\[[0-9;]*m", b"", said).decode().replace("\r\n", "\n")
    shown = plain_text[plain_text.index("Judged by") :]  # after the progress
    assert shown == check(write(tmp_path, PINNED), environment={"COLUMNS": "80"}).stdout
