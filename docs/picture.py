"""The pictures of the report in the README, and what they show as data: ``make picture``.

Fonts are those of the machine that takes them, so pixels differ from one to another. A test compares the data.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from headless.browser import Browser

FOLDER = Path(__file__).parent / "pictures"
DATA = "report.json"
PICTURES: dict[str, dict[str, Any]] = {
    "report-light.png": {"width": 1280, "height": 1020, "scheme": "light"},
    "report-dark.png": {"width": 1280, "height": 1020, "scheme": "dark"},
    "report-phone.png": {"width": 390, "height": 844, "scheme": "light"},
}
SCALE = 1.5


def data_of(browser: Browser, page: Path) -> dict[str, Any]:
    """Read what a page says at its top, and what changed: in words, without the times."""
    browser.open(page)
    return {
        "title": browser.texts("h1"),
        "lead": browser.texts(".lead"),
        "headlines": browser.texts(".legend .n"),
        "applications": browser.texts(".map figcaption"),
        "attention": browser.texts(".ledger h3"),
        "changes": [_one_line(text) for text in browser.texts("#changes .feed ul li")],
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def take(page: Path, folder: Path) -> None:
    """Take the pictures of a report, and write down what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        data = data_of(browser, page)
        for name, view in PICTURES.items():
            browser.open(page, scale=SCALE, **view)
            browser.ask("picture", path=str(folder / name), full=False)
    data["pictures"] = {name: digest_of(folder / name) for name in PICTURES}
    (folder / DATA).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def digest_of(picture: Path) -> str:
    """Name a picture by what is in it, so that data and picture belong together."""
    return hashlib.sha256(picture.read_bytes()).hexdigest()


def main() -> int:
    """Take the pictures of a report; the answer is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.picture", description="Take the pictures of a report.")
    parser.add_argument("page", type=Path, help="the report, as make demo writes it")
    take(parser.parse_args().page, FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
