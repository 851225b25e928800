"""The page as readers have it: in headless Chromium, on a phone and a desk, without JavaScript, read aloud, printed."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from headless.browser import NO_BROWSER, Browser, BrowserError, Scheme
from scanner.adapters.controls import controls
from scanner.overview.happened import change_of, newest_first
from scanner.overview.overview import Overview
from scanner.report import words
from scanner.report.entries import slug_of
from scanner.report.page import report_page
from tests.overview.fleets import AT, hostile_fleet, story
from tests.overview.test_figures import PRODUCTION, known

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = 390, 1440
GOLDEN = Path(__file__).parents[1] / "golden" / "events"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser."""
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def overview() -> Overview:
    """Show the story, a scale set of every headline, one with every hostile name, and an event of every type."""
    told = story()[1].overview()
    kinds = [known(f"kind-{headline}", headline, "low") for headline in words.HEADLINES]
    golden = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))]
    changes = newest_first([*told.changes, *[change_of(row) for row in golden]])
    return replace(told, scale_sets=(*told.scale_sets, *kinds, *hostile_fleet()), changes=changes)


@pytest.fixture(scope="module")
def page(overview: Overview, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page."""
    return write(overview, tmp_path_factory.mktemp("report") / "report.html")


def write(overview: Overview, path: Path) -> Path:
    """Write a page."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(report_page(overview, PRODUCTION, controls()))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_nothing(browser: Browser, page: Path, overview: Overview, width: int, scheme: Scheme) -> None:
    """WCAG 2.2 AA and axe's best practices, at both widths and in both schemes, also with the details open.

    Nothing is loaded, nothing is logged, no hostile name has run, and nothing is wider than the screen.
    """
    # The details are the same elements at every width: once in each scheme is enough.
    details = [f"#{slug_of(overview.scale_sets[0].key)}"] if (width == PHONE) == (scheme == "light") else []
    for fragment in ["", *details]:
        browser.open(page, fragment=fragment, width=width, scheme=scheme)
        assert browser.ask("axe", tags=WCAG) == []
        assert browser.ask("problems") == []
        assert [address.partition("#")[0] for address in browser.ask("asked")] == [page.resolve().as_uri()]
        assert browser.evaluate("[document.documentElement.scrollWidth, window.pwned ?? null]") == [width, None]


def test_a_link_opens_the_details_of_a_scale_set(browser: Browser, page: Path, overview: Overview) -> None:
    """By its address or its name; closing leaves an address that opens the page where it was."""
    item = next(each for each in overview.scale_sets if each.name == "orders")
    browser.open(page, fragment=f"#{slug_of(item.key)}")
    assert browser.texts("#panel-title") == ["orders"]
    assert "VMSS-001" in browser.texts("#panel-body")[0]
    assert browser.evaluate("document.activeElement.id") == "panel-title"
    browser.ask("press", key="Escape")
    browser.until("!document.getElementById('panel').open && location.hash === '#find'")
    browser.ask("click", selector="#attention h3 a")
    browser.until("document.getElementById('panel').open")
    browser.open(page, fragment="#s-000000000000")
    assert browser.evaluate("document.getElementById('panel').open") is False


def test_details_are_the_same_with_and_without_javascript(browser: Browser, page: Path) -> None:
    """The script renders from data what the page has written out, hostile names included."""
    browser.open(page, javascript=False)
    written = dict(zip(browser.texts("#details article h3"), browser.texts("#details article"), strict=True))
    browser.open(page)
    slugs = browser.evaluate("JSON.parse(document.getElementById('data').textContent).rows.map((row) => row[0])")
    rendered = {}
    for slug in slugs:
        browser.evaluate(
            f"shown = new Promise((done) => addEventListener('hashchange', done)); location.hash = '{slug}'"
        )
        browser.evaluate("shown.then(() => true)")
        (title,), (body,) = browser.texts("#panel-title"), browser.texts("#panel-body")
        rendered[title] = f"{title} {body}"
    assert {name: text.split() for name, text in rendered.items()} == {
        name: text.split() for name, text in written.items()
    }
    assert len(rendered) > 20


FILTERS = [
    pytest.param("headline=blocked&application=shop", {"billing", "kind-blocked"}, id="headline and application"),
    pytest.param("q=load+nothing", set(), id="a search without a match"),
    pytest.param("q=PINNED+billing", {"billing"}, id="words in any order and case"),
    pytest.param("rule=VMSS-001&severity=high", {"orders"}, id="rule and severity"),
    pytest.param("environment=staging", {"web"}, id="environment"),
    pytest.param("headline=strange", None, id="a word that is no choice is none"),
]


@pytest.mark.parametrize(("asked", "found"), FILTERS)
def test_an_address_filters_the_table(browser: Browser, page: Path, asked: str, found: set[str] | None) -> None:
    """And says how many match."""
    browser.open(page, fragment=f"#find?{asked}")
    shown = browser.texts("#sets tbody th")
    (said,) = browser.texts("#shown")
    if found is None:
        assert len(shown) > 20
    else:
        assert set(shown) == found
        assert said == "No scale set matches." if not found else said.startswith(f"{len(found)} of {len(found)} that")


def test_filters_and_order_become_the_address(browser: Browser, page: Path) -> None:
    """So that what a person sees can be sent; a second press turns the order around."""
    browser.open(page)
    every = browser.texts("#sets tbody th")
    browser.ask("fill", selector="#q", text="kind")
    browser.ask("click", selector="#sets thead th:first-child button")
    assert browser.texts("#sets tbody th") == sorted(f"kind-{name}" for name in words.HEADLINES)
    browser.ask("click", selector="#sets thead th:first-child button")
    assert browser.texts("#sets tbody th") == sorted((f"kind-{name}" for name in words.HEADLINES), reverse=True)
    assert browser.evaluate("location.hash") == "#find?q=kind&sort=-name"
    assert browser.evaluate("document.querySelector('#sets th').getAttribute('aria-sort')") == "descending"
    browser.ask("click", selector="#filter button")
    browser.until("location.hash === '#find'")
    assert browser.texts("#sets tbody th") == every
    browser.ask("click", selector='.legend a[data-find="headline=no"]')
    browser.until("document.getElementById('f-headline').value === 'no'")
    assert set(browser.texts("#sets tbody th")) == {"orders", "kind-no"}


def test_without_javascript_everything_that_matters_is_there(browser: Browser, page: Path, overview: Overview) -> None:
    """The summary, a row for each scale set, details of the worst; no control that would do nothing."""
    browser.open(page, javascript=False)
    assert len(browser.texts("#sets tbody tr")) == len(overview.scale_sets)
    assert len(browser.texts("#details article")) == len(overview.scale_sets)
    tree = str(browser.ask("tree", selector="body"))
    assert not re.search(r"^\s*- (button|combobox|searchbox|search)", tree, re.MULTILINE)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_screen_reader_finds_its_way(browser: Browser, page: Path, width: int) -> None:
    """Landmarks, one title, headings in order, tables that are tables at every width, and controls with names."""
    browser.open(page, width=width, fragment="#find?sort=name")
    tree = str(browser.ask("tree", selector="body"))
    for landmark in ("banner", 'navigation "Sections"', "main", "contentinfo", 'search "Filter the scale sets"'):
        assert re.search(rf"^\s*- {re.escape(landmark)}", tree, re.MULTILINE), landmark
    levels = [int(level) for level in re.findall(r"heading .*\[level=(\d)\]", tree)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    table = tree[tree.index('table "All scale sets') :]
    for cell in (r'columnheader "Scale set"', r'rowheader "billing"', r'cell "Blocked"', r'link "billing"'):
        assert re.search(cell, table), cell
    unnamed = re.findall(r"^\s*- (?:button|combobox|searchbox|link|img)(?: \[[^\]]*\])*:?$", tree, re.MULTILINE)
    assert unnamed == []


def test_it_prints(browser: Browser, page: Path, tmp_path: Path) -> None:
    """As PDF, with every row that the filter leaves."""
    browser.open(page)
    browser.ask("pdf", path=str(tmp_path / "report.pdf"))
    assert (tmp_path / "report.pdf").read_bytes()[:5] == b"%PDF-"
    assert len(browser.texts("#sets tbody th")) == browser.evaluate(
        "JSON.parse(document.getElementById('data').textContent).rows.length"
    )


def test_many_scale_sets_are_shown_a_part_at_a_time(browser: Browser, tmp_path: Path) -> None:
    """A hundred rows, then a hundred more; details of all."""
    items = tuple([known(f"web-{number:04}", "no") for number in range(250)])
    path = write(Overview(at=AT, source="a test", scale_sets=items), tmp_path / "many.html")
    browser.open(path, fragment=f"#{slug_of(items[-1].key)}")
    assert browser.texts("#panel-title") == ["web-0249"]
    browser.ask("press", key="Escape")
    browser.until("!document.getElementById('panel').open")
    assert browser.texts("#shown") == ["100 of 250 scale sets shown."]
    browser.ask("click", selector="#more")
    assert len(browser.texts("#sets tbody tr")) == 200
    browser.ask("click", selector="#more")
    assert len(browser.texts("#sets tbody tr")) == 250
    assert browser.evaluate("document.getElementById('more').hidden") is True


def test_without_a_browser_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, with the setting that names another one."""
    monkeypatch.setenv("CHROME_PATH", "/nowhere/chrome")
    with pytest.raises(BrowserError, match=re.escape(NO_BROWSER)):
        Browser()
