"""The picture in the README shows the report of the demo's week, as it is now: its data is compared, not its pixels."""

import json
from datetime import timedelta
from pathlib import Path

from demo.arguments import FLEET, SEED
from demo.story import FIRST_SCAN, STORY, prepare
from docs.picture import DATA, FOLDER, PICTURES, data_of, digest_of
from emulator.client.local import LocalAzure
from headless.browser import Browser
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.cli.known_fleet import of_store
from scanner.cli.report_command import write_report
from tests.overview.test_figures import PRODUCTION
from tests.world import World, identity_of

STALE = "The pictures show another week than the demo plays now: run make picture, look at them, and commit them."


def test_the_picture_shows_what_the_demo_plays(tmp_path: Path) -> None:
    """Title, headlines, applications, what needs attention and what changed; and each picture is the one that was taken."""
    committed = json.loads((FOLDER / DATA).read_text(encoding="utf-8"))
    assert committed.pop("pictures") == {name: digest_of(FOLDER / name) for name in PICTURES}, STALE
    page = tmp_path / "report.html"
    play(tmp_path / "state.sqlite", page)
    with Browser() as browser:
        assert data_of(browser, page) == committed, STALE


def play(state: Path, page: Path) -> None:
    """Play the week of the demo with a state file, and write its report."""
    with LocalAzure() as azure, identity_of(azure):
        azure.control.set_clock(FIRST_SCAN, frozen=False)
        prepare(azure.control, FLEET, SEED)
        store = SqliteStore(state)
        world = World(azure, store)
        world.clock = FIRST_SCAN - timedelta(hours=1)
        world.scan()
        for step in STORY:
            step.happens(world.control)
            if not step.is_snapshot:
                world.clock = step.at - timedelta(hours=1)
                world.scan()
        write_report(of_store(store, "a state", "", world.clock), page, PRODUCTION)
        world.connection.close()
        store.close()
