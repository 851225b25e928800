"""``vmss-posture rules``: the catalogue."""

import argparse
import json
import sys

from scanner.cli import EXIT_OK
from scanner.cli.remediation_examples import examples_of
from scanner.rules import RULES
from scanner.rules.remediation import as_json


def run(options: argparse.Namespace) -> int:
    """Print the rules as a table or as JSON."""
    if options.format == "json":
        fields = ("id", "name", "title", "rationale")
        rules = [
            {name: getattr(rule, name) for name in fields}
            | {"severity": rule.severity.value, "reads": list(rule.arm_properties), "references": list(rule.references)}
            | {"remediations": [{"case": item.case, **as_json(item.remediation)} for item in examples_of(rule)]}
            for rule in RULES
        ]
        sys.stdout.write(json.dumps(rules, indent=2) + "\n")
        return EXIT_OK
    from scanner.cli.screen import coloured, screen

    rows = [(rule.id, coloured(rule.severity.value), f"{rule.name}: {rule.title}") for rule in RULES]
    screen().table(f"{len(RULES)} rules", ("id", "severity", "name, and what is expected"), rows)
    return EXIT_OK
