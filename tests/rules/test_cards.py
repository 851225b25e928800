"""How a difference between two scale sets is told."""

import pytest

from scanner.facts.evidence import JsonValue
from scanner.rules.cards import contrast

GALLERY = "gallery:/subscriptions/{}/resourcegroups/rg/providers/microsoft.compute/galleries/corp/images/{}"


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        ("manual", "rolling", "it is manual here and rolling (web)"),
        (False, True, "it is off here and on (web)"),
        (20, 100, "it is 20 here and 100 (web)"),
        (
            GALLERY.format(1, "linux"),
            GALLERY.format(1, "windows"),
            "it is gallery:corp/linux here and gallery:corp/windows (web)",
        ),
        (GALLERY.format(1, "linux"), "platform:a/b/c", "it is gallery:corp/linux here and platform:a/b/c (web)"),
        (
            GALLERY.format(1, "a"),
            GALLERY.format(2, "a"),
            f"it is {GALLERY.format(1, 'a')} here and {GALLERY.format(2, 'a')} (web)",
        ),
    ],
)
def test_a_difference_is_told_by_what_differs(own: JsonValue, other: JsonValue, said: str) -> None:
    """An image in a gallery by gallery and definition, unless its subscription is what differs."""
    assert contrast("it", own, other, "web") == said
