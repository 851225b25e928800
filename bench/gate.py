"""How long the gate takes on one large plan: wall and processor time of ``vmss-posture check``, format by format.

``python -m bench.gate --scale-sets 5000``.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.peer_cases import CASES

FORMATS = ("table", "json", "sarif", "sarif-github", "junit", "github", "markdown", "gitlab", "azure-devops")


def main() -> int:
    """Write a plan of many scale sets, half of them with findings, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-sets", type=int, default=5_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        plan.write_text(json.dumps(_plan(options.scale_sets)), encoding="utf-8")
        print(f"{options.scale_sets} scale sets in one plan of {plan.stat().st_size / 1e6:.1f} MB")
        print(f"{'format':<16}{'wall s':>8}{'CPU s':>8}{'MB out':>8}")
        for name in FORMATS:
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            words = [sys.executable, "-m", "scanner", "check", str(plan), "--format", name, "--fail-on", "never"]
            done = subprocess.run(words, capture_output=True, check=True)
            wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{name:<16}{wall:>8.2f}{processor:>8.2f}{len(done.stdout) / 1e6:>8.1f}")
    return 0


def _plan(count: int) -> dict[str, object]:
    """Repeat the first two Linux cases as instances of one resource."""
    found = [dict(case.document["resource_changes"][0]) for case in CASES[:2]]
    changes = [
        {**found[index % 2], "index": index, "address": f"{found[index % 2]['address']}[{index}]"}
        for index in range(count)
    ]
    return {"format_version": "1.2", "terraform_version": "1.11.0", "resource_changes": changes}


if __name__ == "__main__":
    raise SystemExit(main())
