"""What a scale set adds to the numbers of its application, environment, region and subscription; docs/numbers.md.

Everything is a whole number that adds up. Moments are sums of seconds since 1970 beside how many they are of, so that
ages and exposure are told for the moment at which they are told, and no state is written for the passing of time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from operator import add

from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.state.kept_instances import KeptInstances, read_kept
from scanner.state.state import ScaleSetState

HOUR, DAY = 3600, 86_400
INSTANCES = ("instances", "on_newest", "behind", "closed", "rate", "leads", "lead_hours", "leads_unknown", "unread")
"""Of the instances of a scale set, in the order in which its tally has them. Exposure is ``closed`` + ``rate`` times now."""
NOT_READ = (0, 0, 0, 0, 0, 0, 0, 0, 1)
JUDGED = ("scale_sets", "passed", "failed", "exempt", "unknown", "open", "opened_at", "age_unknown")
"""Of its rules and findings. ``opened_at``: a sum over the findings whose beginning is known."""
PLACES = ("all", "application", "environment", "region", "subscription")
MOST_NAMES = 20
"""Names of each kind that a record has; the rest are added up."""
OTHERS = "(others)"


def instance_figures(state: ScaleSetState) -> tuple[int, ...]:
    """Count the instances of a scale set, as far as they were read."""
    kept = read_kept(state.beside, None)
    patching = kept.patching
    if patching is None:
        return NOT_READ
    hours = [each.seconds // HOUR for each in patching.lead_times if each.seconds is not None]
    closed, rate = _exposure(kept)
    total, on_newest = kept.instances.total, patching.on_newest
    is_read = total is not None and on_newest is not None
    counts = (total or 0, on_newest or 0, patching.behind or 0) if is_read else (0, 0, 0)
    return (*counts, closed, rate, len(hours), sum(hours), len(patching.lead_times) - len(hours), int(not is_read))


def _exposure(kept: KeptInstances) -> tuple[int, int]:
    """Write exposure as a line: what it would be at second 0, and by how many instances it grows each second."""
    patching, instances = kept.patching, kept.instances
    if patching is None:
        return 0, 0
    if not instances.is_current or not patching.behind:
        return patching.exposure(instances.census_read_at), 0
    return patching.closed_seconds - patching.behind * round(patching.as_of.timestamp()), patching.behind


def judged_figures(outcomes: str, opened: Mapping[str, Sequence[str]], exempt: Sequence[str]) -> list[int]:
    """Count rules and findings of a tally as it is written: in the order of ``JUDGED``."""
    excused = sum([f" {rule_id.removeprefix('VMSS-')}F " in f" {outcomes}" for rule_id in exempt])
    moments = []
    for _severity, since in opened.values():
        with suppress(ValueError):
            moments.append(round(datetime.fromisoformat(since).timestamp()))
    passed, failed, unknown = _letters(outcomes)
    return [1, passed, failed - excused, excused, unknown, len(opened), sum(moments), len(opened) - len(moments)]


@lru_cache(maxsize=4_096)
def _letters(outcomes: str) -> tuple[int, int, int]:
    """Count passed, failed and unknown: few scale sets differ in the outcomes of all rules."""
    return outcomes.count("P "), outcomes.count("F "), outcomes.count("U ")


def by_place(sums: Mapping[tuple[str, ...], Sequence[int]]) -> Counter[str]:
    """Add up figures by every place. The keys of ``sums``: environment, application, region and subscription."""
    added: list[dict[str, Sequence[int]]] = [{} for _ in PLACES]
    for (environment, application, region, subscription), figures in sums.items():
        for by_name, name in zip(added, ("", application, environment, region, subscription), strict=True):
            by_name[name] = list(map(add, by_name[name], figures)) if name in by_name else figures
    names = (*JUDGED, *INSTANCES)
    return Counter(
        {
            f"{place} {figure} {name}": value
            for place, by_name in zip(PLACES, added, strict=True)
            for name, figures in by_name.items()
            for figure, value in zip(names, figures, strict=True)
            if value
        }
    )


def told_figures(places: Mapping[str, int], moment: datetime) -> dict[str, JsonValue]:
    """Say the numbers at a moment: of all, then of each application, environment, region and subscription."""
    groups: dict[str, dict[str, Counter[str]]] = {place: {} for place in PLACES}
    for key, value in places.items():
        place, figure, name = key.split(" ", 2)
        groups[place].setdefault(name, Counter())[figure] += value
    told: dict[str, JsonValue] = {"all": _told(groups["all"].get("", Counter()), moment)}
    for place in PLACES[1:]:
        told[place] = {
            plain(name or "(none)", 120): _told(figures, moment) for name, figures in _largest(groups[place])
        }
    return told


def _largest(named: Mapping[str, Counter[str]]) -> Iterator[tuple[str, Counter[str]]]:
    ordered = sorted(named, key=lambda name: (-named[name]["scale_sets"], name))
    for name in sorted(ordered[:MOST_NAMES]):
        yield name, named[name]
    others: Counter[str] = Counter()
    for name in ordered[MOST_NAMES:]:
        others.update(named[name])
    if others:
        yield OTHERS, others


def _told(of: Counter[str], moment: datetime) -> dict[str, JsonValue]:
    """Work out percentages and means. What nothing is known of is ``None``, and no zero."""
    now = round(moment.timestamp())
    dated, is_read = of["open"] - of["age_unknown"], of["scale_sets"] > of["unread"]
    exposure = of["closed"] + of["rate"] * now
    return {
        "scale_sets": of["scale_sets"],
        "compliance_percent": _percent(of["passed"], of["failed"]),
        "unknown_outcomes": of["unknown"],
        "image_compliance_percent": _percent(of["on_newest"], of["behind"]),
        "instances_on_newest": of["on_newest"] if is_read else None,
        "instances_behind": of["behind"] if is_read else None,
        "instances_unknown": of["instances"] - of["on_newest"] - of["behind"] if is_read else None,
        "scale_sets_not_read": of["unread"],
        "exposure_hours": exposure // HOUR if is_read or exposure else None,
        "lead_time_days": round(of["lead_hours"] / of["leads"] / 24, 1) if of["leads"] else None,
        "lead_times": of["leads"],
        "lead_times_unknown": of["leads_unknown"],
        "open_findings": of["open"],
        "finding_age_days": round((now * dated - of["opened_at"]) / dated / DAY, 1) if dated else None,
        "finding_ages_unknown": of["age_unknown"],
    }


def _percent(good: int, bad: int) -> float | None:
    return round(100 * good / (good + bad), 1) if good + bad else None
