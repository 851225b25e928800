"""The policy: what an operator expects of the fleet. ``policy.toml`` sets it; what it leaves out has the default here."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from scanner.errors import SettingsError
from scanner.facts.posture import Posture
from scanner.rules import RULES, rule_by_id
from scanner.rules.expectations import ApprovedImages, Expectations, FlexibleOsUpgrade, RollingLimits, TagNames
from scanner.rules.verdict import Severity

__all__ = [
    "ApprovedImages",
    "Expectations",
    "FlexibleOsUpgrade",
    "Label",
    "Policy",
    "RollingLimits",
    "TagNames",
    "parse_policy",
]

type Label = Literal["environment", "application", "ring", "owner", "workload"]

_TAG_NAME_LIMIT = 512  # characters; https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Expectations):
    """What the rules expect, and how much each finding matters."""

    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Severity by rule id, where it is not the rule's own."""

    def severity_of(self, rule_id: str) -> Severity:
        """Say how much a finding of this rule matters. Raises ``KeyError`` for no known rule."""
        return self.severities.get(rule_id) or rule_by_id(rule_id).severity

    def label(self, posture: Posture, meaning: Label) -> str | None:
        """Read one of the scale set's labels from its tag; ``None`` without such a tag."""
        name: str = getattr(self.tags, meaning)
        return posture.tags.get(name)

    @property
    def fingerprint(self) -> str:
        """Name the content: the same for the same policy, however its file is written."""
        content = {
            "tags": {item.name: getattr(self.tags, item.name) for item in fields(self.tags)},
            "production_environments": sorted(self.production_environments),
            "stateful_workloads": sorted(self.stateful_workloads),
            "flexible_auto_os_upgrade": self.flexible_auto_os_upgrade.value,
            "rolling": {item.name: getattr(self.rolling, item.name) for item in fields(self.rolling)},
            "approved_images": {
                "publishers": sorted(self.approved_images.publishers),
                "galleries": sorted(self.approved_images.galleries),
            },
            "severities": {rule.id: self.severity_of(rule.id).value for rule in RULES},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def parse_policy(text: str, source: str) -> Policy:
    """Read a policy from TOML. Raises ``SettingsError`` that names ``source``, every wrong key, and what is allowed."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{source} is not TOML: {error}") from error
    reader = _Reader(source)
    policy = _read(reader.table("", document, _KEYS))
    if reader.problems:
        raise SettingsError(f"{source} is not usable:\n" + "\n".join(f"- {problem}" for problem in reader.problems))
    return policy


_KEYS = (
    "flexible_auto_os_upgrade",
    "production_environments",
    "stateful_workloads",
    "tags",
    "rolling",
    "approved_images",
    "severities",
)


class _Table:
    """One TOML table, read key by key; what is wrong is collected, so that all of it is told at once."""

    def __init__(self, prefix: str, values: Mapping[str, object], problems: list[str]) -> None:
        self._prefix = prefix
        self._values = values
        self._problems = problems

    def table(self, key: str, allowed: tuple[str, ...]) -> "_Table":
        values = self._values.get(key, {})
        if not isinstance(values, dict):
            self._wrong(key, values, "a table")
            values = {}
        return _table(f"{self._prefix}{key}.", values, allowed, self._problems)

    def choice(self, key: str, default: FlexibleOsUpgrade) -> FlexibleOsUpgrade:
        value = self._values.get(key, default.value)
        if isinstance(value, str) and value in list(FlexibleOsUpgrade):
            return FlexibleOsUpgrade(value)
        self._wrong(key, value, "one of " + ", ".join(f'"{item}"' for item in FlexibleOsUpgrade))
        return default

    def severities(self) -> dict[str, Severity]:
        found: dict[str, Severity] = {}
        for key, value in self._values.items():
            if isinstance(value, str) and value in list(Severity):
                found[key] = Severity(value)
            else:
                self._wrong(key, value, "one of " + ", ".join(f'"{item}"' for item in Severity))
        return found

    def names(self, key: str, default: frozenset[str]) -> frozenset[str]:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
            return frozenset(item.lower() for item in value)
        self._wrong(key, value, "a list of texts, none of them empty")
        return default

    def tag_name(self, key: str, default: str) -> str:
        value = self._values.get(key, default)
        if isinstance(value, str) and value.strip() and len(value) <= _TAG_NAME_LIMIT:
            return value
        self._wrong(key, value, f"the name of a tag, of 1 to {_TAG_NAME_LIMIT} characters")
        return default

    def number(self, key: str, default: int, lowest: int, highest: int) -> int:
        value = self._values.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        self._wrong(key, value, f"a whole number from {lowest} to {highest}")
        return default

    def _wrong(self, key: str, value: object, allowed: str) -> None:
        self._problems.append(f"{self._prefix}{key} is {value!r}; it must be {allowed}.")


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []

    def table(self, prefix: str, values: Mapping[str, object], allowed: tuple[str, ...]) -> _Table:
        return _table(prefix, values, allowed, self.problems)


def _table(prefix: str, values: Mapping[str, object], allowed: tuple[str, ...], problems: list[str]) -> _Table:
    problems.extend(
        f"{prefix}{key} is no key of the policy; allowed here: {', '.join(allowed)}."
        for key in values
        if key not in allowed
    )
    return _Table(prefix, {key: value for key, value in values.items() if key in allowed}, problems)


def _read(root: _Table) -> Policy:
    tags = root.table("tags", tuple(item.name for item in fields(TagNames)))
    rolling = root.table("rolling", tuple(item.name for item in fields(RollingLimits)))
    images = root.table("approved_images", ("publishers", "galleries"))
    return Policy(
        tags=TagNames(
            **{item.name: tags.tag_name(item.name, getattr(TagNames(), item.name)) for item in fields(TagNames)}
        ),
        production_environments=root.names("production_environments", Policy().production_environments),
        stateful_workloads=root.names("stateful_workloads", Policy().stateful_workloads),
        flexible_auto_os_upgrade=root.choice("flexible_auto_os_upgrade", FlexibleOsUpgrade.UNKNOWN),
        rolling=RollingLimits(
            max_batch_percent=rolling.number("max_batch_percent", 20, 5, 100),
            max_capacity_share_percent=rolling.number("max_capacity_share_percent", 34, 1, 100),
            min_pause_seconds=rolling.number("min_pause_seconds", 60, 0, 86_400),
            max_unhealthy_percent=rolling.number("max_unhealthy_percent", 20, 0, 100),
        ),
        approved_images=ApprovedImages(
            publishers=images.names("publishers", frozenset()), galleries=images.names("galleries", frozenset())
        ),
        severities=root.table("severities", tuple(rule.id for rule in RULES)).severities(),
    )
