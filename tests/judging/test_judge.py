"""The headline and the exemptions of a judgement."""

import itertools
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scanner.judging.judge import Headline, Judgement, judge
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import RULES
from scanner.rules.verdict import Outcome, Severity
from tests.rules.decision_tables import base, changed, criteria, rows

POLICY = "properties.upgradePolicy"
FLAG = f"{POLICY}.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
PROFILE = "properties.virtualMachineProfile"
PATCHED = f"{PROFILE}.osProfile.linuxConfiguration.patchSettings.patchMode"
IMAGE = f"{PROFILE}.storageProfile.imageReference"
EXTENSIONS = f"{PROFILE}.extensionProfile.extensions"
FLEXIBLE = {"properties.orchestrationMode": "Flexible"}
TAG = "tags.upgrade-posture-exempt"


def judged(changes: dict[str, Any] | None = None, *unset: str, exemptions: str = "") -> Judgement:
    """Judge the base document with these changes."""
    return judge(parse_scale_set(changed(changes, *unset)), criteria(exemptions=exemptions))


HEADLINES: dict[str, tuple[dict[str, Any], list[str], Headline]] = {
    "the flag is on and nothing blocks it": ({}, [], Headline.YES),
    "another service owns it": ({"tags.aks-managed-x": "", FLAG: False}, [], Headline.MANAGED),
    "a rule blocks it": ({f"{IMAGE}.version": "1.0"}, [], Headline.BLOCKED),
    "a rule blocks it and another is unknown": ({f"{IMAGE}.version": "1.0", EXTENSIONS: "x"}, [], Headline.BLOCKED),
    "a rule is unknown": ({f"{IMAGE}.sku": "new"}, [], Headline.UNKNOWN),
    "the flag was not read": ({}, [POLICY], Headline.UNKNOWN),
    "the flag is off": ({FLAG: False}, [], Headline.NO),
    "a rule that does not block fails": (
        {f"{POLICY}.automaticOSUpgradePolicy.disableAutomaticRollback": True},
        [],
        Headline.YES,
    ),
    "Flexible, patched by the platform": (
        {**FLEXIBLE, FLAG: False, PATCHED: "AutomaticByPlatform"},
        [],
        Headline.IN_GUEST,
    ),
    "Uniform, patched by the platform": ({FLAG: False, PATCHED: "AutomaticByPlatform"}, [], Headline.NO),
    "Flexible, not patched by the platform": ({**FLEXIBLE, FLAG: False}, [], Headline.NO),
    "Flexible, patching not read": ({**FLEXIBLE, FLAG: False}, [PROFILE], Headline.UNKNOWN),
    "orchestration mode not read, patching off": ({"properties.orchestrationMode": "?", FLAG: False}, [], Headline.NO),
    "orchestration mode not read, patching on": (
        {"properties.orchestrationMode": "?", FLAG: False, PATCHED: "AutomaticByPlatform"},
        [],
        Headline.UNKNOWN,
    ),
}


@pytest.mark.parametrize(("changes", "unset", "headline"), HEADLINES.values(), ids=HEADLINES.keys())
def test_the_headline_says_whether_the_upgrade_can_happen(
    changes: dict[str, Any], unset: list[str], headline: Headline
) -> None:
    """The flag, the rules that block it, the guest's patching and the owner add up to one word."""
    judgement = judged(changes, *unset)

    assert judgement.upgrades_itself is headline
    assert bool(judgement.blocked_by) is (headline is Headline.BLOCKED)
    assert bool(judgement.missing) is (headline is Headline.UNKNOWN)
    assert (judgement.managed_by is not None) is (headline is Headline.MANAGED)


def test_all_blocking_rules_are_named_at_once() -> None:
    """Curing one of two blocks must not be the way to learn of the other."""
    judgement = judged({f"{IMAGE}.version": "1.0", EXTENSIONS: [], PATCHED: "AutomaticByPlatform"})

    assert judgement.blocked_by == ("VMSS-002", "VMSS-003", "VMSS-006")


def test_what_is_missing_is_named() -> None:
    """An unknown headline says which property was not read, or which rule is unknown and why."""
    assert judged({}, POLICY).missing == (FLAG,)
    (missing,) = judged({f"{IMAGE}.sku": "new"}).missing
    assert missing.startswith("VMSS-002: canonical/ubuntu-24_04-lts/new is not on Microsoft's list")


def test_there_is_one_verdict_for_each_rule_in_order() -> None:
    """Verdicts and outcomes are in the order of the ids, also where another service owns the rollout."""
    for judgement in (judged(), judged({"managedBy": "x"})):
        assert [verdict.rule_id for verdict in judgement.verdicts] == [rule.id for rule in RULES]
        assert list(judgement.outcomes) == [rule.id for rule in RULES]


def test_an_owned_scale_set_says_who_owns_it() -> None:
    """Every rule is not applicable, and the reason names the owner."""
    judgement = judged({"managedBy": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/b"})

    assert set(judgement.outcomes.values()) == {Outcome.NOT_APPLICABLE}
    assert all("Azure Batch owns the rollout" in verdict.reason for verdict in judgement.verdicts)
    assert all(verdict.evidence for verdict in judgement.verdicts)


def test_the_longest_valid_exemption_covers_a_rule() -> None:
    """Of several exemptions over one rule, the one that ends last is shown; ended and invalid ones are not."""
    entry = '[[exemption]]\nname = "*"\nrules = ["VMSS-001"]\nreason = "{}"\nowner = "o"\nuntil = {}\n'
    book = entry.format("short", "2026-06-01") + entry.format("long", "2026-12-31") + entry.format("old", "2020-01-01")
    judgement = judged({TAG: "rules=VMSS-001"}, exemptions=book)

    assert {rule_id: item.reason for rule_id, item in judgement.exempted.items()} == {"VMSS-001": "long"}
    assert len(judgement.exemptions) == 4


def test_a_day_ends_in_utc() -> None:
    """An exemption holds until midnight UTC, whatever the time zone of the clock."""
    posture = parse_scale_set(changed({TAG: "rules=VMSS-001; until=2026-06-01; reason=r; owner=o"}))
    east = timezone(timedelta(hours=10))

    assert judge(posture, criteria(now=datetime(2026, 6, 2, 9, 59, tzinfo=east))).exempted
    assert not judge(posture, criteria(now=datetime(2026, 6, 2, 0, 0, tzinfo=UTC))).exempted


def test_the_policy_sets_severities() -> None:
    """A finding matters as much as the policy says, or else as the rule does."""
    first, second, *_ = judge(parse_scale_set(base()), criteria('severities = { VMSS-001 = "low" }')).verdicts

    assert first.severity is Severity.LOW
    assert second.severity is RULES[1].severity


def calls_to_judge(documents: list[dict[str, Any]]) -> int:
    """Count the calls of functions while these documents are read and judged."""
    judging, calls = criteria(), itertools.count()
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _argument: next(calls) if event == "call" else None)
    try:
        for document in documents:
            judge(parse_scale_set(document), judging)
    finally:
        sys.setprofile(before)
    return next(calls)


def test_a_scale_set_costs_the_same_however_many_were_judged_before() -> None:
    """The work for a fleet is the work for one scale set, times their number; and that is bounded."""
    documents = [{**base(), "id": f"{base()['id']}{number}"} for number in range(40)]
    calls_to_judge(documents[:1])  # what is made once is made
    one = calls_to_judge(documents[:1])
    assert calls_to_judge(documents) <= 41 * one
    assert one < 2_000


VERIFIED = """[[verified_images]]
publisher = "canonical"
offer = "ubuntu-24_04-lts"
sku = "server-arm64"
for = "both"
reason = "seen"
owner = "team"
until = 2026-06-30
"""
SCHEDULE = (
    f"{PROFILE}.osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings"
    ".bypassPlatformSafetyChecksOnUserSchedule"
)
READY: dict[str, tuple[dict[str, Any], list[str], bool | None, tuple[str, ...]]] = {
    "nothing stands in the way": ({FLAG: False}, [], True, ()),
    "the flag is absent": ({}, [FLAG], True, ()),
    "two rules stand in the way": (
        {FLAG: False, f"{IMAGE}.version": "1.0", EXTENSIONS: []},
        [],
        False,
        ("VMSS-002", "VMSS-003"),
    ),
    "one stands in the way and another is unknown": (
        {FLAG: False, f"{IMAGE}.sku": "new", EXTENSIONS: []},
        [],
        False,
        ("VMSS-003",),
    ),
    "one is unknown": ({FLAG: False, f"{IMAGE}.sku": "new"}, [], None, ()),
    "Flexible": ({**FLEXIBLE, FLAG: False}, [], True, ()),
}


@pytest.mark.parametrize(("changes", "unset", "ready", "blocked"), READY.values(), ids=READY.keys())
def test_a_flag_that_is_off_says_whether_it_could_be_on(
    changes: dict[str, Any], unset: list[str], blocked: tuple[str, ...], *, ready: bool | None
) -> None:
    """The blocking rules are judged as if the flag were on; VMSS-001 has it in its evidence."""
    judgement = judged(changes, *unset)
    told = {item.path: item.value for item in judgement.verdicts[0].evidence}

    assert judgement.readiness is not None
    assert judgement.ready_to_enable is ready
    assert judgement.blocked_if_enabled == blocked
    assert told["ready_to_enable"] == {True: "yes", False: "no", None: "unknown"}[ready]
    assert all(rule_id in judgement.verdicts[0].reason for rule_id in blocked)
    assert ("preview" in judgement.verdicts[0].reason) is ("properties.orchestrationMode" in changes)


@pytest.mark.parametrize(
    "changes", [{}, {FLAG: "x"}, {FLAG: False, "tags.aks-managed-x": ""}, {FLAG: "[parameters('flag')]"}]
)
def test_the_question_does_not_arise_where_the_flag_is_not_off(changes: dict[str, Any]) -> None:
    """On, not read, or in the hands of a service: nothing is said of switching it on."""
    judgement = judged(changes)

    assert judgement.readiness is None
    assert judgement.ready_to_enable is None
    assert judgement.blocked_if_enabled == ()
    assert all(item.path != "ready_to_enable" for item in judgement.verdicts[0].evidence)


FACTS: dict[str, tuple[dict[str, Any], list[str], str | None]] = {
    "yes": ({}, [], "yes"),
    "blocked": ({f"{IMAGE}.version": "1.0"}, [], "blocked"),
    "an image on no list": ({f"{IMAGE}.sku": "new"}, [], "unknown"),
    "an image that was not read": ({IMAGE: 5}, [], None),
    "an image on no list, and the deferral was not read": (
        {f"{IMAGE}.sku": "new", f"{POLICY}.automaticOSUpgradePolicy.osRollingUpgradeDeferral": "x"},
        [],
        "unknown",
    ),
    "the flag was not read": ({FLAG: "x"}, [], None),
    "no model": ({}, ["properties"], None),
    "no": ({FLAG: False}, [], "no"),
    "in_guest": ({**FLEXIBLE, FLAG: False, PATCHED: "AutomaticByPlatform"}, [], "in_guest"),
    "a schedule of the customer's": (
        {**FLEXIBLE, FLAG: False, PATCHED: "AutomaticByPlatform", SCHEDULE: True},
        [],
        "unknown",
    ),
    "whether there is a schedule was not read": (
        {**FLEXIBLE, FLAG: False, PATCHED: "AutomaticByPlatform", SCHEDULE: "x"},
        [],
        None,
    ),
    "managed": ({"tags.aks-managed-x": ""}, [], "managed"),
}


@pytest.mark.parametrize(("changes", "unset", "fact"), FACTS.values(), ids=FACTS.keys())
def test_the_headline_is_a_fact_unless_something_was_not_read(
    changes: dict[str, Any], unset: list[str], fact: str | None
) -> None:
    """An unknown that Azure's own silence makes is known to be so; one that a gap in the reading makes is not."""
    policy = VERIFIED if changes.get(PATCHED) else ""
    judgement = judge(parse_scale_set(changed(changes, *unset)), criteria(policy))

    assert judgement.facts["upgrades_itself"] == fact


def test_a_judgement_says_until_when_it_holds() -> None:
    """The earliest end of an exemption, a verified image or a credential; without one the moment does not matter."""
    address = "https://a.example.com/x?se=2026-06-10T12:00:00Z&sig=made-up"
    script = {"publisher": "Contoso", "type": "Script", "settings": {"a": address}}
    documents = {
        "nothing ends": changed({}),
        "a credential ends": changed({EXTENSIONS: [{"name": "s", "properties": script}]}),
        "an exemption ends": changed({TAG: "rules=VMSS-001; until=2026-06-05; reason=r; owner=o"}),
    }
    found = {name: judge(parse_scale_set(document), criteria()).holds_until for name, document in documents.items()}

    assert found == {
        "nothing ends": None,
        "a credential ends": datetime(2026, 6, 10, 12, tzinfo=UTC),
        "an exemption ends": datetime(2026, 6, 6, tzinfo=UTC),
    }
    verified = judge(
        parse_scale_set(changed({f"{IMAGE}.sku": "new"})), criteria(VERIFIED.replace("server-arm64", "new"))
    )
    off = judge(
        parse_scale_set(changed({f"{IMAGE}.sku": "new", FLAG: False})),
        criteria(VERIFIED.replace("server-arm64", "new")),
    )
    assert (off.ready_to_enable, off.holds_until) == (True, verified.holds_until)
    assert verified.outcomes["VMSS-002"] is Outcome.PASSED
    assert verified.holds_until == datetime(2026, 7, 1, tzinfo=UTC)


def test_no_text_prints_what_was_not_read() -> None:
    """A reason never holds the word that Python has for nothing."""
    for row in rows():
        for verdict in row.judged().verdicts:
            assert "None" not in verdict.reason, verdict
