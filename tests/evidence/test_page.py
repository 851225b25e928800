"""The page of a bundle in a browser: readable by everybody, and nothing in a name can act."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from headless.browser import Browser, Scheme
from scanner.cli import main
from tests.evidence.week import Week

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = '<img src=x onerror=\\"document.title=1\\">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser."""
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def page(week: Week, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make evidence of rows in which a person has put HTML for a name."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "rows").mkdir()
    for file in week.exported.iterdir():
        text = file.read_text(encoding="utf-8").replace('"shop-web"', f'"{HOSTILE}"').replace("team-shop", HOSTILE)
        (folder / "rows" / file.name).write_text(text, encoding="utf-8")
    bundle = folder / "bundle"
    words = ["evidence", "--from", "2026-11-09", "--to", "2026-11-15", "--rows", str(folder / "rows")]
    assert main([*words, "--out", str(bundle)]) == 1  # the chain says that rows were changed
    return bundle / "index.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(browser: Browser, page: Path, width: int, scheme: Scheme) -> None:
    """WCAG 2.2 AA and axe's best practices; nothing is loaded or logged, and no name has run."""
    browser.open(page, width=width, scheme=scheme)
    assert browser.ask("axe", tags=WCAG) == []
    assert browser.ask("problems") == []
    assert browser.ask("asked") == [page.resolve().as_uri()]
    assert str(browser.evaluate("document.title")).startswith("Evidence, 2026-11-09")
    assert browser.evaluate("document.querySelectorAll('script, img').length") == 0


def test_the_page_says_first_what_a_reader_wants_to_know(browser: Browser, page: Path) -> None:
    """How many, whether the chain holds, and how many gaps, which come before all else; moments as people read them."""
    browser.open(page, width=390)
    (lead,) = browser.texts(".lead")
    gaps = json.loads((page.parent / "tables/gaps.json").read_text(encoding="utf-8"))
    assert lead.startswith("6 scale sets in 7 snapshots. The hash chain has 7 problems."), (
        "as the name was put in later"
    )
    assert lead.endswith(f"{len(gaps)} gaps are named.")
    titles = browser.texts("h2")
    assert titles[:2] == ["Gaps: read this first", "Tables"]
    assert "Compliance in the last snapshot, 2026-11-15 20:00 UTC" in titles
    rules = browser.texts("[aria-label^='Each snapshot and rule'] tbody th")
    assert len(rules) == len(set(rules)) > 40, "each rule once: of one snapshot"
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390
