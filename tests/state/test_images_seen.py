"""What is remembered of platform images: the newest by its numbers, first seen once, and read back as it was written."""

from datetime import UTC, datetime, timedelta

import pytest

from scanner.errors import UnreadableError
from scanner.facts.images import Deprecation, VersionStatus
from scanner.state.images_seen import (
    FORGOTTEN_AFTER,
    KEPT_VERSIONS,
    ImagesSeen,
    first_seen,
    read_images_seen,
)

MAY = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
STATUS = VersionStatus(version="1.10.0", deprecation=Deprecation.SCHEDULED)


def test_versions_are_compared_as_numbers() -> None:
    """Azure's lists are sorted as text, in which 8.9 comes after 8.10."""
    seen = first_seen(["8.9.0", "8.8.0"], (), MAY)
    assert seen.newest == "8.9.0"
    later = seen.after(["8.10.0", "8.9.0", "8.8.0"], (), MAY + DAY)
    assert later.newest == "8.10.0"
    assert [(each.version, each.since, each.is_exact) for each in later.offered] == [
        ("8.9.0", MAY, False),
        ("8.10.0", MAY + DAY, True),
    ]


def test_a_version_is_first_seen_once() -> None:
    """Whatever is withdrawn and comes back; one that was never the newest before is put where its numbers belong."""
    seen = first_seen(["1.0.0"], (), MAY).after(["1.0.0", "3.0.0"], (), MAY + DAY)
    back = seen.after(["1.0.0"], (), MAY + 2 * DAY).after(["1.0.0", "3.0.0"], (), MAY + 3 * DAY)
    assert back.offered == seen.offered
    between = seen.after(["1.0.0", "2.0.0"], (), MAY + 4 * DAY)
    assert [(each.version, each.since) for each in between.offered] == [
        ("1.0.0", MAY),
        ("2.0.0", MAY + 4 * DAY),
        ("3.0.0", MAY + DAY),
    ]
    assert between.newest == "2.0.0"


def test_a_list_without_a_version_offers_none() -> None:
    """And what was offered before is remembered."""
    seen = first_seen(["1.0.0"], (), MAY).after([], (), MAY + DAY)
    assert seen.newest is None
    assert [each.version for each in seen.offered] == ["1.0.0"]


def test_only_so_many_versions_are_kept() -> None:
    """The latest ones."""
    seen = first_seen(["1.0.0"], (), MAY)
    for number in range(1, KEPT_VERSIONS + 5):
        seen = seen.after([f"1.{number}.0"], (), MAY + number * DAY)
    assert len(seen.offered) == KEPT_VERSIONS
    assert seen.offered[-1].version == seen.newest == f"1.{KEPT_VERSIONS + 4}.0"


def test_what_is_written_is_what_is_read() -> None:
    """But for an image that nobody used for long."""
    status = VersionStatus(version="1.0.0", deprecation=Deprecation.SCHEDULED, scheduled_at=MAY)
    seen = ImagesSeen()
    seen.put("westeurope|a/b/c", first_seen(["1.0.0"], [status], MAY).after(["1.1.0"], [status], MAY + DAY))
    seen.put("westeurope|old", first_seen(["1.0.0"], [], MAY - FORGOTTEN_AFTER))
    read = read_images_seen(seen.to_json(MAY + DAY))
    assert read.images == {"westeurope|a/b/c": seen.images["westeurope|a/b/c"]}


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "x",
        '{"images": {"a": {}}}',
        '{"images": {"a": {"read_at": "soon", "newest": null, "offered": [], "statuses": []}}}',
        '{"images": {"a": {"read_at": "2026-05-01T00:00:00Z", "newest": 1, "offered": [], "statuses": []}}}',
        '{"images": {"a": {"read_at": "2026-05-01T00:00:00Z", "newest": null, "offered": [[1, 2]], "statuses": []}}}',
        "[" * 100_000,
    ],
)
def test_what_this_service_did_not_write_is_not_read(text: str) -> None:
    """It is told as damage, and never guessed at."""
    with pytest.raises(UnreadableError):
        read_images_seen(text)


def test_what_two_shards_saw_is_put_together() -> None:
    """The later answer counts, of two of one moment the newer version; a version was first seen when either saw it first."""
    old = first_seen(["1.9.0"], [], MAY)
    newer = old.after(["1.9.0", "1.10.0"], [STATUS], MAY + DAY)
    newest = old.after(["1.9.0", "1.11.0"], [], MAY + 2 * DAY)
    for one, other in ((newer, newest), (newest, newer)):
        both = one.together_with(other)
        assert (both.newest, both.read_at, both.statuses) == ("1.11.0", newest.read_at, ())
        assert [(each.version, each.since) for each in both.offered] == [
            ("1.9.0", MAY),
            ("1.10.0", MAY + DAY),
            ("1.11.0", MAY + 2 * DAY),
        ]
    alone = old.after(["1.9.0"], [], MAY + DAY)
    for one, other in ((newer, alone), (alone, newer)):
        both = one.together_with(other)
        assert (both.newest, both.statuses, len(both.offered)) == ("1.10.0", (STATUS,), 2)
