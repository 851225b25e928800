"""The picture in the README shows what the report says of its rows: the data is compared, not the pixels."""

import json
from pathlib import Path

from docs.picture import DATA, FOLDER, PICTURES, ROWS, data_of, digest_of, write_page
from headless.browser import Browser

STALE = "The report says something else of these rows now: run make picture, look at the pictures, and commit them."


def test_the_picture_shows_what_the_report_says(tmp_path: Path) -> None:
    """Title, trend, headlines, applications, what needs attention and what changed; rows and pictures belong together."""
    committed = json.loads((FOLDER / DATA).read_text(encoding="utf-8"))
    assert committed.pop("files") == {name: digest_of(FOLDER / name) for name in (ROWS, *PICTURES)}, STALE
    page = tmp_path / "report.html"
    write_page(FOLDER / ROWS, page)
    with Browser() as browser:
        assert data_of(browser, page) == committed, STALE
    assert all(committed.values())
