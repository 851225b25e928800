"""From a scale set and the policy to its card, and what all rules that compare scale sets ask of it first."""

from collections.abc import Iterable

from scanner.facts.arm_paths import TAGS
from scanner.facts.card import Card, has_scheduling_hook, image_stream, is_platform, settings_of
from scanner.facts.depth import Depth, ScaleSet
from scanner.facts.evidence import Evidence, JsonValue
from scanner.facts.group import Group, Member
from scanner.facts.posture import Posture
from scanner.facts.versions import newest_of
from scanner.facts.window import MaintenanceScope
from scanner.rules.criteria import Criteria
from scanner.rules.verdict import Answer, Outcome


def card_of(scale_set: ScaleSet, criteria: Criteria) -> Card:
    """Make the card of a scale set."""
    posture, depth, tags = scale_set.posture, scale_set.depth, criteria.policy.tags
    return Card(
        key=posture.key,
        name=posture.name,
        region=posture.location or "",
        application=_tag(posture, tags.application),
        environment=_tag(posture, tags.environment),
        ring=_tag(posture, tags.ring),
        cluster=posture.cluster_endpoint,
        settings=settings_of(posture),
        image=image_stream(posture),
        is_platform=is_platform(posture),
        automatic_os_upgrade=posture.automatic_os_upgrade,
        zones=posture.zones,
        running=_running(posture, depth),
        has_scheduling_hook=has_scheduling_hook(posture),
        windows=_windows(depth),
    )


def _running(posture: Posture, depth: Depth) -> str | None:
    """Choose the newest version of the model's image that instances run; empty: there are no instances."""
    census = None if depth.instances is None else depth.instances.census
    if census is None:
        return None
    if not census.total:
        return ""
    name = None if posture.image is None else posture.image.name
    return newest_of([image.version for image in census.images if image.name == name])


def _windows(depth: Depth) -> tuple[str, ...] | None:
    """Name the maintenance configurations of OS images; ``None`` while the scope of one is not known."""
    if depth.windows is None or any(window.scope is None for window in depth.windows):
        return None
    found = [window.configuration_id for window in depth.windows if window.scope is MaintenanceScope.OS_IMAGE]
    return tuple(sorted(set(found)))


def group_of(member: Member, criteria: Criteria) -> Group | Answer:
    """Answer the application's scale sets; or why the card cannot be compared with any."""
    card, name = member.card, criteria.policy.tags.application
    if card.application is None:
        return Answer(Outcome.UNKNOWN, f"The tag {name} was not read.", labels(card, criteria, name))
    if not card.application:
        return Answer(Outcome.NOT_APPLICABLE, f"No tag {name} names the application.", labels(card, criteria, name))
    if member.application is None:
        reason = (
            "The other scale sets of its application were not read: only a scan compares them, after its first one."
        )
        return Answer(Outcome.UNKNOWN, reason, labels(card, criteria, name), is_unread=True)
    return member.application


def labels(card: Card, criteria: Criteria, *names: str) -> tuple[Evidence, ...]:
    """Make evidence of the tags that place a scale set."""
    tags = criteria.policy.tags
    values = {tags.application: card.application, tags.environment: card.environment, tags.ring: card.ring}
    return tuple([Evidence(f"{TAGS}.{name}", values[name] or None) for name in names])


def where(environment: str, setting: str, value: JsonValue, name: str) -> Evidence:
    """Make evidence of a setting of another scale set."""
    return Evidence(f"{environment}.{setting}", f"{shown(value)} ({name})")


def contrast(setting: str, own: JsonValue, other: JsonValue, name: str) -> str:
    """Say how a setting differs from that of another scale set."""
    here, there = _brief(own), _brief(other)
    if here == there:
        here, there = shown(own), shown(other)
    return f"{setting} is {here} here and {there} ({name})"


def _brief(value: JsonValue) -> str:
    """Write a setting's value; an image in a gallery by gallery and definition."""
    source, _, rest = shown(value).partition("/galleries/")
    return f"{source.partition(':')[0]}:{rest.replace('/images/', '/')}" if rest else source


def shown(value: JsonValue) -> str:
    """Write a setting's value as a person reads it."""
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def listed(items: Iterable[str]) -> str:
    """List at most three."""
    texts = list(items)
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return "; ".join(texts[:3]) + more


def _tag(posture: Posture, name: str) -> str | None:
    value = posture.tags.get(name)
    if value is not None:
        return value.lower()
    return None if posture.has_tag(name) is None else ""
