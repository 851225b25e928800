"""The picture in the README shows the report of the demo's week, as it is now: its data is compared, not its pixels."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from demo.arguments import FLEET, SEED
from demo.story import FIRST_SCAN, SECOND_SCAN, STORY, prepare
from docs.picture import DATA, FOLDER, PICTURES, data_of, digest_of
from emulator.client.local import LocalAzure
from headless.browser import Browser
from scanner.adapters.azure.image_lists import ImageLists
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.adapters.stores.sqlite_store import SqliteStore
from scanner.cli.known_fleet import of_store
from scanner.cli.report_command import write_report
from scanner.scan.request import Ports
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


class Whole(World):
    """The service with every port that it has when it is deployed."""

    def __init__(self, azure: LocalAzure, store: SqliteStore) -> None:
        super().__init__(azure, store)
        self.asks_about_instances = True
        self._images = ImageLists(self.connection)

    @property
    def ports(self) -> Ports:
        assert isinstance(self.fleet, ResourceGraphFleet)
        return replace(super().ports, images=self._images, tables=self.fleet)


def play(state: Path, page: Path) -> None:
    """Play the week of the demo with a state file, and write its report."""
    with LocalAzure() as azure, identity_of(azure):
        azure.control.set_clock(FIRST_SCAN, frozen=False)
        prepare(azure.control, FLEET, SEED)
        store = SqliteStore(state)
        world = Whole(azure, store)
        for at in (FIRST_SCAN, SECOND_SCAN):
            world.clock = at - timedelta(hours=1)
            world.scan()
        for step in STORY:
            world.control.set_clock(step.at, frozen=False)
            step.happens(world.control)
            if not step.is_snapshot:
                world.clock = step.at - timedelta(hours=1)
                world.scan()
        write_report(of_store(store, "a state", "", world.clock), page, PRODUCTION)
        world.connection.close()
        store.close()
