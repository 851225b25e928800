"""Exemptions, from the tag and from the file."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from scanner.errors import SettingsError
from scanner.judging.exemption_file import parse_exemptions
from scanner.judging.exemption_tag import parse_tag
from scanner.judging.judge import judge
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules.exemption import Exemption, InvalidExemption
from tests.rules.decision_tables import changed, criteria

ROOT = Path(__file__).parents[2]
WEB = parse_scale_set(changed({"tags": {"Environment": "Test"}}))
VALID = 'rules = ["VMSS-001"]\nreason = "r"\nowner = "o"\nuntil = 2026-12-31\n'


def test_a_tag_is_read_as_it_is_written() -> None:
    """Keys without case, rules by id or name, a reason that may hold an equals sign."""
    assert parse_tag(
        " Rules = vmss-030 , automatic-os-upgrade-disabled;UNTIL=2026-12-31; reason=a=b, c ; owner=web;"
    ) == (
        Exemption(rules=("VMSS-001", "VMSS-030"), reason="a=b, c", owner="web", until=date(2026, 12, 31), source="tag")
    )


INVALID_TAGS = {
    "no pairs": ("please", "not a key=value pair"),
    "no rules": ("until=2026-12-31; reason=r; owner=o", "names no rule"),
    "empty rules": ("rules=; until=2026-12-31; reason=r; owner=o", "names no rule"),
    "only gaps between rules": ("rules=,,; until=2026-12-31; reason=r; owner=o", "names no rule"),
    "an unknown rule": (
        "rules=VMSS-001,VMSS-999; until=2026-12-31; reason=r; owner=o",
        "'VMSS-999' is not a known rule",
    ),
    "a wildcard": ("rules=*; until=2026-12-31; reason=r; owner=o", "not a known rule"),
    "no end": ("rules=VMSS-001; reason=r; owner=o", "no end"),
    "an end in another form": ("rules=VMSS-001; until=31.12.2026; reason=r; owner=o", "YYYY-MM-DD"),
    "an end without hyphens": ("rules=VMSS-001; until=20261231; reason=r; owner=o", "YYYY-MM-DD"),
    "not a day of the calendar": ("rules=VMSS-001; until=2026-02-30; reason=r; owner=o", "not a day of the calendar"),
    "no reason": ("rules=VMSS-001; until=2026-12-31; owner=o", "no reason"),
    "a blank owner": ("rules=VMSS-001; until=2026-12-31; reason=r; owner= ", "no owner"),
    "a key twice": ("rules=VMSS-001; rules=VMSS-002; until=2026-12-31; reason=r; owner=o", "given twice"),
    "another key": ("rules=VMSS-001; until=2026-12-31; reason=r; owner=o; note=1", "'note' is not a key"),
}


@pytest.mark.parametrize(("value", "problem"), INVALID_TAGS.values(), ids=INVALID_TAGS.keys())
def test_an_invalid_tag_says_what_is_wrong(value: str, problem: str) -> None:
    """It exempts nothing, and its problems are told."""
    read = parse_tag(value)

    assert isinstance(read, InvalidExemption)
    assert any(problem in text for text in read.problems), read.problems


def test_an_exemption_holds_through_its_last_day() -> None:
    """The day in until still counts."""
    read = parse_tag("rules=VMSS-001; until=2026-12-31; reason=r; owner=o")

    assert isinstance(read, Exemption)
    assert read.holds_on(date(2026, 12, 31))
    assert not read.holds_on(date(2027, 1, 1))


SELECTORS = {
    "by id in another case": (f'id = "{WEB.scale_set_id.upper()}"', True),
    "by another id": (f'id = "{WEB.scale_set_id}2"', False),
    "by subscription": (f'subscription = "{WEB.subscription_id.upper()}"', True),
    "by resource group": ('resource_group = "SHOP"', True),
    "by another resource group": ('resource_group = "sho*"', False),
    "by a name pattern": ('name = "W?*"', True),
    "by another name pattern": ('name = "x*"', False),
    "by tags": ('tags = { environment = "TEST" }', True),
    "by tags that differ": ('tags = { environment = "prod" }', False),
    "by everything": (f'id = "{WEB.scale_set_id}"\nname = "web"\ntags = {{ environment = "test" }}', True),
    "by everything but one": (f'id = "{WEB.scale_set_id}"\nname = "api"', False),
}


@pytest.mark.parametrize(("selector", "selected"), SELECTORS.values(), ids=SELECTORS.keys())
def test_an_entry_is_about_the_scale_sets_it_selects(selector: str, *, selected: bool) -> None:
    """An entry is about the scale sets that match everything of its selector, without case."""
    book = parse_exemptions(f"[[exemption]]\n{VALID}{selector}\n", "e")

    assert len(book) == 1
    assert bool(book.about(WEB)) is selected


@pytest.mark.parametrize("until", ["2026-12-31", '"2026-12-31"'])
def test_the_end_is_a_date_or_its_text(until: str) -> None:
    """TOML's own date and the text of one are the same."""
    text = (
        f'[[exemption]]\nname = "*"\nrules = ["VMSS-001"]\nreason = "r"\nowner = "o"\nticket = "T"\nuntil = {until}\n'
    )
    (entry,) = parse_exemptions(text, "e").about(WEB)
    read = entry.exemption

    assert read == Exemption(
        rules=("VMSS-001",), reason="r", owner="o", ticket="T", until=date(2026, 12, 31), source="file"
    )


INVALID_ENTRIES = {
    "no rules": ('reason = "r"\nowner = "o"\nuntil = 2026-12-31', "names no rule"),
    "rules as text": ('rules = "VMSS-001"\nreason = "r"\nowner = "o"\nuntil = 2026-12-31', "list of rule ids"),
    "an unknown rule": ('rules = ["x"]\nreason = "r"\nowner = "o"\nuntil = 2026-12-31', "not a known rule"),
    "no end": ('rules = ["VMSS-001"]\nreason = "r"\nowner = "o"', "no end"),
    "a time as end": ('rules = ["VMSS-001"]\nreason = "r"\nowner = "o"\nuntil = 2026-12-31T00:00:00Z', "YYYY-MM-DD"),
    "a number of 5,000 digits as end": (
        f'rules = ["VMSS-001"]\nreason = "r"\nowner = "o"\nuntil = 0x{"f" * 5000}',
        "thousands of digits",
    ),
    "a number as reason": ('rules = ["VMSS-001"]\nreason = 1\nowner = "o"\nuntil = 2026-12-31', "reason must be text"),
    "a blank owner": ('rules = ["VMSS-001"]\nreason = "r"\nowner = " "\nuntil = 2026-12-31', "no owner"),
    "another key": (VALID + "untill = 2026-12-31", "'untill' is not a key"),
}


@pytest.mark.parametrize(("entry", "problem"), INVALID_ENTRIES.values(), ids=INVALID_ENTRIES.keys())
def test_an_invalid_entry_is_reported_where_it_selects(entry: str, problem: str) -> None:
    """The file stays usable; the scale sets that the entry selects report it."""
    (found,) = parse_exemptions(f'[[exemption]]\nname = "web"\n{entry}\n', "e").about(WEB)
    read = found.exemption

    assert isinstance(read, InvalidExemption)
    assert any(problem in text for text in read.problems), read.problems


WRONG_FILES = {
    "no TOML": ("[[exemption]", "is not TOML"),
    "a number of 5,000 digits": (f"[[exemption]]\n{VALID}x = {'9' * 5000}", "is not TOML"),
    "another table": ("[exempt]\na = 1", "exempt is not a key"),
    "one table": (f"[exemption]\n{VALID}", "a list of tables"),
    "no selector": (f"[[exemption]]\n{VALID}", "exemption 1 does not say which scale sets"),
    "an empty selector": (f"[[exemption]]\n{VALID}tags = {{}}", "exemption 1 does not say"),
    "a number as name": (f"[[exemption]]\n{VALID}name = 1", "exemption 1: name is 1"),
    "tags of numbers": (f"[[exemption]]\n{VALID}tags = {{ a = 1 }}", "exemption 1: tags is"),
}


@pytest.mark.parametrize(("text", "message"), WRONG_FILES.values(), ids=WRONG_FILES.keys())
def test_a_file_that_cannot_be_understood_is_a_wrong_setting(text: str, message: str) -> None:
    """What cannot be tied to scale sets stops the service, with file and entry named."""
    with pytest.raises(SettingsError, match=r"my\.toml") as caught:
        parse_exemptions(text, "my.toml")

    assert message in str(caught.value)


def test_the_sample_is_valid() -> None:
    """Whoever copies the sample starts from a file that works."""
    book = parse_exemptions((ROOT / "exemptions.sample.toml").read_text(encoding="utf-8"), "sample")
    checkout = parse_scale_set(
        changed(
            {
                "id": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop/providers/"
                "Microsoft.Compute/virtualMachineScaleSets/checkout"
            }
        )
    )

    assert len(book) == 3
    assert all(isinstance(item.exemption, Exemption) for item in book.about(checkout))
    assert len(book.about(checkout)) == 1


def test_gaps_between_rules_are_passed_over() -> None:
    """A comma too many is no reason to exempt nothing."""
    read = parse_tag("rules=VMSS-001,, vmss-002 ,; until=2026-12-31; reason=r; owner=o")

    assert isinstance(read, Exemption)
    assert read.rules == ("VMSS-001", "VMSS-002")


def test_a_tag_may_name_a_ticket() -> None:
    """The ticket is kept, and an exemption without one is as good."""
    read = parse_tag("rules=VMSS-001; until=2026-12-31; reason=r; owner=o; ticket=CHG-1")

    assert isinstance(read, Exemption)
    assert read.ticket == "CHG-1"


LONGEST = "exemptions = { longest_days = 30 }"
TAGGED = "tags.upgrade-posture-exempt"


@pytest.mark.parametrize(
    ("until", "is_valid"), [("2026-07-01", True), ("2026-07-02", False), ("2126-02-25", False), ("2026-05-01", True)]
)
def test_an_exemption_may_hold_no_longer_than_the_policy_allows(until: str, *, is_valid: bool) -> None:
    """Thirty days from today are allowed and thirty-one are not, in the tag and in the file; it then exempts nothing."""
    entry = f'[[exemption]]\nname = "*"\nrules = ["VMSS-022"]\nreason = "r"\nowner = "o"\nuntil = {until}\n'
    document = changed({TAGGED: f"rules=VMSS-001; until={until}; reason=r; owner=o"})

    judgement = judge(parse_scale_set(document), criteria(LONGEST, entry))

    assert [isinstance(item, Exemption) for item in judgement.exemptions] == [is_valid, is_valid]
    assert (judgement.outcomes["VMSS-082"] == "failed") is not is_valid
    assert bool(judgement.exempted) is (is_valid and until > "2026-06-01")


def test_an_exemption_that_ends_too_late_is_valid_later() -> None:
    """The judgement says from when on it has to be judged again."""
    document = changed({TAGGED: "rules=VMSS-001; until=2026-07-10; reason=r; owner=o"})
    posture = parse_scale_set(document)
    judgement = judge(posture, criteria(LONGEST))

    assert judgement.holds_until == datetime(2026, 6, 10, tzinfo=UTC)
    assert judge(posture, criteria(LONGEST, now=judgement.holds_until)).exempted


def test_entries_that_match_nothing_are_named() -> None:
    """Once a fleet was judged, the file can say which entries select no scale set, and how a person finds them."""
    text = "".join(
        f"[[exemption]]\n{VALID}{selector}\n"
        for selector in ('name = "we*"', 'name = "gone-*"', f'id = "{WEB.scale_set_id}x"', 'subscription = "s-9"')
    )
    book = parse_exemptions(text, "e")
    matched = set(judge(WEB, criteria(exemptions=text)).entries)

    assert matched == {1}
    assert [str(entry) for entry in book.unmatched(matched)] == [
        "exemption 2 (VMSS-001), name gone-*",
        f"exemption 3 (VMSS-001), id {WEB.scale_set_id.lower()}x",
        "exemption 4 (VMSS-001), subscription s-9",
    ]
    assert book.unmatched({1, 2, 3, 4}) == ()
