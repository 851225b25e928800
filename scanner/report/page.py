"""The page: one file of HTML with its style, script and data inside, which loads nothing and sends nothing."""

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from scanner import __version__
from scanner.overview.environments import compare_environments
from scanner.overview.figures import (
    HEADLINES,
    attention,
    count_rules,
    exempt_findings,
    group_of,
    groups_by,
    oldest,
)
from scanner.overview.happened import KnownChange
from scanner.overview.instances import instance_figures
from scanner.overview.lead_times import lead_time_figures, lead_times_known
from scanner.overview.overview import Overview
from scanner.overview.rollouts import attempts_of, count_endings
from scanner.overview.scale_set import KnownScaleSet
from scanner.plain_text import plain, plural
from scanner.report import feed, instance_words, lists, words
from scanner.report.charts import segments, trend_of
from scanner.report.embedded import embedded_json
from scanner.report.entries import Entry, entry_of, slug_of
from scanner.rules import RULES
from scanner.rules.control import Control

_FIRST = 'document.documentElement.classList.add("js")'
"""Runs before anything is laid out, so that what only readers without JavaScript need costs no time."""
WRITTEN_OUT = 200
"""Scale sets whose details are there without JavaScript."""
TILES = 700
"""Scale sets that the map of the fleet shows one by one; a larger fleet is shown by its bars alone."""
LISTED = 12
"""Scale sets of the first list; rows of the lists beside it."""


def report_page(overview: Overview, production: Collection[str], controls: Sequence[Control] = ()) -> Iterator[str]:
    """Write the page in parts. ``production`` are the environments that mean it, in lower case.

    ``controls`` are those of frameworks for which rules are evidence.
    """
    ordered = sorted(overview.scale_sets, key=lambda item: attention(item, production))
    entries, names = _entries(overview, ordered), lists.rule_names(ordered)
    script, style = _part("report.js"), _part("report.css")
    yield from _template().generate(
        **_frame(overview, script, style),
        **_summary(overview, ordered),
        **_sections(overview, ordered, production, names),
        controls=lists.controls(ordered, controls),
        entries=entries,
        written_out=entries[:WRITTEN_OUT],
        listed=[entry for entry in entries if entry.headline in ("no", "blocked")][:LISTED],
        undecided=lists.undecided(ordered),
        data=Markup(embedded_json(entries, names)),  # noqa: S704 - escaped there, and never parsed as HTML
        choices=lists.choices(ordered),
    )


def _frame(overview: Overview, script: str, style: str) -> dict[str, Any]:
    return {
        "policy": f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(_FIRST)}' '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'",
        "first_script": Markup(_FIRST),  # noqa: S704 - ours
        "script": Markup(script),  # noqa: S704 - ours, from the package
        "style": Markup(style),  # noqa: S704 - ours, from the package
        "version": __version__,
        "words": words,
        "duration": instance_words.duration,
        "basis": instance_words.basis,
        "headlines": HEADLINES,
        "plural": plural,
        "at": overview.at,
        "source": plain(overview.source, words.TEXT_LIMIT),
        "deployment": plain(overview.deployment, words.NAME_LIMIT),
        "segments": segments,
        "slug_of": slug_of,
    }


def _summary(overview: Overview, ordered: Sequence[KnownScaleSet]) -> dict[str, Any]:
    fleet = group_of("", ordered)
    high = [finding for item in ordered for finding in item.open if finding.severity == "high"]
    exempt = exempt_findings(ordered, _day(overview.at))
    return {
        "fleet": fleet,
        "not_upgraded": fleet.headlines["no"] + fleet.headlines["blocked"],
        "upgraded": fleet.headlines["yes"],
        "oldest_high": oldest(high, overview.at),
        "exempt": exempt,
        "subscriptions": len({item.subscription_id for item in ordered}),
        "trend": trend_of(overview.scans, overview.at),
        "last_scan": overview.last_scan,
        "tiles": lists.tiles(ordered) if len(ordered) <= TILES else [],
    }


def _sections(
    overview: Overview,
    ordered: Sequence[KnownScaleSet],
    production: Collection[str],
    names: Mapping[str, str],
) -> dict[str, Any]:
    pairs = compare_environments(ordered, production)
    return {
        "applications": groups_by(lambda item: lists.label(item.application), ordered),
        "owners": groups_by(lambda item: lists.label(item.owner), ordered),
        "rule_name": lambda rule_id: names.get(rule_id, ""),
        "rules": [(each, lists.title(each.rule_id, names)) for each in count_rules(ordered)],
        "rule_total": len(RULES),
        "feed": feed.feed_of(overview.changes),
        "attempts": (attempts := attempts_of(overview.changes)),
        "endings": count_endings(attempts),
        "images": lists.images(ordered),
        "instances": instance_figures(ordered),
        "lead_times": (lead_times := lead_times_known(ordered)[::-1]),
        "lead_time_figures": lead_time_figures(lead_times),
        "compared": [pair for pair in pairs if pair.differences],
        "alike": sum(1 for pair in pairs if not pair.differences),
        "read": lists.coverage(overview, ordered),
        "unreadable": [] if overview.last_scan is None else overview.last_scan.unreadable,
        "problems": [plain(problem, words.TEXT_LIMIT) for problem in overview.problems],
        "notes": [plain(note, words.TEXT_LIMIT) for note in overview.notes],
    }


def _entries(overview: Overview, ordered: Sequence[KnownScaleSet]) -> list[Entry]:
    changes: dict[str, list[KnownChange]] = {}
    for change in overview.changes:
        changes.setdefault(change.scale_set_id.lower(), []).append(change)
    return [
        entry_of(
            item,
            overview.at,
            changes.get(item.key, ()),
            is_old=item.subscription_id in overview.not_read
            or item.last_read_at < overview.read_at.get(item.subscription_id, ""),
        )
        for item in ordered
    ]


def _day(at: str) -> date:
    try:
        return date.fromisoformat(at[:10])
    except ValueError:
        return date.max


def _digest(text: str) -> str:
    """Name a script or style for the content security policy. https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _part(name: str) -> str:
    return files("scanner.report").joinpath("templates", name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    """Escape, of every text that is written, what is not printable; line ends stay, and mean nothing in HTML."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(plain(line) for line in value.split("\n"))


@cache
def _template() -> Any:
    names = ("page.html.j2", "parts.html.j2")
    environment = Environment(
        loader=DictLoader({name: _part(name) for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    return environment.get_template("page.html.j2")
