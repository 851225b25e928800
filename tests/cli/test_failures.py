"""How a command ends that cannot do its work: one line, the right exit code, and no traceback unless asked for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.client.local import LocalAzure
from emulator.endpoint.faults import FaultKind
from tests.cli.test_check import check, write

_BROKEN = """
import sys
from scanner.cli import main
import scanner.rules

class Broken(tuple):
    def __iter__(self):
        raise RuntimeError("not foreseen\\nsecond line")

scanner.rules.RULES = Broken(scanner.rules.RULES)
sys.exit(main(sys.argv[1:]))
"""

_HEEDING_INTERRUPTS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from scanner.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""As on a terminal: what is started in the background ignores interrupts, and so do the tests then, and what they start."""


@pytest.mark.parametrize("words", [[], ["--debug"]], ids=["without --debug", "with --debug"])
def test_an_unexpected_error_is_one_line(words: list[str]) -> None:
    """Exit code 2, the kind of error and its text; --debug adds where it came from."""
    done = subprocess.run(
        [sys.executable, "-c", _BROKEN, "rules", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "unexpected error, RuntimeError: not foreseen\\u000asecond line" in done.stderr
    assert ("Traceback" in done.stderr) == bool(words)
    assert words or done.stderr.count("\n") == 1


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    """While a scan waits for Azure; the exit code is that of an interrupt."""
    with LocalAzure() as azure:
        azure.control.add_fault("graph", FaultKind.STALL_BEFORE, count=None)  # several are asked at once
        command = [sys.executable, "-c", _HEEDING_INTERRUPTS, "scan", "--arm-endpoint", azure.arm_endpoint]
        scan = subprocess.Popen(
            [*command, "--state", str(tmp_path / "state.sqlite")],
            env={**os.environ, **azure.environment(), "NO_PROXY": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        azure.control.wait_for("graph", after=0, timeout=60)
        time.sleep(0.5)
        scan.send_signal(signal.SIGINT)
        said, errors = scan.communicate(timeout=60)
    assert (scan.returncode, said, errors.count("\n")) == (130, "", 1)
    assert "stopped" in errors


def test_a_state_that_cannot_be_written_loses_no_report(tmp_path: Path) -> None:
    """A full disk: what was read is judged and shown, the error comes last, and the exit code is 2."""
    with LocalAzure() as azure:
        azure.control.create_fleet(scale_sets=200, subscriptions=1, instances=0)
        azure.control.add_fault(
            "arm", FaultKind.STATUS, status=403, count=None
        )  # else many questions about single ones
        scan = f"{sys.executable} -m scanner scan --arm-endpoint {azure.arm_endpoint} --state {tmp_path}/state.sqlite"
        done = subprocess.run(
            ["bash", "-c", f"ulimit -f 100; exec {scan}"],
            env={**os.environ, **azure.environment(), "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert "is not remembered" in " ".join(done.stdout.split())
    assert "200 scale sets in 1 subscription" in done.stdout
    assert "has space" in done.stderr


def test_a_damaged_state_file_says_what_to_do(tmp_path: Path) -> None:
    """It is not a matter of space."""
    state = tmp_path / "state.sqlite"
    state.write_text("this is not a database, whatever its name says", encoding="utf-8")
    with LocalAzure() as azure:
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "scan", "--arm-endpoint", azure.arm_endpoint, "--state", str(state)],
            env={**os.environ, **azure.environment(), "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "move it away" in done.stderr
    assert "space" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--scale-sets", "3"], "6 (the scale sets of the story)", id="fewer than the story has"),
        pytest.param(["--out", "taken"], "--out taken", id="a folder that is a file"),
    ],
)
def test_the_demo_checks_its_words_before_it_plays(tmp_path: Path, words: list[str], said: str) -> None:
    """Not after a week has been played."""
    (tmp_path / "taken").touch()
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "demo", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("words", [["--form", "json"], ["--fail", "low"], ["--qui"]], ids=" ".join)
def test_an_option_is_written_out(tmp_path: Path, words: list[str]) -> None:
    """An abbreviation that works today means something else when an option is added."""
    assert check(write(tmp_path, {}), *words).returncode == 2
