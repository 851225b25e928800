"""What the map of controls is rendered as: its page, and the workbook's query about it."""

import json

from scanner.adapters.controls import controls
from scanner.rules.control import Control

_QUERY = """\
// What the rules say about each control in the last snapshot; made by docs/generate.py from scanner/data/controls.toml.
// Passed to Unknown count outcomes: a scale set counts once for each rule of the control. RulesJudged below RulesMapped:
// no scale set of the snapshot was judged by the others. An outcome supports a control; it does not satisfy it.
let controls = datatable(Control: string, Framework: string, RuleId: string) [
{rows}
];
let results = controls | join kind=inner (VmssPostureComplianceV1(now(), "{{Deployment}}")) on RuleId;
let failing = results
    | where Failed > 0
    | sort by RuleId asc
    | summarize RulesFailing = make_list(RuleId) by Control, Framework
    | extend RulesFailing = strcat_array(RulesFailing, ", ");
results
| summarize
    RulesJudged = array_length(make_set(RuleId)),
    Passed = sum(Passed),
    Failed = sum(Failed),
    Exempt = sum(Exempt),
    Unknown = sum(Unknown)
    by Control, Framework, SnapshotAt
| join kind=inner (controls | summarize RulesMapped = array_length(make_set(RuleId)) by Control, Framework) on Control, Framework
| join kind=leftouter (failing) on Control, Framework
| project Framework, Control, Failed, Unknown, Exempt, Passed, RulesFailing, RulesJudged, RulesMapped, SnapshotAt
| sort by Framework asc, Control asc
"""


def query() -> str:
    """Render the workbook's query: the map as a table, joined with compliance by rule."""
    rows = [
        f"    {json.dumps(control.id)}, {json.dumps(_framework(control))}, {json.dumps(rule_id)}"
        for control in controls()
        for rule_id in control.rules
    ]
    return _QUERY.format(rows=",\n".join(rows))


def page() -> str:
    """Render the page: each framework with its controls, and what is evidence for each."""
    lines = [
        "# Controls",
        "",
        "For which controls of which frameworks the outcomes of rules, and events, are evidence. Ids, links and our own words:",
        "the frameworks' texts are theirs. *Supports*: an assessor can use the outcomes as evidence. *Satisfies*: the rule alone",
        "proves the control, and the source says so of scale sets. **No rule satisfies a control.** Patching needs a process, and",
        "what this service reads is its result. Left out: vulnerability scanning (PCI DSS 11.3.1, NIST RA-5), which this service",
        "does not do, and DORA, whose articles were not checked.",
        "",
        "A rule that [rules.md](rules.md) does not list has an id and is not judged by this release.",
        "",
    ]
    seen: list[str] = []
    for control in controls():
        if control.framework not in seen:
            seen.append(control.framework)
            lines += [
                *([""] if len(seen) > 1 else []),
                f"## {_framework(control)}",
                "",
                f"Framework: <{control.page}>. Read in: <{control.source}>.",
                "",
                "| control | about | relation | rules | events |",
                "| --- | --- | --- | --- | --- |",
            ]
        rules = ", ".join(control.rules)
        events = ", ".join(f"`{event}`" for event in control.events)
        lines.append(f"| {control.id} | {control.about} | {control.relation} | {rules} | {events} |")
    return "\n".join(lines) + "\n"


def _framework(control: Control) -> str:
    return f"{control.framework_name} {control.framework_version}"
