"""The page as text: what it holds, what it lists and counts, and that nothing in it can act."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from scanner.adapters.controls import controls
from scanner.facts.evidence import JsonValue
from scanner.overview.happened import KnownChange, KnownScan, change_of
from scanner.overview.overview import Overview
from scanner.overview.scale_set import KnownFinding, KnownInstances, KnownScaleSet
from scanner.report import words
from scanner.report.charts import MOST_POINTS, segments, trend_of
from scanner.report.entries import slug_of, who_of
from scanner.report.feed import MOST, feed_of
from scanner.report.instance_words import duration
from scanner.report.page import WRITTEN_OUT, report_page
from scanner.state.state import ExemptionNote
from tests.overview.fleets import AT, HOSTILE, named, story
from tests.overview.test_figures import PRODUCTION, known


class Page(HTMLParser):
    """Elements with their attributes, texts, and the content of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.seen: list[str] = []
        self.text = text
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open].append(data)
        else:
            self.seen.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def data(self) -> dict[str, Any]:
        """What the script of the page reads."""
        found: dict[str, Any] = json.loads(self.inside["script"][1])
        return found


def page_of(overview: Overview) -> Page:
    """Make a page and take it apart."""
    return Page("".join(report_page(overview, PRODUCTION)))


def fleet(*scale_sets: KnownScaleSet, **more: Any) -> Overview:
    """Make an overview of scale sets."""
    return Overview(at=AT, source="a test", scale_sets=scale_sets, **more)


@pytest.fixture(scope="module")
def told() -> Page:
    """Make the page of the small story."""
    return page_of(story()[1].overview())


def test_the_policy_names_what_is_inside_and_nothing_else(told: Page) -> None:
    """Every script that runs and the style are named by their hash; nothing can be loaded or sent."""
    policy = next(str(each["content"]) for each in told.all("meta") if "Content-Security-Policy" in str(each))
    named = [f"'sha256-{_hash(text)}'" for text in (*told.inside["style"], *told.inside["script"][::2])]
    assert all(each in policy for each in named)
    assert len(re.findall("sha256-", policy)) == len(named) == 3
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    loading = [
        (tag, name) for tag, each in told.elements for name in each if name in {"src", "srcset", "action", "style"}
    ]
    assert loading == []
    assert [name for _, each in told.elements for name in each if name.startswith("on")] == []
    assert {tag for tag, _ in told.elements} & {"img", "iframe", "object", "link", "base", "embed", "video"} == set()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_name_stays_text(case: str) -> None:
    """Wherever it stands, the page has the elements and attributes that it has with a harmless name, and no others."""
    hostile, harmless = page_named(HOSTILE[case]), page_named("harmless")
    assert shape_of(hostile) == shape_of(harmless)
    links = [str(each.get("href", "#")) for each in hostile.all("a")]
    assert [link for link in links if not link.startswith(("#", "https://learn.microsoft.com/"))] == []
    assert "pwned" not in "".join(hostile.inside["style"])
    assert words.name_of(named(HOSTILE[case])) in hostile.data["texts"]
    text = hostile.text
    text.encode()
    data = text.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
    assert len(data) > 500
    assert set("<>&").isdisjoint(data), "a browser may read the end of the element, or a comment, where there is a <"
    assert not any(char in text for char in "\x00\x1b\u202e\u2028")


def shape_of(page: Page) -> list[tuple[str, list[str]]]:
    """List elements with the names of their attributes, but for the parts of commands: a line end makes one more."""
    return [(tag, list(each)) for tag, each in page.elements if each != {"class": "arg"}]


def page_named(text: str) -> Page:
    """Make a page with a text in the name, tags, reasons, evidence and facts of a scale set, and in what happened."""
    item, other = (
        named(text),
        replace(named(text), scale_set_id="/other", environment=f"{text} 2", facts={"image": "b"}),
    )
    row = {
        "EventId": "1",
        "EventType": "posture.drifted",
        "DetectedAt": AT,
        "ScaleSetId": item.scale_set_id,
        "ScaleSetName": text,
        "Field": "image",
        "Before": json.dumps(text),
        "After": text,
        "Direction": text,
        "ChangedBy": text,
        "Environment": text,
        "Summary": text,
    }
    rollout = {**row, "EventId": "2", "EventType": "rollout.failed", "RolloutId": text, "RolloutTarget": text}
    rollout |= {"RolloutError": text, "RolloutStartedAt": text, "RolloutKind": text, "RolloutStartedBy": text}
    more = {"problems": (text,), "notes": (text,), "deployment": text, "source": text, "not_read": (text,)}
    return page_of(replace(fleet(item, other, changes=(change_of(row), change_of(rollout))), **more))  # type: ignore[arg-type]


def test_every_scale_set_has_a_row_and_the_worst_have_details() -> None:
    """Details of 200 are written out; those of all are in the data, in the order of the rows."""
    items = [known(f"web-{number}", "blocked" if number % 7 == 0 else "yes") for number in range(WRITTEN_OUT + 50)]
    page = page_of(fleet(*items))
    slugs = [row[0] for row in page.data["rows"]]
    assert sorted(slugs) == sorted(slug_of(item.key) for item in items)
    written = [str(each["id"]) for each in page.all("article")]
    assert written == slugs[:WRITTEN_OUT]
    linked = {
        str(each["href"]).removeprefix("#") for each in page.all("a") if str(each.get("href", "")).startswith("#s-")
    }
    assert linked <= set(written), "without JavaScript a link to details that are not there goes nowhere"


def test_passed_verdicts_are_counted_and_not_listed() -> None:
    """A large fleet would be nothing but what is well."""
    item = known(
        "web",
        outcomes={"VMSS-001": "passed", "VMSS-002": "passed", "VMSS-003": "not_applicable", "VMSS-040": "unknown"},
    )
    seen = " ".join(page_of(fleet(item)).seen)
    assert "4 rules judged: 2 passed, 1 not applicable." in seen
    assert "VMSS-040" in seen
    assert "VMSS-001" not in seen


@pytest.mark.parametrize(
    ("items", "said"),
    [
        pytest.param([], "No scale set is known", id="nothing"),
        pytest.param([known("a")], "The scale set is upgraded without people", id="one that is well"),
        pytest.param(
            [known("a"), known("b", "managed")], "All 2 scale sets are upgraded without people", id="all well"
        ),
        pytest.param(
            [known("a"), known("b", "unknown")], "2 scale sets, and none is known to be left behind", id="unknown"
        ),
        pytest.param([known("a"), known("b", "no")], "1 of 2 scale sets does not upgrade itself", id="one"),
        pytest.param(
            [known("a", "blocked"), known("b", "no")], "2 of 2 scale sets do not upgrade themselves", id="two"
        ),
    ],
)
def test_the_title_says_it_in_one_sentence(items: list[KnownScaleSet], said: str) -> None:
    """What is not known is never told as well or as ill."""
    text = "".join(page_of(fleet(*items)).seen)
    assert said in " ".join(text.split())


def test_what_was_not_read_is_said(told: Page) -> None:
    """The partial scan, the subscription, the scale set that was last known, and the fact that is missing."""
    seen = " ".join(" ".join(told.seen).split())
    for text in ("The last scan read only a part of the fleet.", "not read", "(not by the last scan)", "Not read: "):
        assert text in seen


def test_the_first_scan_is_no_news() -> None:
    """A fleet that is discovered is counted; what changes later is listed, with who did it."""
    first = [
        change_of(
            {
                "EventId": f"{number}-{kind}",
                "EventType": kind,
                "DetectedAt": AT,
                "ScaleSetId": f"/a/{number}",
                "Revision": 1,
                "Summary": f"{number} opened",
            }
        )
        for number in range(9)
        for kind in ("scale_set.discovered", "finding.opened")
    ]
    drift = change_of(
        {
            "EventId": "d",
            "EventType": "posture.drifted",
            "DetectedAt": AT,
            "ScaleSetId": "/a/3",
            "ScaleSetName": "three",
            "Revision": 2,
            "Summary": "three: upgrade_mode weakened",
            "Field": "upgrade_mode",
            "Before": '"rolling"',
            "After": '"manual"',
            "Direction": "weakened",
            "ChangedBy": "alice@contoso.example",
            "ChangedWith": "Azure Portal",
            "Attribution": "known",
        }
    )
    page = page_of(fleet(known("web"), changes=(*first, drift)))
    seen = " ".join(" ".join(page.seen).split())
    assert "9 scale sets seen for the first time" in seen
    assert "5 opened" not in seen
    assert "Upgrade mode: rolling → manual" in seen
    assert "By alice@contoso.example with Azure Portal." in seen


def opened(number: int, **columns: Any) -> KnownChange:
    """Make the event of a finding on one of many scale sets."""
    row: dict[str, JsonValue] = {
        "EventId": f"{number}-{columns}",
        "EventType": "finding.opened",
        "DetectedAt": AT,
        "ScaleSetId": f"/a/{number:04}",
        "ScaleSetName": f"web-{number}",
        "Revision": 2,
        "RuleId": "VMSS-074",
        "Summary": f"web-{number}: VMSS-074 upgraded-together opened: Nothing keeps it and web-{number + 1} apart.",
    }
    return change_of({**row, **columns})


def test_what_happened_alike_to_many_is_told_once() -> None:
    """With how many and which; the reasons, which differ, are in their details. Three are told one by one."""
    many = [opened(number) for number in range(20)]
    by: dict[str, Any] = {
        "EventType": "posture.drifted",
        "Field": "upgrade_mode",
        "Before": '"rolling"',
        "After": '"manual"',
    }
    by |= {"ChangedBy": "ann", "Attribution": "known", "Direction": "weakened", "RuleId": "", "Revision": 3}
    drifts = [opened(number, **by) for number in range(7)]
    other = [opened(number, RuleId="VMSS-033", Revision=4) for number in range(3)]
    (day,) = feed_of([*many, *drifts, *other]).days
    told = [(len(item.subjects), [line.text for line in item.lines], item.who) for item in day.items]
    assert told[:2] == [
        (20, ["VMSS-074 upgraded-together"], []),
        (7, ["Upgrade mode: rolling → manual"], ["By ann."]),
    ]
    assert [count for count, _, _ in told[2:]] == [1, 1, 1]
    assert all("Nothing keeps it" in lines[0] for _, lines, _ in told[2:])
    seen = " ".join(" ".join(page_of(fleet(known("web"), changes=tuple(many))).seen).split())
    assert "20 scale sets opened VMSS-074 upgraded-together web-0 , web-1" in seen
    assert "web-11 and 8 more" in seen


def test_a_list_that_is_full_says_how_much_is_left_out() -> None:
    """Each change counts, also those that would have been told as one."""
    single = [
        opened(number, DetectedAt=f"2026-11-15T{number % 24:02}:{number // 24:02}:00Z") for number in range(MOST + 30)
    ]
    many = [opened(number, DetectedAt="2026-11-14T06:00:00Z") for number in range(9)]
    found = feed_of([*single, *many])
    assert [len(day.items) for day in found.days] == [MOST]
    assert found.left_out == 39
    seen = " ".join(" ".join(page_of(fleet(known("web"), changes=(*single, *many))).seen).split())
    assert "39 older changes are not listed here." in seen


def test_own_rules_have_their_names_everywhere() -> None:
    """In the table of rules, the details that are written out, and those that are data; of an unnamed one its id."""
    own = KnownFinding(rule_id="SHOP-001", severity="high", own_name="too-late-for-shop", reason="Not so.")
    note = ExemptionNote(owner="ann", reason="load test", until="2099-01-01", source="file")
    exempt = KnownFinding(
        rule_id="SHOP-002", severity="low", reason="Not so.", own_name="too-old-for-shop", exemption=note
    )
    outcomes = {"SHOP-001": "failed", "SHOP-002": "failed", "SHOP-003": "unknown"}
    item = replace(known("web"), findings=(own, exempt), outcomes=outcomes)
    page = page_of(fleet(item))
    seen = " ".join(" ".join(page.seen).split())
    assert page.data["rules"] == {"SHOP-001": own.own_name, "SHOP-002": exempt.own_name, "SHOP-003": ""}
    assert "SHOP-001 too-late-for-shop A rule of your own." in seen
    assert seen.count("too-late-for-shop") >= 3, "the list of rules, the filter, the details"
    assert seen.count("too-old-for-shop") >= 3, "and among the exemptions"


def test_exposure_and_lead_times_say_what_they_rest_on() -> None:
    """As they were counted; what is not known is said, beside the figures and in the row."""
    told = {"published_at": "2026-11-10T06:00:00.000Z", "reached_at": "2026-11-14T06:00:00.000Z"}
    leads: list[dict[str, JsonValue]] = [
        {
            "version": "1.0.0",
            "published_at": None,
            "published_is": "before_first_seen",
            "reached_at": AT,
            "hours": None,
        },
        {"version": "1.1.0", "published_is": "first_seen", "hours": 96, **told},
        {"version": "1.2.0", "published_is": "published", "hours": 20, **told},
    ]
    counted = KnownInstances(
        count=4, behind_image=0, exposure_hours=1234, exposure_from="2026-11-01T06:00:00Z", lead_times=leads
    )
    page = page_of(
        fleet(replace(known("web"), instances=counted), replace(known("api"), instances=KnownInstances(count=1)))
    )
    seen = " ".join(" ".join(page.seen).split())
    assert "1,234 instance-hours behind it since 1 Nov; not counted of 1 scale set" in seen
    assert "Half of 2 versions took 2 days or less, the longest 4 days. Not known of 1:" in seen
    assert "1.1.0 10 Nov 2026, 06:00 UTC first seen here 14 Nov 2026, 06:00 UTC 4 days" in seen
    assert "1.2.0 10 Nov 2026, 06:00 UTC published 14 Nov 2026, 06:00 UTC 20 hours" in seen
    assert "1.0.0 not known there before this service looked" in seen
    assert "Instance-hours behind the image 1,234 since 1 Nov" in seen


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "less than an hour"),
        (0.5, "less than an hour"),
        (1, "1 hour"),
        (47, "47 hours"),
        (48, "2 days"),
        (500, "21 days"),
    ],
)
def test_a_duration_is_as_exact_as_a_person_needs(hours: float, said: str) -> None:
    """Hours for two days, then days."""
    assert duration(hours) == said


def test_a_value_that_is_not_there_is_not_called_unread() -> None:
    """An answer may rest on a tag or property that is not set."""
    evidence: tuple[dict[str, JsonValue], ...] = (
        {"path": "tags.patch-cadence", "value": None},
        {"path": "properties.overprovision", "value": False},
    )
    item = replace(
        known("web"), findings=(KnownFinding(rule_id="VMSS-011", severity="low", reason="", evidence=evidence),)
    )
    seen = " ".join(" ".join(page_of(fleet(item)).seen).split())
    assert "tags.patch-cadence not reported" in seen
    assert "properties.overprovision no" in seen


def scans(count: int) -> Iterator[KnownScan]:
    """Make hourly scans."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(count):
        yield KnownScan(
            scan_id=str(number),
            at=(start + timedelta(hours=number)).isoformat(),
            status="complete",
            error="",
            scale_sets=9,
            headlines={"no": number % 5, "yes": 4},
            open_findings={"high": number},
            not_read=(),
            unreadable=(),
            policy_version="",
            service_version="",
            deployment="",
        )


@pytest.mark.parametrize(
    ("count", "shown"), [(0, None), (1, None), (2, 2), (MOST_POINTS, MOST_POINTS), (2_000, MOST_POINTS)]
)
def test_a_trend_needs_two_scans_and_shows_a_bounded_number(count: int, shown: int | None) -> None:
    """The last scan is always among them; a failed one never."""
    every = list(scans(count))
    failed = [replace(each, status="failed", headlines={}) for each in every[:1]]
    trend = trend_of([*every, *failed], AT)
    assert (None if trend is None else len(trend.rows)) == shown
    if trend is not None:
        assert trend.rows[-1][3] == count - 1


def test_a_bar_shows_all_that_is_there() -> None:
    """Its parts fill it, and what is rare has a width that can be seen."""
    parts = segments({"yes": 9_999, "blocked": 1})
    assert [part.name for part in parts] == ["yes", "blocked"]
    assert sum(float(part.length) for part in parts) == pytest.approx(100, abs=0.05)
    assert float(parts[1].length) > 1
    assert segments({}) == []


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("platform:canonical/ubuntu/22_04/latest", "canonical / ubuntu / 22_04 / latest"),
        (
            "gallery:/subscriptions/0/resourcegroups/rg/providers/microsoft.compute/galleries/corp/images/web/1.0.0",
            "corp / web / 1.0.0",
        ),
        ("gallery:/strange", "gallery:/strange"),
        ("managed:/subscriptions/0/images/web", "managed:/subscriptions/0/images/web"),
        ("", ""),
    ],
)
def test_an_image_is_named_by_what_tells_it_apart(image: str, name: str) -> None:
    """Not by the subscription of its gallery."""
    assert words.image_name(image) == name


def test_controls_have_the_findings_of_their_rules() -> None:
    """Each with its relation, in the words of the declaration; a framework's page is a link and nothing more."""
    item = known("web", "no", "high", outcomes={"VMSS-001": "failed", "VMSS-002": "unknown"})
    page = Page("".join(report_page(fleet(item), PRODUCTION, controls())))
    seen = " ".join(" ".join(page.seen).split())
    for control in controls():
        assert control.title in seen
    assert f"supports: {', '.join(controls()[0].rules)} 1 \u2013 1" in seen


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        pytest.param({}, "", id="nothing is said"),
        pytest.param({"Attribution": "known", "ChangedBy": "ann"}, "By ann.", id="known"),
        pytest.param({"Attribution": "known"}, "By a person whose name is not kept.", id="not kept"),
        pytest.param({"Attribution": "platform"}, "By Azure itself.", id="the platform"),
        pytest.param({"Attribution": "several candidates", "ChangedBy": "a; b"}, "By one of: a; b.", id="several"),
        pytest.param(
            {"Attribution": "unspecified", "ChangedWith": "CLI"}, "Azure does not say who with CLI.", id="unspecified"
        ),
        pytest.param({"Attribution": "not yet known"}, "Who is not known yet.", id="not yet"),
        pytest.param({"Attribution": "not known"}, "Who is not known.", id="never"),
    ],
)
def test_who_is_said_as_far_as_it_is_known(columns: dict[str, str], said: str) -> None:
    """A guess is never told as a name."""
    assert who_of(change_of(columns)) == said
