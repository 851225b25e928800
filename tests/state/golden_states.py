"""A state row of each schema version, as that version wrote it: what is in the stores of those who upgrade.

``python -m tests.state.golden_states`` writes the file of the present version; files of earlier versions never change.
"""

import json
from dataclasses import asdict
from pathlib import Path

from scanner.ports.store import STATE_SCHEMA_VERSION, StateRow
from scanner.state.state import Claim, ExemptionNote, Finding, Identity, ScaleSetState
from scanner.state.text import encode

FOLDER = Path(__file__).parent.parent / "golden" / "states"
KEY = "/subscriptions/s/resourcegroups/rg-shop/providers/microsoft.compute/virtualmachinescalesets/web"

STATE = ScaleSetState(
    identity=Identity(
        key=KEY,
        scale_set_id=KEY.replace("resourcegroups", "resourceGroups"),
        name="web",
        subscription_id="s",
        resource_group="rg-shop",
        location="westeurope",
        environment="production",
        application="shop",
        ring="broad",
        owner="team-shop",
    ),
    revision=7,
    generation="2026-11-02T06:00:00.000Z",
    unique_id="u1",
    first_seen_at="2026-11-02T06:00:00.000Z",
    facts={"upgrade_mode": "rolling", "max_batch_instance_percent": 100, "health_probe": True},
    outcomes={"VMSS-001": "passed", "VMSS-020": "failed", "VMSS-021": "failed"},
    findings={
        "VMSS-020": Finding(
            opened_at="2026-11-09T06:00:00.000Z",
            severity="high",
            reason="A batch is 100 percent of the instances.",
            evidence=[{"path": "properties.upgradePolicy.rollingUpgradePolicy", "value": {"a": [1, None, "x"]}}],
        ),
        "VMSS-021": Finding(
            opened_at="2026-11-09T06:00:00.000Z",
            severity="medium",
            reason="All instances at once.",
            evidence=[],
            exemption=ExemptionNote(
                reason="load test", owner="team-shop", until="2026-12-31", source="tag", ticket="T-1"
            ),
        ),
    },
    upgrades_itself="blocked",
    blocked_by=("VMSS-002",),
    managed_by=None,
    missing=("VMSS-003: no health",),
    ready_to_enable="no",
    blocked_if_enabled=("VMSS-002",),
    group_owner="/subscriptions/x/cluster",
    earlier={"max_batch_instance_percent": ("0123456789abcdef",)},
    failed_before=("VMSS-001",),
    claim=Claim("0123456789abcdef", "scan-6"),
    owner_claim=Claim("", "scan-5"),
    missed_scans=1,
    missed_by="scan-7",
    last_read_at="2026-11-08T06:00:00.000Z",
    beside={"probe": ["http", None]},
)


def read_golden(version: int) -> StateRow:
    """Read the row that a version of the service wrote."""
    body = json.loads((FOLDER / f"v{version}.json").read_text(encoding="utf-8"))
    return StateRow(**{**body, "body": json.dumps(body["body"], separators=(",", ":"))})


def present() -> str:
    """Write the row as the present version does."""
    row = asdict(encode(STATE, "commit-1"))
    return json.dumps({**row, "body": json.loads(row["body"])}, indent=2) + "\n"


if __name__ == "__main__":
    (FOLDER / f"v{STATE_SCHEMA_VERSION}.json").write_text(present(), encoding="utf-8")
