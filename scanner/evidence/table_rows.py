"""The lines of each table, made of a bundle's rows. What is held is a line for each scale set, rule or exemption."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from scanner.evidence.chain import ChainReport
from scanner.evidence.rows import Row, Rows
from scanner.facts.evidence import JsonValue
from scanner.overview.lead_times import lead_times_of
from scanner.rules import RULES
from scanner.rules.control import Control
from scanner.rules.verdict import Outcome

type Line = Mapping[str, JsonValue]

EXEMPT = "exempt"
IDENTITY = (
    "ScaleSetId",
    "ScaleSetName",
    "AzureSubscriptionId",
    "ResourceGroup",
    "Location",
    "Environment",
    "Application",
    "Ring",
    "Owner",
)
_NOT_HERE = "an own rule, or one of another release"


def population(rows: Rows) -> Iterator[Line]:
    """Fold the snapshots into a line for each scale set."""
    removed = {
        str(event.get("ScaleSetId")): str(event["DetectedAt"])
        for event in rows.events()
        if event.get("EventType") == "scale_set.removed"
    }
    found: dict[str, dict[str, JsonValue]] = {}
    for row in rows.snapshot():
        key, at = str(row.get("ScaleSetId", "")), str(row.get("SnapshotAt", ""))
        known = found.setdefault(key, {"FirstSnapshotAt": at, "Snapshots": 0})
        known.update({name: row.get(name) for name in (*IDENTITY, "LastReadAt")})
        known["LastSnapshotAt"] = at
        known["Snapshots"] = int(str(known["Snapshots"])) + 1
    for key in sorted(found):
        yield {**found[key], "RemovedAt": removed.get(key)}


def snapshots(chain: ChainReport) -> Iterator[Line]:
    """Make a line for each snapshot."""
    broken = {problem.at for problem in chain.problems}
    for snapshot in chain.snapshots:
        yield {
            "SnapshotAt": snapshot.at,
            "RowsWritten": snapshot.rows,
            "SnapshotHash": snapshot.hash,
            "PreviousHash": snapshot.previous,
            "IsVerified": bool(snapshot.hash) and snapshot.at not in broken,
            "Summary": snapshot.summary,
        }


def rules(rows: Rows, controls: Sequence[Control]) -> Iterator[Line]:
    """Make a line for each rule that judged; its texts are of the release that makes the bundle."""
    versions: dict[str, set[str]] = {}
    told: dict[str, tuple[str, str]] = {}
    for row in rows.snapshot():
        for rule_id in row.get("Outcomes", {}):
            versions.setdefault(rule_id, set()).add(str(row.get("ServiceVersion", "")))
        for item in (*row.get("OpenFindings", ()), *row.get("Exemptions", ())):
            told[str(item.get("rule"))] = str(item.get("name", "")), str(item.get("severity", ""))
    known = {rule.id: rule for rule in RULES}
    for rule_id in sorted(versions):
        rule = known.get(rule_id)
        yield {
            "RuleId": rule_id,
            "RuleName": rule.name if rule else told.get(rule_id, (_NOT_HERE, ""))[0],
            "Severity": rule.severity.value if rule else told.get(rule_id, ("", None))[1],
            "Expects": rule.title if rule else None,
            "ServiceVersions": sorted(versions[rule_id]),
            "Controls": [f"{item.title} ({item.relation})" for item in controls if rule_id in item.rules],
        }


def results(rows: Rows, chain: ChainReport) -> Iterator[Line]:
    """Make a line for each scale set and rule of the last snapshot."""
    for row in last_snapshot(rows, chain):
        opened = {str(item["rule"]): item for item in row.get("OpenFindings", ())}
        exempted = {str(item["rule"]): item for item in row.get("Exemptions", ())}
        for rule_id, outcome in sorted(row.get("Outcomes", {}).items()):
            finding, exemption = opened.get(rule_id), exempted.get(rule_id)
            about = finding or exemption or {}
            yield {
                **{name: row.get(name) for name in IDENTITY},
                "RuleId": rule_id,
                "Outcome": EXEMPT if exemption and outcome == Outcome.FAILED else outcome,
                "Severity": about.get("severity"),
                "OpenedAt": finding.get("opened_at") if finding else None,
                "Reason": about.get("reason"),
                "ExemptUntil": exemption.get("until") if exemption else None,
                "ReadAt": row.get("LastReadAt"),
                "SnapshotAt": row.get("SnapshotAt"),
            }


def last_snapshot(rows: Rows, chain: ChainReport) -> Iterator[Row]:
    """Yield the rows of the last snapshot."""
    last = max((snapshot.at for snapshot in chain.snapshots), default="")
    prefix = last.rstrip("Z")
    return (row for row in rows.snapshot() if last and str(row.get("SnapshotAt", "")).startswith(prefix))


def compliance(rows: Rows) -> Iterator[Line]:
    """Count outcomes by snapshot and rule."""
    for at, group in groupby(rows.snapshot(), key=lambda row: str(row.get("SnapshotAt", ""))):
        counts: dict[str, Counter[str]] = {}
        for row in group:
            exempted = {str(item["rule"]) for item in row.get("Exemptions", ())}
            for rule_id, outcome in row.get("Outcomes", {}).items():
                told = EXEMPT if rule_id in exempted and outcome == Outcome.FAILED else str(outcome)
                counts.setdefault(rule_id, Counter())[told] += 1
        for rule_id in sorted(counts):
            count = counts[rule_id]
            names = ("passed", "failed", EXEMPT, "unknown", "not_applicable")
            yield {
                "SnapshotAt": at,
                "RuleId": rule_id,
                "ScaleSets": count.total(),
                **{name: count[name] for name in names},
            }


def exceptions(rows: Rows) -> Iterator[Line]:
    """Make a line for each exemption, with the first and the last snapshot that has it as it is."""
    found: dict[tuple[str, ...], dict[str, JsonValue]] = {}
    for row in rows.snapshot():
        for item in row.get("Exemptions", ()):
            line: dict[str, JsonValue] = {
                "ScaleSetId": row.get("ScaleSetId"),
                "RuleId": item.get("rule"),
                "Severity": item.get("severity"),
                "ApprovedBy": item.get("owner"),
                "Reason": item.get("reason"),
                "Until": item.get("until"),
                "Source": item.get("source"),
            }
            at = str(row.get("SnapshotAt", ""))
            known = found.setdefault(tuple(str(value) for value in line.values()), {**line, "FirstSnapshotAt": at})
            known["LastSnapshotAt"] = at
    for key in sorted(found):
        yield found[key]


def lead_times(rows: Rows) -> Iterator[Line]:
    """Make a line for each version that reached the last instance of a scale set, the earliest first."""
    for each in lead_times_of(rows.snapshot()):
        yield {
            "ScaleSetId": each.scale_set_id,
            "ScaleSetName": each.name,
            "AzureSubscriptionId": each.subscription_id,
            "ResourceGroup": each.resource_group,
            "Location": each.location,
            "Environment": each.environment or None,
            "Application": each.application or None,
            "Ring": each.ring or None,
            "Owner": each.owner or None,
            "Version": each.version,
            "PublishedAt": each.published_at or None,
            "PublishedIs": each.published_is,
            "ReachedAt": each.reached_at,
            "Hours": each.hours,
        }


def policies(rows: Rows) -> Iterator[Line]:
    """Make a line for each policy and release that judged."""
    found: dict[tuple[str, str], dict[str, JsonValue]] = {}
    for scan in rows.scans():
        key, at = (str(scan.get("PolicyVersion", "")), str(scan.get("ServiceVersion", ""))), str(scan.get("DetectedAt"))
        known = found.setdefault(
            key, {"PolicyVersion": key[0], "ServiceVersion": key[1], "FirstScanAt": at, "Scans": 0}
        )
        known["LastScanAt"] = at
        known["Scans"] = int(str(known["Scans"])) + 1
    yield from found.values()
