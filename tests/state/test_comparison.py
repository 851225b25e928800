"""What a change does to the posture of a scale set that runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.adapters.criteria_files import read_criteria
from scanner.facts.compared import COMPARED, compared_facts
from scanner.judging.judge import Judgement, judge
from scanner.reading.posture_rows import parse_scale_set
from scanner.state.comparison import Comparison, Fleet, Running, compare, sentences

CRITERIA = read_criteria(Path("policy.toml"), None, datetime(2026, 11, 1, tzinfo=UTC))
ID = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets/web"


def judged(
    mode: str = "Rolling", batch: int = 20, *, upgrade: Any = True, probe: bool = True, **rest: Any
) -> Judgement:
    """Judge a scale set of these facts."""
    profile = {"networkProfile": {"healthProbe": {"id": "/p"}} if probe else {}, "storageProfile": {}}
    document = {
        "id": ID,
        "tags": {"owner": "web"},
        "sku": {"capacity": 10},
        "properties": {
            "orchestrationMode": "Uniform",
            "upgradePolicy": {
                "mode": mode,
                "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": upgrade},
                "rollingUpgradePolicy": {"maxBatchInstancePercent": batch, "pauseTimeBetweenBatches": "PT5M"},
            },
            "virtualMachineProfile": profile,
        },
        **rest,
    }
    return judge(parse_scale_set(document), CRITERIA)


def running(judgement: Judgement, key: str = ID, group: str = "shop") -> Running:
    """Take a judgement as what runs."""
    return Running(
        key=key.lower(),
        name=judgement.posture.name,
        resource_group=group,
        facts=compared_facts(judgement.posture),
        open_rules=frozenset(judgement.open_rules),
        failed_paths={
            item.rule_id: {fact.path: fact.value for fact in item.evidence} for item in judgement.open_verdicts
        },
        upgrades_itself=judgement.upgrades_itself.value,
    )


CASES: dict[str, tuple[Judgement, Judgement, dict[str, Any]]] = {
    "nothing changes": (judged(), judged(), {"opened": frozenset(), "resolved": frozenset(), "drifts": ()}),
    "a finding opens": (judged(), judged(batch=30), {"opened": frozenset({"VMSS-020"}), "worsened": frozenset()}),
    "a finding resolves": (judged(batch=30), judged(), {"opened": frozenset(), "resolved": frozenset({"VMSS-020"})}),
    "a finding that was open gets worse": (
        judged(batch=25),
        judged(batch=30),
        {"opened": frozenset(), "worsened": frozenset({"VMSS-020"})},
    ),
    "a finding that was open gets better": (
        judged(batch=30),
        judged(batch=25),
        {"opened": frozenset(), "worsened": frozenset(), "resolved": frozenset()},
    ),
    "a finding that was open stays as it is while another fact weakens": (
        judged(batch=30),
        judged(batch=30, probe=False),
        {"worsened": frozenset()},
    ),
    "what the plan cannot decide": (
        judged(batch=30),
        judged(batch=30, upgrade="[known after apply]", mode="[known after apply]"),
        {"opened": frozenset(), "resolved": frozenset(), "undecided": frozenset({"VMSS-020"})},
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES.keys())
def test_a_change_is_told_by_what_it_opens_and_resolves(
    before: Judgement, after: Judgement, expected: dict[str, Any]
) -> None:
    """Findings open, worsen, resolve, or cannot be decided; what was open before and stays is not the change's."""
    found = compare([running(before)], after)
    assert {name: getattr(found, name) for name in expected} == expected


def test_every_fact_has_its_path() -> None:
    """A fact has a place in Azure, or its findings could never worsen and its change would have no author."""
    assert {fact.name for fact in COMPARED if not fact.paths} == {"upgrades_itself"}


def test_everything_is_new_where_nothing_runs() -> None:
    """All open findings of a new scale set are the change's."""
    planned = judged(batch=30)
    found = compare([], planned)
    assert found.is_created
    assert found.counted == frozenset(planned.open_rules)
    assert any("is new" in line for line in sentences(found, "web"))


def test_several_of_the_name_are_not_compared() -> None:
    """Everything open counts, and the reason is said: a guess could pass what is the change's."""
    planned = judged(batch=30)
    found = compare([running(judged()), running(judged(), key=f"{ID}2")], planned)
    assert found.counted == frozenset(planned.open_rules)
    assert any("several scale sets" in line for line in sentences(found, "web"))


def test_weakened_facts_are_said() -> None:
    """Each fact that differs, with both values and the direction."""
    found = compare([running(judged())], judged(mode="Manual", batch=30))
    lines = list(sentences(found, "web"))
    assert 'web: upgrade_mode "rolling" → "manual" (weakened).' in lines
    assert "web: max_batch_instance_percent 20 → 30 (weakened)." in lines
    assert list(sentences(Comparison(is_created=False), "web")) == []


OTHER = ID.replace("/shop/", "/other/")


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        pytest.param({"scale_set_id": ID.upper()}, [ID.lower()], id="by id, without case"),
        pytest.param({"scale_set_id": f"{ID}2"}, [], id="an id that does not run"),
        pytest.param(
            {"scale_set_id": "", "resource_group": "SHOP", "name": "Web"}, [ID.lower()], id="by group and name"
        ),
        pytest.param({"scale_set_id": "", "resource_group": "none", "name": "web"}, [], id="another group"),
        pytest.param(
            {"scale_set_id": "", "resource_group": "", "name": "web"}, [ID.lower(), OTHER.lower()], id="two of the name"
        ),
        pytest.param({"scale_set_id": "", "resource_group": "", "name": ""}, [], id="no name"),
    ],
)
def test_what_runs_is_found_by_what_the_plan_knows(planned: dict[str, Any], expected: list[str]) -> None:
    """The id decides; without it group and name, or the name where it is the only one."""
    from dataclasses import replace

    fleet = Fleet([running(judged()), running(judged(), OTHER, "other")])
    judgement = judged()
    found = fleet.find(replace(judgement, posture=replace(judgement.posture, **planned)))
    assert [item.key for item in found] == expected
