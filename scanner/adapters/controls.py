"""The controls that rules are evidence for, as ``data/controls.toml`` declares them."""

import tomllib
from functools import cache
from importlib.resources import files

from scanner.rules.control import Control, Relation, supported_by


@cache
def controls() -> tuple[Control, ...]:
    """Read all controls, once. Raises ``KeyError`` or ``ValueError`` when a declaration is not whole: a fault of the build."""
    declared = tomllib.loads(files("scanner").joinpath("data", "controls.toml").read_text("utf-8"))
    return tuple(
        [
            Control(
                framework=framework["key"],
                framework_name=framework["name"],
                framework_version=framework["version"],
                id=entry["id"],
                about=entry["about"],
                relation=Relation(entry["relation"]),
                rules=tuple(entry["rules"]),
                events=tuple(entry.get("events", ())),
                page=framework["page"],
                source=entry.get("source", framework["source"]),
            )
            for framework in declared["framework"]
            for entry in framework["control"]
        ]
    )


def controls_of(rule_id: str) -> tuple[Control, ...]:
    """Pick the controls for which a rule is evidence; none for a rule of the operator's own."""
    return supported_by(rule_id, controls())
