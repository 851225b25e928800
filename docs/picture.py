"""The pictures of the report in the README, the rows that they show, and what they say as data: ``make picture``.

Fonts are those of the machine that takes them, so pixels differ from one to another. A test compares the data.
"""

import argparse
import gzip
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headless.browser import Browser
from scanner.adapters.controls import controls
from scanner.overview.gathered import gather
from scanner.report.page import report_page
from scanner.rules.policy import Policy

FOLDER = Path(__file__).parent / "pictures"
DATA, ROWS = "report.json", "week.jsonl.gz"
PICTURES: dict[str, dict[str, Any]] = {
    "report-light.png": {"width": 1280, "height": 872, "scheme": "light"},
    "report-dark.png": {"width": 1280, "height": 872, "scheme": "dark"},
}
SCALE = 1.5
_FILES = ("events.jsonl", "scans.jsonl", "snapshot.jsonl")


def write_page(rows: Path, page: Path) -> None:
    """Write the report of rows."""
    overview = gather(_read(rows), "the rows of the demo").overview()
    with page.open("w", encoding="utf-8") as file:
        file.writelines(report_page(overview, Policy().production_environments, controls()))


def _read(rows: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(rows, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def data_of(browser: Browser, page: Path) -> dict[str, Any]:
    """Read what a page says at its top, what needs attention, and what changed."""
    browser.open(page)
    parts = {
        "title": "h1",
        "lead": ".lead",
        "trend": ".trend figcaption span",
        "headlines": ".legend li",
        "applications": ".map figcaption",
        "attention": ".ledger h3",
        "changes": "#changes .feed ul li",
    }
    return {name: [" ".join(text.split()) for text in browser.texts(selector)] for name, selector in parts.items()}


def take(demo: Path, folder: Path) -> None:
    """Keep the rows of a demo, take the pictures of their report, and write down what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join((demo / name).read_text(encoding="utf-8") for name in _FILES)
    (folder / ROWS).write_bytes(gzip.compress(text.encode(), mtime=0))
    with tempfile.TemporaryDirectory() as place, Browser() as browser:
        page = Path(place) / "report.html"
        write_page(folder / ROWS, page)
        data = data_of(browser, page)
        for name, view in PICTURES.items():
            browser.open(page, scale=SCALE, **view)
            browser.ask("picture", path=str(folder / name), full=False)
    data["files"] = {name: digest_of(folder / name) for name in (ROWS, *PICTURES)}
    (folder / DATA).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def digest_of(file: Path) -> str:
    """Name a file by what is in it, so that rows, data and pictures belong together."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> int:
    """Take the pictures; the answer is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.picture", description="Take the pictures of the report.")
    parser.add_argument("demo", type=Path, help="the folder that make demo writes")
    take(parser.parse_args().demo, FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
