"""The attack on copies of the service that are broken on purpose: where it finds nothing, it is the attack that is broken."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.attack.verdict import Verdict

ROOT = Path(__file__).parents[2]
_COPIED = ("azureformats", "demo", "emulator", "functionshost", "infra", "scanner", "tests")

type Break = tuple[str, str, str]
"""A file, what stands in it, and what stands there in the copy."""

BREAKS: Mapping[str, Break] = {
    "events are marked as sent before they are": (
        "scanner/scan/delivery.py",
        "    accepted, refused = _send(batch, sink, now())\n",
        (
            "    store.mark_sent(batch, {event.event_id for entry in batch for event in entry.events}, now())\n"
            "    accepted, refused = _send(batch, sink, now())\n"
        ),
    ),
    "states are committed before their events": (
        "scanner/scan/commit.py",
        ("        versions = scan.ports.store.commit([write for _, write in changed])\n    except StateTooLargeError"),
        (
            "        import dataclasses\n"
            "        bare = [dataclasses.replace(write, events=()) for _, write in changed]\n"
            "        versions = scan.ports.store.commit(bare)\n"
            "        scan.ports.store.put_records({}, [event for _, write in changed for event in write.events])\n"
            "    except StateTooLargeError"
        ),
    ),
}


def play(kills: int, seed: int, verdict: Verdict) -> None:
    """Break copies, attack each as a whole, and see that the attack says so."""
    with ThreadPoolExecutor(len(BREAKS)) as pool:
        for part in pool.map(lambda what: _attack(what, kills, seed), BREAKS):
            verdict.add(part)


def _attack(what: str, kills: int, seed: int) -> Verdict:
    verdict = Verdict()
    file, text, broken = BREAKS[what]
    with tempfile.TemporaryDirectory(prefix="broken-") as name:
        folder = Path(name)
        for part in _COPIED:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for single in ("function_app.py", "host.json", "policy.toml", "pyproject.toml"):
            shutil.copy(ROOT / single, folder)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        source = (folder / file).read_text(encoding="utf-8")
        if source.count(text) != 1:
            verdict.found("cannot break the copy", what, f"{file} has changed: adapt tests/attack/prove.py")
            return verdict
        (folder / file).write_text(source.replace(text, broken), encoding="utf-8")
        command = [sys.executable, "-m", "tests.attack", "kills", "--kills", str(kills), "--seed", str(seed)]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    verdict.figures["broken copies attacked"] += 1
    verdict.notes += [f"{what}: {line}" for line in done.stdout.splitlines() if line.startswith("kills, ")]
    if f"attacking {folder}/" not in done.stdout:
        verdict.found("it was not the broken copy that ran", what, done.stdout[:300])
    if "lost" not in done.stdout or "failed" in done.stdout:  # a scan that fails loses events too, and proves nothing
        verdict.found("broken copy was not found out", what, (done.stdout + done.stderr)[-300:])
    return verdict
