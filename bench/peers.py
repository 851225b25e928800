"""Who sees what in the same plans and templates: this gate and Checkov, side by side. Writes docs/comparison.md.

python -m venv /tmp/checkov && /tmp/checkov/bin/pip install checkov==3.3.30
python -m bench.peers --checkov /tmp/checkov/bin/checkov --write
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.peer_cases import CASES, Case
from scanner import __version__

PAGE = Path(__file__).parent.parent / "docs" / "comparison.md"
UPGRADES = "CKV_AZURE_95"
"""The only check of Checkov whose title is about image patching of scale sets."""
NOT_RUN = (
    (
        "Terrascan",
        (
            "AC_AZURE_0360 is about automatic OS upgrades, and names `azurerm_virtual_machine_scale_set` with its attribute"
            " `automatic_os_upgrade`"
        ),
        "https://www.tenable.com/policies/[type]/AC_AZURE_0360",
    ),
    (
        "Powerpipe, terraform_azure_compliance",
        "the control `compute_vm_scale_set_automatic_os_upgrade_enabled` looks at Terraform sources",
        "https://hub.steampipe.io/mods/turbot/terraform_azure_compliance/controls/control.compute_vm_scale_set_automatic_os_upgrade_enabled",
    ),
    (
        "PSRule for Azure",
        "reads Bicep and ARM templates; its release notes name scale set rules about availability zones",
        "https://github.com/Azure/PSRule.Rules.Azure/releases/tag/v1.38.0-B0034",
    ),
)


def main() -> int:
    """Run both on every case, and print or write the table. Answers 1 where this gate missed the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--checkov", type=Path, required=True, metavar="FILE", help="the program, in its own environment"
    )
    parser.add_argument("--write", action="store_true", help="write docs/comparison.md")
    options = parser.parse_args()
    version = _output([str(options.checkov), "--version"]).strip()
    rows: list[tuple[str, ...]] = []
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            path = Path(folder) / "plan.json"
            path.write_text(json.dumps(case.document), encoding="utf-8")
            ours, right = _ours(case, path)
            missed += not right
            rows.append((case.title, case.truth, ours, *_checkov(options.checkov, case, path)))
    page = _page(rows, version)
    if options.write:
        PAGE.write_text(page, encoding="utf-8")
    else:
        print(page)
    return 1 if missed else 0


def _ours(case: Case, path: Path) -> tuple[str, bool]:
    done = _output([sys.executable, "-m", "scanner", "check", str(path), "--format", "json", "--fail-on", "never"])
    (item,) = json.loads(done)["scale_sets"]
    outcomes = {verdict["rule_id"]: verdict["outcome"] for verdict in item["verdicts"]}
    failed = [rule for rule, outcome in outcomes.items() if outcome == "failed"]
    right = all(outcomes[rule] == "failed" for rule in case.rules) and all(
        outcomes[rule] == "unknown" for rule in case.unknown
    )
    right = right and (bool(case.rules or case.unknown) or not failed)
    blocked = f" by {', '.join(item['blocked_by'])}" if item["blocked_by"] else ""
    unknown = f"; unknown: {', '.join(case.unknown)}" if case.unknown else ""
    return f"`{item['upgrades_itself']}`{blocked}; failed: {', '.join(failed) or 'none'}{unknown}", right


def _checkov(program: Path, case: Case, path: Path) -> tuple[str, str]:
    words = ["-f", str(path), "--framework", case.form, "--output", "json", "--compact", "--soft-fail"]
    answer: Any = json.loads(_output([str(program), *words, "--skip-download"]) or "{}")
    found = answer if isinstance(answer, list) else [answer]
    results = {
        item["check_id"]: word
        for part in found
        for word, kind in (("passed", "passed_checks"), ("failed", "failed_checks"))
        for item in part.get("results", {}).get(kind, [])
    }
    others = sorted(check for check, word in results.items() if word == "failed" and check != UPGRADES)
    return results.get(UPGRADES, "says nothing"), ", ".join(others) or "none"


def _output(words: list[str]) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=300).stdout


def _page(rows: list[tuple[str, ...]], version: str) -> str:
    lines = [
        "<!-- Written by bench/peers.py; run it again instead of changing the page. -->",
        "",
        "# Beside other tools",
        "",
        "The same plans and templates, one scale set each, given to this gate and to its peers. What is true of each was",
        "written by hand ([peer_cases.py](../bench/peer_cases.py)); the table was written by [peers.py](../bench/peers.py).",
        "",
        "```console",
        "$ python -m venv /tmp/checkov",
        f"$ /tmp/checkov/bin/pip install checkov=={version}",
        "$ python -m bench.peers --checkov /tmp/checkov/bin/checkov --write",
        "```",
        "",
        f"vmss-posture {__version__}, Checkov {version} (`--framework terraform_plan` and `arm`). {UPGRADES} is the check of Checkov",
        "whose title is *Ensure that automatic OS image patching is enabled for Virtual Machine Scale Sets*. It and the failed",
        "checks beside it are shown as Checkov reports them.",
        "",
        f"| planned | what is true | vmss-posture | {UPGRADES} | failed beside it |",
        "| --- | --- | --- | --- | --- |",
        *[f"| {' | '.join(row)} |" for row in rows],
        "",
        "Checkov finds much that this gate does not look for: encryption, public addresses, secrets. Run both.",
        "",
        "## Not run",
        "",
        "| tool | what its documentation says | |",
        "| --- | --- | --- |",
        *[f"| {name} | {says} | *not run*; [documentation]({url}) |" for name, says, url in NOT_RUN],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
