"""The words of the report: names of headlines, facts and moments as a person reads them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from scanner.overview.environments import shown
from scanner.overview.figures import days_between
from scanner.overview.rollouts import Attempt
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import plain, plural
from scanner.rules import rule_by_id
from scanner.rules.verdict import Outcome

NAME_LIMIT, TEXT_LIMIT, VALUE_LIMIT = 200, 1_200, 400
"""Characters of a name, a sentence and a value that are shown."""

HEADLINES: Mapping[str, tuple[str, str]] = {
    "yes": ("Automatic", "Azure upgrades the OS image by itself"),
    "managed": ("Managed", "another Azure service owns the rollout"),
    "in_guest": ("In guest", "the guest patches itself; the image stays"),
    "no": ("Not automatic", "a person or a pipeline has to do it"),
    "blocked": ("Blocked", "enabled, but the upgrade cannot run"),
    "unknown": ("Not known", "something that decides was not read"),
}
"""By headline: its name on the page, and what it means."""

FACTS: Mapping[str, str] = {
    "upgrades_itself": "Upgrades itself",
    "orchestration_mode": "Orchestration mode",
    "upgrade_mode": "Upgrade mode",
    "automatic_os_upgrade": "Automatic OS image upgrade",
    "automatic_rollback_disabled": "Automatic rollback disabled",
    "use_rolling_upgrade_policy": "Uses the rolling upgrade policy",
    "os_rolling_upgrade_deferral": "OS rolling upgrade deferred",
    "max_batch_instance_percent": "Largest batch, %",
    "max_unhealthy_instance_percent": "Most unhealthy, %",
    "max_unhealthy_upgraded_instance_percent": "Most unhealthy after upgrade, %",
    "pause_between_batches_seconds": "Pause between batches, s",
    "max_surge": "MaxSurge",
    "overprovision": "Overprovisioning",
    "os_type": "Operating system",
    "image": "Image",
    "image_pinned": "Image pinned to a version",
    "service_artifact_reference": "Service artifact",
    "health_probe": "Load balancer probe",
    "application_health": "Application Health extension",
    "external_health_policy": "External health policy",
    "automatic_repairs": "Automatic repairs",
    "windows_automatic_updates": "Windows automatic updates",
    "patch_mode": "Patch mode of the guest",
    "extensions": "Extensions",
    "lifecycle_hooks": "Lifecycle hooks",
    "managed_by": "Managed by",
}
"""Names of the facts; one that is not here is shown by its own."""


def fact_name(fact: str) -> str:
    """Name a fact."""
    return FACTS.get(fact, plain(fact, NAME_LIMIT).replace("_", " "))


def image_name(image: str) -> str:
    """Shorten an image to what tells it apart: of one in a gallery, gallery, definition and version."""
    kind, _, rest = image.partition(":")
    parts = rest.split("/")
    if kind == "gallery" and len(parts) >= 4:
        return plain(" / ".join([parts[-4], *parts[-2:]]) if parts[-3] == "images" else rest, NAME_LIMIT)
    return plain(rest.replace("/", " / ") if kind == "platform" else image, NAME_LIMIT)


def compared(fact: str, values: Sequence[str]) -> str:
    """Write the values that the scale sets of one environment have, the most frequent first."""
    named = [image_name(value) if fact == "image" else value for value in values[:_MOST_VALUES]]
    more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
    return plain("; ".join(named), TEXT_LIMIT) + more if named else "not read"


_MOST_VALUES = 2


def value_name(fact: str, value: str) -> str:
    """Write a value of a fact, as an event has it (JSON), in short."""
    try:
        decoded = json.loads(value)
    except ValueError:
        decoded = value
    if fact == "image" and isinstance(decoded, str):
        return image_name(decoded)
    if fact == "upgrades_itself" and isinstance(decoded, str) and decoded in HEADLINES:
        return HEADLINES[decoded][0].lower()
    return plain(shown(decoded), VALUE_LIMIT)


def name_of(item: KnownScaleSet) -> str:
    """Name a scale set; one without a name by the end of its id."""
    return plain(item.name or item.scale_set_id.rpartition("/")[2] or "(no name)", NAME_LIMIT)


def rule_name(rule_id: str) -> str:
    """Name a rule; empty for one that this version does not know."""
    try:
        return rule_by_id(rule_id).name
    except KeyError:
        return ""


def moment(text: str) -> str:
    """Write a moment (ISO 8601) as a person reads it, in UTC; what is no moment, as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return plain(text, NAME_LIMIT) or "not known"
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def day(text: str) -> str:
    """Write the day of a moment (ISO 8601) without its year."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return plain(text, NAME_LIMIT)
    return f"{at.day} {at:%b}"


def age(earlier: str, later: str) -> str:
    """Say how long ago a moment is."""
    days = days_between(earlier, later)
    return "" if days is None else "today" if days == 0 else f"{plural(days, 'day')} ago"


def headline_reasons(item: KnownScaleSet) -> list[str]:
    """Say what its headline rests on, where that is more than an open finding says."""
    found: list[str] = []
    by_rule = {finding.rule_id: finding for finding in item.findings}
    for rule_id in item.blocked_by:
        finding = by_rule.get(rule_id)
        found.append(f"Blocked by {rule_id} {rule_name(rule_id)}: {finding.reason if finding else 'the rule failed.'}")
    if item.upgrades_itself == "unknown":
        found.append(f"Not known: {'; '.join(item.missing)}" if item.missing else "What decides was not read.")
    if item.upgrades_itself == "managed":
        found.append(f"{item.managed_by or 'Another Azure service'} owns the rollout.")
    return [plain(text, TEXT_LIMIT) for text in found]


def reason(item: KnownScaleSet) -> str:
    """Say in one sentence why a scale set needs attention; empty where it needs none."""
    for text in headline_reasons(item):
        return text
    for finding in item.open:
        return plain(
            f"{finding.rule_id} {rule_name(finding.rule_id) or finding.own_name}: {finding.reason or 'the rule failed.'}",
            TEXT_LIMIT,
        )
    for finding in item.exempt:
        if finding.exemption is not None:
            said = f"{finding.rule_id} {rule_name(finding.rule_id) or finding.own_name}: exempt until {finding.exemption.until}."
            return plain(said, TEXT_LIMIT)
    return ""


def readiness(item: KnownScaleSet) -> str:
    """Say whether automatic OS image upgrade could be enabled; empty where the question does not arise."""
    match item.ready_to_enable:
        case "yes":
            return "Automatic OS image upgrade could be enabled: no rule would block it."
        case "no":
            return f"If automatic OS image upgrade were enabled, it would be blocked by {', '.join(item.blocked_if_enabled)}."
        case "unknown":
            return "Whether automatic OS image upgrade could be enabled is not known."
        case _:
            return ""


def verdict_counts(item: KnownScaleSet) -> str:
    """Count the verdicts that are not listed."""
    passed, other = len(item.rules_with(Outcome.PASSED)), len(item.rules_with(Outcome.NOT_APPLICABLE))
    total = len(item.outcomes)
    return (
        f"{plural(total, 'rule')} judged: {passed} passed, {other} not applicable." if total else "No verdict is known."
    )


ENDINGS: Mapping[str, tuple[str, str]] = {
    "failed": ("failed", "bad"),
    "stalled": ("stalled", "bad"),
    "rolled_back": ("rolled back", "bad"),
    "started": ("under way", "even"),
    "completed": ("completed", "good"),
}
"""How a rollout stands, and the tone of it."""
_KINDS = {"os_upgrade": "OS image upgrade", "rolling_upgrade": "Rolling upgrade of the model"}


def ending(name: str) -> tuple[str, str]:
    """Say how a rollout stands, and in which tone."""
    return ENDINGS.get(name, (plain(name, NAME_LIMIT), "even"))


def rollout_name(attempt: Attempt) -> str:
    """Say what a rollout brings, and who started it."""
    what = _KINDS.get(attempt.kind, "Rollout")
    target = f" to {image_name(f'platform:{attempt.target}')}" if attempt.target else ""
    by = {"platform": ", by Azure", "user": ", by a person"}.get(attempt.started_by, "")
    return f"{what}{target}{by}"


def rollout_counts(attempt: Attempt) -> str:
    """Count its instances, as far as they were read."""
    parts = (
        (attempt.succeeded, "upgraded"),
        (attempt.failed, "failed"),
        (attempt.pending, "to come"),
        (attempt.rolled_back, "taken back"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in parts if count) or "not read"
