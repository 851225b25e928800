"""Filters: which scale sets a command shows, and counts for its exit code."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scanner.cli.fleet import JudgedScaleSet
from scanner.rules.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Values are alternatives, and each filter has to hold. All are compared without case; empty: any."""

    subscriptions: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    applications: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    headlines: frozenset[str] = frozenset()

    def scope(self, scale_sets: Iterable[JudgedScaleSet]) -> list[JudgedScaleSet]:
        """Keep the scale sets that are asked about: by subscription, owner and application."""
        return [
            item
            for item in scale_sets
            if _named(item.subscription_id, self.subscriptions)
            and _named(item.labels.get("owner"), self.owners)
            and _named(item.labels.get("application"), self.applications)
        ]

    def view(self, scale_sets: Iterable[JudgedScaleSet]) -> list[JudgedScaleSet]:
        """Of those, keep what is asked for: a headline, and the answers of a rule where it failed or is unknown."""
        kept = [item for item in scale_sets if not self.headlines or item.upgrades_itself in self.headlines]
        if not self.rules:
            return kept
        narrowed = [
            replace(item, verdicts=tuple(rule for rule in item.verdicts if rule.rule_id in self.rules)) for item in kept
        ]
        return [item for item in narrowed if any(rule.outcome in _TOLD for rule in item.verdicts)]

    def sentence(self) -> str:
        """Say what was asked for; empty where nothing was."""
        asked: Sequence[tuple[str, frozenset[str]]] = (
            ("subscription", self.subscriptions),
            ("owner", self.owners),
            ("application", self.applications),
            ("rule", self.rules),
            ("headline", self.headlines),
        )
        return ", ".join(f"{name} {' or '.join(sorted(values))}" for name, values in asked if values)


_TOLD = frozenset({Outcome.FAILED, Outcome.UNKNOWN})


def read_filters(options: argparse.Namespace) -> Filters:
    """Take the filters from a command's arguments."""
    return Filters(
        subscriptions=frozenset(text.lower() for text in options.subscription),
        owners=frozenset(text.lower() for text in options.owner),
        applications=frozenset(text.lower() for text in options.application),
        rules=frozenset(options.rule),
        headlines=frozenset(options.headline),
    )


def _named(value: str | None, names: frozenset[str]) -> bool:
    return not names or (value is not None and value.lower() in names)
