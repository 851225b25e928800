"""A month in small: some days, a scan an hour, images that are published and hours in which Azure fails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from emulator.client.local import LocalAzure
from tests.attack import month
from tests.attack.verdict import Verdict
from tests.attack.victims import Deployed
from tests.world import EVENTS


def test_a_short_month_stays_within_its_budgets(tmp_path: Path) -> None:
    """Calls follow what changed, no budget is used up, no scan fails, and no finding flaps."""
    verdict = Verdict()
    with LocalAzure(storage=True) as azure:
        played = month.Month(azure.control, scale_sets=16)
        month.play(azure.control, Deployed(azure, None, tmp_path).environment, 20, played, verdict)
        counts = month.told(azure.control.rows(EVENTS))
    assert verdict.findings == []
    assert len(played.hours) == 20
    assert counts["scale_set.discovered"] == 16
    assert counts["posture.drifted"] > 2


def test_a_flap_is_found() -> None:
    """A finding that comes again within a day is a flap, unless its scale set changed in between."""
    start = datetime(2026, 10, 5, tzinfo=UTC)

    def row(event: str, hour: int) -> dict[str, str]:
        at = (start + timedelta(hours=hour)).isoformat()
        return {"EventType": f"finding.{event}", "ScaleSetName": "web", "RuleId": "VMSS-033", "DetectedAt": at}

    rows = [row("opened", 0), row("resolved", 5), row("opened", 8)]
    assert [item[:2] for item in month.flaps(rows, {})] == [("web", "VMSS-033")]
    assert month.flaps(rows, {"web": [start + timedelta(hours=7)]}) == []
    assert month.flaps([*rows[:2], row("opened", 40)], {}) == []


def test_a_rule_about_a_group_follows_its_members() -> None:
    """What compares scale sets may change with another one of the application."""
    start = datetime(2026, 10, 5, tzinfo=UTC)
    rows = [
        {"EventType": f"finding.{event}", "ScaleSetName": "vmss-a-dev-we", "RuleId": rule, "DetectedAt": at.isoformat()}
        for rule in ("VMSS-070", "VMSS-020")
        for event, at in (("resolved", start), ("opened", start + timedelta(hours=3)))
    ]
    found = month.flaps(rows, {"vmss-a-production-no": [start + timedelta(hours=2)]})
    assert [item[1] for item in found] == ["VMSS-020"]
