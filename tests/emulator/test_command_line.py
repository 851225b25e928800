"""The command line of the emulator."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from emulator.command import main
from tests.emulator.documents_of_scale_sets import scale_set

ROWS = (
    '{"TimeGenerated": "2026-03-01T10:00:00Z", "EventId": "a", "EventType": "finding.opened"}\n'
    '{"TimeGenerated": "2026-03-01T11:00:00Z", "EventId": "b", "EventType": "finding.opened"}\n'
)
COUNT = "VmssPostureEvents_CL | summarize n = count() by EventType"


def test_exported_rows_can_be_queried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """KQL over a file, without a running emulator."""
    file = tmp_path / "events.jsonl"
    file.write_text(ROWS, encoding="utf-8")
    assert main(["query", "--rows", f"VmssPostureEvents_CL={file}", COUNT]) == 0
    assert json.loads(capsys.readouterr().out) == {"EventType": "finding.opened", "n": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["query", COUNT], "give --rows, or --url", id="nothing to query"),
        pytest.param(["query", "--rows", "Nope_CL=/nope", COUNT], "not one of the declared tables", id="unknown table"),
        pytest.param(["query", "--rows", "VmssPostureEvents_CL=/nope", COUNT], "No such file", id="no file"),
        pytest.param(["serve", "--tables", "/nope.json"], "not a declaration of tables", id="no declaration"),
        pytest.param(["serve", "--host", "203.0.113.1"], "assign", id="an address of another machine"),
    ],
)
def test_what_fails_says_why_and_exits_with_1(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Standard error says why; standard output stays empty."""
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_a_wrong_command_line_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """As is usual."""
    with pytest.raises(SystemExit) as caught:
        main(["dance"])
    assert caught.value.code == 2
    assert "serve|environment|query" in capsys.readouterr().err


def test_a_running_emulator_can_be_queried(azure: LocalAzure) -> None:
    """The key comes from the environment, not from the command line, where other users could read it."""
    azure.control.put_scale_set(scale_set("web"))
    command = [sys.executable, "-m", "emulator", "query", "--url", azure.arm_endpoint, "--ca-file", str(azure.ca_file)]
    done = subprocess.run(
        [*command, "VmssPostureScans_CL | count"],
        env={**os.environ, "EMULATOR_CONTROL_KEY": azure.control.key},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"Count": 0}


def test_an_interrupt_ends_it_without_a_word() -> None:
    """Ctrl-C in a terminal reaches every process of the group; standard error stays empty."""
    command = [sys.executable, "-m", "emulator", "serve", "--scale-sets", "3"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as serving:
        assert serving.stdout is not None
        assert json.loads(serving.stdout.readline())["url"]
        os.killpg(serving.pid, signal.SIGINT)
        _, errors = serving.communicate(timeout=60)
    assert (serving.returncode, errors) == (0, "")


def test_an_app_in_another_shell_finds_the_emulator(tmp_path: Path) -> None:
    """The line that serve printed becomes variables; with them the terminal command scans the local fleet."""
    ready, command = tmp_path / "azure.json", [sys.executable, "-m", "emulator"]
    with (
        ready.open("w", encoding="utf-8") as out,
        subprocess.Popen(
            [*command, "serve", "--scale-sets", "5", "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=out
        ) as serving,
    ):
        assert serving.stdin is not None
        while not ready.read_text(encoding="utf-8").endswith("\n"):
            assert serving.poll() is None
            time.sleep(0.05)
        scan = f'"{sys.executable}" -m scanner scan --arm-endpoint "$EMULATOR_URL" --state "{tmp_path}/state.sqlite"'
        script = f'eval "$("{sys.executable}" -m emulator environment "{ready}")"; {scan}'
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
        serving.stdin.close()
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert "5 scale sets" in done.stdout + done.stderr


def test_a_file_that_serve_did_not_write_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file."""
    for text in ("{}", "[]"):
        (tmp_path / "azure.json").write_text(text, encoding="utf-8")
        assert main(["environment", str(tmp_path / "azure.json")]) == 1
        assert "azure.json is not what `serve` printed" in capsys.readouterr().err
