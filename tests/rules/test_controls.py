"""The map of controls: whole, known, and claiming no more than it may."""

from itertools import groupby

from scanner.adapters.controls import controls, controls_of
from scanner.events.event_types import EVENT_MEANINGS
from scanner.rules import RESERVED, RULES, known_id
from scanner.rules.control import Control, Relation

FRAMEWORKS = {
    "cis-azure-2.0",
    "cis-azure-2.1",
    "cis-azure-3.0",
    "cis-azure-4.0",
    "cis-azure-5.0",
    "cis-azure-6.0",
    "cis-controls-8.1",
    "mcsb-1",
    "nist-800-53-r5",
    "pci-dss-4.0.1",
    "iso-27001-2022",
    "soc2-2017",
    "nis2-2024-2690",
}


def test_every_framework_is_there_with_its_version_and_source() -> None:
    """A control names the version of its framework, the framework's page, and where it was read."""
    assert {control.framework for control in controls()} == FRAMEWORKS
    for control in controls():
        assert control.framework_version
        assert control.page.startswith("https://")
        assert control.source.startswith("https://")
        assert control.about.endswith(".")


def test_a_control_stands_once_and_names_rules_of_the_catalogue() -> None:
    """No control stands twice in a framework, and its rules are ids that are given; its events are events of ours."""
    assert len({(control.framework, control.id) for control in controls()}) == len(controls())
    for control in controls():
        assert [known_id(rule_id) for rule_id in control.rules] == list(control.rules)
        assert list(control.rules) == sorted(set(control.rules))
        assert set(control.events) <= {event.value for event in EVENT_MEANINGS}


def test_controls_of_one_framework_stand_together() -> None:
    """A page and a report can show a framework's controls under one heading."""
    groups = [key for key, _ in groupby(controls(), key=lambda control: control.framework)]
    assert len(groups) == len(set(groups))


def test_no_rule_claims_to_satisfy_a_control() -> None:
    """Patching needs a process: the outcomes of a rule support a control, and prove none alone."""
    assert {control.relation for control in controls()} == {Relation.SUPPORTS}


def test_a_rule_names_its_controls() -> None:
    """VMSS-001 is evidence for automatic updates, and not for what it does not look at."""
    found = {(control.framework, control.id) for control in controls_of("VMSS-001")}
    assert ("nist-800-53-r5", "SI-2(5)") in found
    assert ("mcsb-1", "PV-6") in found
    assert ("nist-800-53-r5", "CM-3") not in found
    assert controls_of("OWN-001") == ()


def test_every_rule_is_evidence_for_a_control() -> None:
    """So is each rule whose id is given and that is not judged yet."""
    ids = [*[rule.id for rule in RULES], *RESERVED]
    assert [rule_id for rule_id in ids if not controls_of(rule_id)] == []


def test_a_title_names_framework_version_and_id() -> None:
    """A control is named as people name it."""
    (control,) = [item for item in controls() if item.id == "6.3.3"]
    assert isinstance(control, Control)
    assert control.title == "PCI DSS 4.0.1: 6.3.3"
