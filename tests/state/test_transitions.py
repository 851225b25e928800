"""The life of a finding, told as timelines: what a rule answered, whether an exemption covered it, which event came."""

from dataclasses import replace
from datetime import date

import pytest

from scanner.events.rows import events_of
from scanner.events.stamp import ScanStamp
from scanner.facts.posture import Posture
from scanner.judging.judge import Headline, Judgement, Labels
from scanner.rules import RULES
from scanner.rules.exemption import Exemption
from scanner.rules.verdict import Outcome, Verdict
from scanner.state import transitions
from scanner.state.state import ScaleSetState
from scanner.state.text import decode, encode
from scanner.state.transitions import Transition
from tests.rules.decision_tables import criteria

RULE = "VMSS-001"
ID = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"
EXEMPTION = Exemption(
    rules=(RULE,), reason="load test", owner="team", until=date(2026, 12, 31), source="tag", ticket=None
)
FAIL, PASS, UNKNOWN, NOT_APPLICABLE = Outcome.FAILED, Outcome.PASSED, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE

TIMELINES = {
    "opens once, resolves once": [(FAIL, False, "opened"), (FAIL, False, None), (PASS, False, "resolved"), (PASS, False, None)],
    "opens again after it was resolved": [(FAIL, False, "opened"), (PASS, False, "resolved"), (FAIL, False, "opened")],
    "unknown neither opens nor resolves": [(UNKNOWN, False, None), (FAIL, False, "opened"), (UNKNOWN, False, None), (FAIL, False, None)],
    "unknown, then passed": [(FAIL, False, "opened"), (UNKNOWN, False, None), (PASS, False, "resolved")],
    "no longer applicable": [(FAIL, False, "opened"), (NOT_APPLICABLE, False, "withdrawn"), (FAIL, False, "opened")],
    "exempt from the start": [(FAIL, True, None), (FAIL, True, None), (FAIL, False, "opened")],
    "exempted, and the exemption ends": [(FAIL, False, "opened"), (FAIL, True, "exempted"), (FAIL, True, None), (FAIL, False, "opened")],
    "repaired while exempt": [(FAIL, False, "opened"), (FAIL, True, "exempted"), (PASS, True, None), (PASS, False, None)],
    "exempted while unknown": [(FAIL, False, "opened"), (UNKNOWN, True, "exempted"), (UNKNOWN, False, "opened")],
    "an exemption of what is not open": [(PASS, True, None), (PASS, False, None)],
}  # fmt: skip


@pytest.mark.parametrize("timeline", TIMELINES.values(), ids=TIMELINES)
def test_the_life_of_a_finding(timeline: list[tuple[Outcome, bool, str | None]]) -> None:
    """Every step of a timeline brings the one event that it names, or none."""
    state: ScaleSetState | None = None
    for number, (outcome, is_exempt, expected) in enumerate(timeline):
        step = _seen(_judgement(outcome, is_exempt=is_exempt), state, number)
        events = [name for name in _types(step) if name.startswith("finding.")]
        assert events == ([f"finding.{expected}"] if expected else []), f"step {number}"
        state = step.state


def test_a_finding_keeps_the_time_at_which_it_was_opened() -> None:
    """Also while it is unknown; an exemption that ends opens it anew."""
    state: ScaleSetState | None = None
    opened = []
    for number, (outcome, is_exempt) in enumerate(
        [(FAIL, False), (FAIL, False), (UNKNOWN, False), (FAIL, True), (FAIL, False)]
    ):
        state = _seen(_judgement(outcome, is_exempt=is_exempt), state, number).state
        opened.append(state.findings[RULE].opened_at[-1])
    assert opened == ["0", "0", "0", "0", "4"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("a", "a", [], id="the same resource"),
        pytest.param("a", "A", [], id="the same in another case"),
        pytest.param("a", None, [], id="not reported this time"),
        pytest.param(None, "a", [], id="not reported before"),
        pytest.param("a", "b", ["scale_set.recreated"], id="another resource under the same id"),
    ],
)
def test_another_unique_id_is_a_re_creation(before: str | None, after: str | None, expected: list[str]) -> None:
    """A re-creation says so, and its facts do not drift from those of the resource before it."""
    state = _seen(_judgement(PASS, unique_id=before, upgrade_is_on=True), None, 0).state
    step = _seen(_judgement(PASS, unique_id=after, upgrade_is_on=not expected), state, 1)
    assert _types(step) == expected


def test_a_tombstone_keeps_the_revisions_going() -> None:
    """A scale set that comes back is discovered again, and its revision goes on."""
    state = _seen(_judgement(FAIL), None, 0).state
    gone = transitions.removed(transitions.missed(state, "T", "T1", "scan").state, "T2")
    assert _types(gone) == ["scale_set.removed", "finding.withdrawn"]
    back = _seen(_judgement(FAIL), gone.state, 3)
    assert _types(back) == ["scale_set.discovered", "finding.opened"]
    assert (gone.state.revision, back.state.revision, back.state.removed_at) == (3, 4, None)


def test_a_state_survives_the_store() -> None:
    """What is written is what is read, exemptions and tombstones included."""
    state = _seen(_judgement(FAIL, is_exempt=True, unique_id="u"), None, 0).state
    gone = transitions.removed(state, "T1").state
    assert decode(encode(state, "commit")) == state
    assert decode(encode(gone, "commit")) == gone


def _judgement(
    outcome: Outcome, *, is_exempt: bool = False, unique_id: str | None = None, upgrade_is_on: bool | None = None
) -> Judgement:
    posture = Posture(
        scale_set_id=ID,
        name="web",
        subscription_id="s",
        resource_group="rg",
        unique_id=unique_id,
        automatic_os_upgrade=upgrade_is_on,
    )
    verdicts = tuple(
        Verdict(rule.id, rule.severity, outcome if rule.id == RULE else NOT_APPLICABLE, "because") for rule in RULES
    )
    return Judgement(
        posture=posture,
        verdicts=verdicts,
        upgrades_itself=Headline.NO,
        exempted={RULE: EXEMPTION} if is_exempt else {},
        labels=Labels(),
        criteria=criteria(),
    )


def _seen(judgement: Judgement, known: ScaleSetState | None, number: int) -> Transition:
    return transitions.seen(judgement, known, f"T{number}")


def _types(transition: Transition) -> list[str]:
    stamp = ScanStamp(scan_id="scan", detected_at="T", service_version="test")
    return [str(event.columns["EventType"]) for event in events_of(transition, stamp)]


def test_a_value_that_comes_and_goes_does_not_push_the_others_out() -> None:
    """Values that a fact had before are kept once each, so that one from before a long back and forth is still known."""
    state: ScaleSetState | None = None
    for number, percent in enumerate([10, *[20, 50] * 10]):
        judgement = _judgement(PASS, is_exempt=False)
        judgement = replace(judgement, posture=replace(judgement.posture, max_batch_instance_percent=percent))
        state = _seen(judgement, state, number).state
    assert state is not None
    assert len(state.earlier["max_batch_instance_percent"]) == 3
