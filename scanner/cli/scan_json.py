"""What ``scan --format json`` prints: one document with the scan, its events, and every scale set as it is known."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from scanner.events.scan_record import ScanRecord
from scanner.facts.evidence import JsonValue
from scanner.scan.fleet_view import FleetView


def print_json(record: ScanRecord | None, view: FleetView, events: Sequence[Mapping[str, JsonValue]]) -> None:
    """Print the document. Times are UTC; ``scan`` is null when the scan failed, and the error says why."""
    document = {
        "scan": None if record is None else asdict(record),
        "events": list(events),
        "scale_sets": [
            {
                "scale_set_id": state.identity.scale_set_id,
                "upgrades_itself": state.upgrades_itself,
                "blocked_by": state.blocked_by,
                "managed_by": state.managed_by,
                "missing": state.missing,
                "facts": state.facts,
                "outcomes": state.outcomes,
                "findings": {rule_id: asdict(finding) for rule_id, finding in state.findings.items()},
                "revision": state.revision,
                "first_seen_at": state.first_seen_at,
                "missed_scans": state.missed_scans,
            }
            for _, state in sorted(view.current.items())
        ],
    }
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")
