"""The formats by name: the command offers those that there are."""

from scanner.cli.plan_options import FORMATS
from scanner.formats.writers import WRITERS
from tests.formats.answers import EVERY


def test_the_command_offers_every_writer() -> None:
    """The names stand in the options too, so that no writer is loaded for the help."""
    assert set(FORMATS) == set(WRITERS)


def test_every_writer_gives_text() -> None:
    """Also of answers with odd names; the same answers give the same text."""
    for name, write in WRITERS.items():
        first, second = "".join(write(EVERY)), "".join(write(EVERY))
        assert first.endswith("\n"), name
        assert first == second, name
