"""The gate of ``--fail-on``: what closes it, with exit code 1."""

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.cli.fleet import JudgedScaleSet
from scanner.rules.verdict import Severity


@dataclass(frozen=True, slots=True)
class FailOn:
    """What closes the gate."""

    severities: frozenset[Severity] = frozenset()
    headlines: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.severities or self.headlines)


def fails(scale_sets: Iterable[JudgedScaleSet], fail_on: FailOn) -> bool:
    """Whether the gate closes: an open finding of the severity or worse, or a headline that was named."""
    return any(
        item.upgrades_itself in fail_on.headlines or any(rule.severity in fail_on.severities for rule in item.open)
        for item in scale_sets
    )
