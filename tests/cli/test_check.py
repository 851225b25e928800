"""``vmss-posture check`` as a person or a pipeline uses it: documents in, exit code, output and messages out."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scale_sets import SUBSCRIPTION, document

GOOD = document("good")
PINNED = {**document("pinned"), "properties": json.loads(json.dumps(document("pinned")["properties"]))}
PINNED["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]["version"] = "22.04.202610200"


def check(
    *words: str, text: str | None = None, closed: tuple[str, ...] = (), environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``vmss-posture check``."""
    command = [sys.executable, "-m", "scanner", "check", *words]
    if closed:
        redirects = " ".join(f"{stream}>&-" for stream in closed)
        command = ["bash", "-c", f'exec "$@" {redirects}', "bash", *command]
    return subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def write(folder: Path, content: Any) -> str:
    """Write a document as JSON; answer the file's name."""
    path = folder / "fleet.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        pytest.param([GOOD, PINNED], ["good", "pinned"], id="az vmss list"),
        pytest.param(PINNED, ["pinned"], id="az vmss show"),
        pytest.param({"value": [PINNED, GOOD]}, ["pinned", "good"], id="an ARM list response"),
        pytest.param(
            {"data": [GOOD], "count": 1, "total_records": 1, "skip_token": None}, ["good"], id="az graph query"
        ),
        pytest.param(f"{json.dumps(GOOD)}\n\n{json.dumps(PINNED)}\n", ["good", "pinned"], id="JSON Lines"),
        pytest.param(f"\ufeff{json.dumps(GOOD)}", ["good"], id="with a byte order mark"),
        pytest.param({"SkipToken": None, "Data": [PINNED]}, ["pinned"], id="Search-AzGraph"),
    ],
)
def test_one_object_for_each_scale_set_in_order(tmp_path: Path, content: Any, names: list[str]) -> None:
    """The answer holds one object per scale set, in the order of the document."""
    done = check(write(tmp_path, content), "--format", "json")
    judged = json.loads(done.stdout)["scale_sets"]
    assert [item["name"] for item in judged] == names
    assert done.stderr == ""
    for item in judged:
        assert {"scale_set_id", "upgrades_itself", "blocked_by", "verdicts"} <= set(item)
        assert all({"rule_id", "outcome", "evidence"} <= set(verdict) for verdict in item["verdicts"])


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        pytest.param(GOOD, [], 0, id="nothing open"),
        pytest.param(PINNED, [], 1, id="a high finding, by default"),
        pytest.param(PINNED, ["--fail-on", "never"], 0, id="never fail"),
        pytest.param({**GOOD, "tags": {}}, [], 0, id="a low finding is below high"),
        pytest.param({**GOOD, "tags": {}}, ["--fail-on", "low"], 1, id="a low finding"),
    ],
)
def test_the_exit_code_tells_of_open_findings(tmp_path: Path, content: Any, words: list[str], code: int) -> None:
    """1 when a finding of the severity asked for, or worse, is open; else 0."""
    assert check(write(tmp_path, content), *words).returncode == code


def test_an_exemption_holds_until_its_last_day(tmp_path: Path) -> None:
    """The last day still counts; on the next one the finding is open."""
    tag = "rules=VMSS-002,VMSS-030; until=2026-12-31; reason=vendor image; owner=team"
    file = write(tmp_path, {**PINNED, "tags": {**PINNED["tags"], "upgrade-posture-exempt": tag}})
    assert check(file, "--at", "2026-12-31", "--fail-on", "low").returncode == 0
    assert check(file, "--at", "2027-01-01", "--fail-on", "medium").returncode == 1


@pytest.mark.parametrize(
    ("content", "said", "judged"),
    [
        pytest.param("{", "is not JSON", 0, id="cut off"),
        pytest.param("", "is empty", 0, id="empty"),
        pytest.param("  \n", "is empty", 0, id="blank"),
        pytest.param("Name  Group\n----  -----\nweb   rg", "table or YAML", 0, id="az --output table"),
        pytest.param({"error": {"code": "AuthorizationFailed"}}, "AuthorizationFailed", 0, id="an error of Azure"),
        pytest.param({"value": [GOOD], "nextLink": "https://x"}, "nextLink", 1, id="the first page of several"),
        pytest.param({"data": [GOOD], "total_records": 5000}, "1 of 5000", 1, id="some rows of many"),
        pytest.param({"data": [GOOD], "resultTruncated": "true"}, "truncated", 1, id="a truncated answer"),
        pytest.param({"foo": 1}, "projection", 0, id="no scale set"),
        pytest.param([{"name": "web", "mode": "Rolling"}], "projection", 0, id="chosen columns"),
        pytest.param(
            {"id": f"{GOOD['id']}/virtualMachines/0", "name": "x"}, "not the resource id", 0, id="an instance"
        ),
        pytest.param({"SkipToken": "x", "Data": [GOOD]}, "Search-AzGraph", 1, id="a page of Search-AzGraph"),
        pytest.param([GOOD, 7, PINNED], "JSON object", 2, id="a number among scale sets"),
        pytest.param(f"{json.dumps(GOOD)}\nbad\n{json.dumps(PINNED)}", "line 2", 2, id="a bad line"),
        pytest.param({"value": [{"type": "Microsoft.Compute/disks"}]}, "no scale set", 0, id="other resources"),
    ],
)
def test_what_could_not_be_judged_is_told_and_fails(tmp_path: Path, content: Any, said: str, judged: int) -> None:
    """Exit code 2, a message that says what is wrong, and the rest is judged all the same."""
    done = check(write(tmp_path, content), "--format", "json", "--fail-on", "never")
    assert done.returncode == 2
    assert said in done.stderr
    document = json.loads(done.stdout)
    assert len(document["scale_sets"]) == judged
    assert any(said in problem for problem in document["problems"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_that_powershell_writes_is_read(tmp_path: Path, encoding: str) -> None:
    """With or without a byte order mark."""
    file = tmp_path / "fleet.json"
    file.write_bytes(json.dumps([GOOD]).encode(encoding))
    done = check(str(file), "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("missing.json", "does not exist", id="a missing file"),
        pytest.param("empty", "without any .json", id="a folder without JSON"),
        pytest.param("*.toml", "No file matches", id="a pattern that matches nothing"),
        pytest.param("odd.json", "not text in UTF-8", id="bytes that are no text"),
    ],
)
def test_a_file_that_cannot_be_read_says_which(tmp_path: Path, name: str, said: str) -> None:
    """One message that names it and says why, no empty table, and exit code 2."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd.json").write_bytes(b"\xc3\x28{")
    done = check(str(tmp_path / name))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert name in done.stderr
    assert said in done.stderr


def test_a_folder_and_a_pattern_are_their_files_in_order(tmp_path: Path) -> None:
    """A folder stands for all JSON files in it and below, sorted; a pattern for those that match."""
    (tmp_path / "deep").mkdir()
    for name in ("b.json", "a.jsonl", "deep/c.JSON", "other.txt"):
        (tmp_path / name).write_text(json.dumps(document(name.replace("/", "-"))), encoding="utf-8")
    for words, names in (
        ([str(tmp_path)], ["a.jsonl", "b.json", "deep-c.JSON"]),
        ([f"{tmp_path}/*.json", f"{tmp_path}/a.jsonl"], ["b.json", "a.jsonl"]),
    ):
        done = check(*words, "--format", "json")
        assert [item["name"] for item in json.loads(done.stdout)["scale_sets"]] == names


def test_a_problem_in_one_file_loses_no_other(tmp_path: Path) -> None:
    """The rest of the folder is judged and shown; the exit code is 2."""
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(PINNED), encoding="utf-8")
    done = check(str(tmp_path))
    assert done.returncode == 2
    assert "VMSS-030" in done.stdout
    assert "a.json is not JSON" in done.stderr


def test_standard_input() -> None:
    """A dash reads standard input; a closed one is an error, not a crash."""
    assert check("-", text=json.dumps(GOOD)).returncode == 0
    assert check("-", closed=("0",)).returncode == 2


def test_nothing_in_a_name_acts_on_a_terminal(tmp_path: Path) -> None:
    """Terminal codes and markup are shown, in a table and in JSON."""
    hostile = {**PINNED, "id": PINNED["id"].replace("pinned", "\x1b[31m[red]x[/red]\u202e"), "name": "\x1b[31m"}
    for words in ([], ["--format", "json"]):
        done = check(write(tmp_path, hostile), *words)
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout


def test_a_pipe_gets_no_colours_and_an_odd_width_does_not_matter(tmp_path: Path) -> None:
    """``NO_COLOR`` and pipes mean plain text; a COLUMNS that is no number is passed over."""
    file = write(tmp_path, PINNED)
    for environment in ({"NO_COLOR": "1"}, {"COLUMNS": "abc"}, {"COLUMNS": "-5"}, {"COLUMNS": "20"}):
        done = check(file, environment=environment)
        assert done.returncode == 1
        assert "\x1b" not in done.stdout
        assert "VMSS-030" in done.stdout


def test_the_remediation_can_be_copied(tmp_path: Path) -> None:
    """The command with this scale set's names is on one line, however narrow the terminal."""
    done = check(write(tmp_path, PINNED), environment={"COLUMNS": "60"})
    commands = [line for line in done.stdout.splitlines() if line.startswith("  az vmss update")]
    assert commands
    assert f"--subscription {SUBSCRIPTION} --resource-group rg-shop --name pinned --set" in commands[0]


def test_a_reader_that_goes_away_is_no_success(tmp_path: Path) -> None:
    """``| head`` must not make a gate pass: the exit code is that of a broken pipe."""
    file = write(tmp_path, [document(f"set-{number}") for number in range(2000)])
    script = (
        f'{sys.executable} -m scanner check "{file}" --format json | head -c 10 >/dev/null; echo "${{PIPESTATUS[0]}}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("141", "")


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """Output that could not be written is said, with exit code 2."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "check", write(tmp_path, PINNED)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
