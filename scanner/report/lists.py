"""The lists of the page: the map of the fleet, images, controls, coverage, and what can be chosen."""

from collections import Counter
from collections.abc import Mapping, Sequence

from scanner.overview.figures import HEADLINES, count_rules, named
from scanner.overview.overview import Overview
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import plain
from scanner.report import words
from scanner.rules import RULES
from scanner.rules.control import Control
from scanner.rules.rule import is_own_id


def label(text: str) -> str:
    """Write a label that groups scale sets."""
    return plain(text, words.NAME_LIMIT)


def undecided(ordered: Sequence[KnownScaleSet]) -> list[tuple[str, int]]:
    """Count the scale sets that cannot be decided, by what is missing; the most frequent first."""
    missing = Counter(
        plain("; ".join(item.missing) or "What decides was not read.", words.TEXT_LIMIT)
        for item in ordered
        if item.upgrades_itself == "unknown"
    )
    return missing.most_common()


def tiles(ordered: Sequence[KnownScaleSet]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Group the fleet by application, the most urgent first: headline and name of each scale set."""
    members: dict[str, list[tuple[str, str]]] = {}
    for item in ordered:
        headline = item.upgrades_itself if item.upgrades_itself in HEADLINES else "unknown"
        members.setdefault(label(item.application), []).append((headline, words.name_of(item)))
    return sorted(members.items(), key=lambda each: (not each[0], each[0].casefold()))


def images(ordered: Sequence[KnownScaleSet]) -> list[tuple[str, int, str]]:
    """Count the scale sets of each image: image, count, and which version they take."""
    counts = Counter(
        (words.image_name(image), _version_of(item))
        for item in ordered
        if isinstance(image := item.facts.get("image"), str)
    )
    return [(image, count, version) for (image, version), count in counts.most_common()]


def _version_of(item: KnownScaleSet) -> str:
    is_pinned = item.facts.get("image_pinned")
    return "not known" if is_pinned is None else "pinned" if is_pinned is True else "follows the newest"


def controls(ordered: Sequence[KnownScaleSet], controls: Sequence[Control]) -> list[tuple[Control, int, int, int]]:
    """Count the open, exempt and unknown answers of the rules that are evidence for a control."""
    counts = {each.rule_id: each for each in count_rules(ordered)}
    found = []
    for control in controls:
        known = [counts[rule_id] for rule_id in control.rules if rule_id in counts]
        sums = (
            sum(each.open for each in known),
            sum(each.exempt for each in known),
            sum(each.unknown for each in known),
        )
        found.append((control, *sums))
    return found


def coverage(overview: Overview, ordered: Sequence[KnownScaleSet]) -> list[tuple[str, int, str, bool]]:
    """List the subscriptions: id, scale sets, when it was read, and whether the last scan did."""
    counts = Counter(item.subscription_id for item in ordered)
    found = []
    for name in sorted({*counts, *overview.read_at, *overview.not_read}):
        at = overview.read_at.get(name, "")
        found.append(
            (plain(name, words.NAME_LIMIT), counts[name], words.moment(at), name not in overview.not_read and bool(at))
        )
    return sorted(found, key=lambda each: (each[3], each[0]))


def choices(ordered: Sequence[KnownScaleSet]) -> Mapping[str, list[str]]:
    """List the values to filter by."""
    labels = {
        "environment": lambda item: item.environment,
        "application": lambda item: item.application,
        "owner": lambda item: item.owner,
        "subscription": lambda item: item.subscription_id,
    }
    return {name: [plain(value, words.NAME_LIMIT) for value in named(ordered, label)] for name, label in labels.items()}


def rule_names(items: Sequence[KnownScaleSet]) -> dict[str, str]:
    """Name all rules that judged; of the operator's own those that a finding names, as nothing else does."""
    names: dict[str, str] = {}
    for item in items:
        names |= {rule_id: words.rule_name(rule_id) for rule_id in item.outcomes if rule_id not in names}
        for finding in item.findings:
            if not names.get(finding.rule_id):
                names[finding.rule_id] = words.rule_name(finding.rule_id) or plain(finding.own_name, words.NAME_LIMIT)
    return names


def title(rule_id: str, names: Mapping[str, str]) -> Mapping[str, str]:
    """Say what a rule expects, and why; of one that this version does not know, that."""
    for rule in RULES:
        if rule.id == rule_id:
            return {"name": rule.name, "title": rule.title, "rationale": rule.rationale, "page": rule.references[0]}
    about = "A rule of your own." if is_own_id(rule_id) else "A rule of another version."
    return {"name": names.get(rule_id, ""), "title": about, "rationale": "", "page": ""}
