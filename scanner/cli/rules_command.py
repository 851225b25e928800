"""``vmss-posture rules``: the catalogue."""

import argparse
import json
import sys

from scanner.adapters.criteria_files import read_own_rules
from scanner.cli import EXIT_OK
from scanner.cli.criteria import own_rules_path
from scanner.cli.remediation_examples import examples_of
from scanner.rules.own_catalogue import rules_of
from scanner.rules.remediation import as_json


def run(options: argparse.Namespace) -> int:
    """Print the rules as a table or as JSON."""
    path = own_rules_path(options)
    every = rules_of(() if path is None else read_own_rules(path))
    if options.format == "json":
        fields = ("id", "name", "title", "rationale")
        rules = [
            {name: getattr(rule, name) for name in fields}
            | {"severity": rule.severity.value, "reads": list(rule.arm_properties), "references": list(rule.references)}
            | {"remediations": [{"case": item.case, **as_json(item.remediation)} for item in examples_of(rule)]}
            for rule in every
        ]
        sys.stdout.write(json.dumps(rules, indent=2) + "\n")
        return EXIT_OK
    from scanner.cli.screen import coloured, screen

    rows = [(rule.id, coloured(rule.severity.value), f"{rule.name}: {rule.title}") for rule in every]
    screen().table(f"{len(every)} rules", ("id", "severity", "name, and what is expected"), rows)
    return EXIT_OK
