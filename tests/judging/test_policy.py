"""The policy file: its defaults, and what it refuses."""

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from scanner.errors import SettingsError
from scanner.judging.exemption_file import parse_exemptions
from scanner.judging.judge import Labels, judge
from scanner.judging.policy_file import fingerprint, parse_policy
from scanner.reading.posture_rows import parse_scale_set
from scanner.rules import RULES, Rule
from scanner.rules.policy import FlexibleOsUpgrade, ImageUse, Policy
from scanner.rules.policy_keys import Key, keys_of
from scanner.rules.policy_tables import Rows, Table
from scanner.rules.verdict import Severity
from tests.rules.decision_tables import changed, criteria

ROOT = Path(__file__).parents[2]


def test_the_policy_file_says_what_the_code_does() -> None:
    """policy.toml holds exactly the defaults of the code, and a commented line for every key."""
    text = (ROOT / "policy.toml").read_text(encoding="utf-8")

    assert parse_policy(text, "policy.toml") == Policy()
    lines = text.splitlines()
    for before, line in pairwise(lines):
        if " = " in line and not line.startswith("#"):
            assert before.startswith("#"), f"{line} has no comment"


def test_the_policy_file_shows_declared_keys_only() -> None:
    """What stands in policy.toml, set or commented out, is declared; docs/policy.md has every key that is."""
    text = (ROOT / "policy.toml").read_text(encoding="utf-8")
    table, shown = "", set()
    for line in text.splitlines():
        if found := re.fullmatch(r"(?:# )?\[+(\w+)\]+", line):
            table = f"{found[1]}."
            shown.add(found[1])
        elif found := re.fullmatch(r'(?:# )?"?([\w-]+)"? = .*', line):
            shown.add(f"{table}{found[1]}")

    declared = set(keys_of(Policy)) | {
        f"{name}.{inner}" for name, (key, _) in keys_of(Policy).items() for inner in keys_within(key)
    }
    open_keys = ("severities.", "retired_subscriptions.")  # any rule, any subscription
    closed = {name for name in shown if not name.startswith(open_keys)}
    assert len(closed) > 20
    assert closed <= declared
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name, (key, _) in keys_of(Policy).items() if not isinstance(key.kind, Table))


def keys_within(key: Key) -> list[str]:
    """Name the keys of a table."""
    return list(keys_of(key.kind.declared)) if isinstance(key.kind, Table | Rows) else []


def test_a_byte_order_mark_is_no_part_of_a_file() -> None:
    """Windows editors put one in front of UTF-8."""
    assert parse_policy('\ufeffstateful_workloads = ["a"]', "p").stateful_workloads == {"a"}


def test_an_empty_policy_is_the_default() -> None:
    """What a policy leaves out has its default."""
    assert parse_policy("", "p") == Policy()
    assert fingerprint(parse_policy("", "p")) == fingerprint(Policy())


def test_every_setting_is_read() -> None:
    """Each key of the file reaches the policy, in lower case where it is compared without case."""
    policy = parse_policy(
        """
        flexible_auto_os_upgrade = "evaluate"
        production_environments = ["LIVE"]
        stateful_workloads = ["Database"]
        tags = { environment = "env", application = "app", ring = "r", owner = "o", workload = "w", patch_cadence = "c" }
        rolling = { max_batch_percent = 10, max_capacity_share_percent = 50, min_pause_seconds = 0, max_unhealthy_percent = 5 }
        approved_images = { publishers = ["Canonical"], galleries = ["Gal"] }
        severities = { VMSS-080 = "high" }
        """,
        "p",
    )

    assert policy.flexible_auto_os_upgrade is FlexibleOsUpgrade.EVALUATE
    assert policy.production_environments == {"live"}
    assert policy.stateful_workloads == {"database"}
    assert (policy.tags.environment, policy.tags.patch_cadence) == ("env", "c")
    assert (policy.rolling.max_batch_percent, policy.rolling.min_pause_seconds) == (10, 0)
    assert policy.approved_images.publishers == {"canonical"}
    assert policy.severity_of("VMSS-080", Severity.LOW) is Severity.HIGH
    assert policy.severity_of("VMSS-001", Severity.MEDIUM) is Severity.MEDIUM


WRONG = {
    "no TOML": ("rolling = [", "is not TOML"),
    "an unknown key": ("colour = 1", "colour is not a key"),
    "an unknown key of a table": ("[rolling]\nmax_batch = 1", "rolling.max_batch is not a key"),
    "a number out of range": (
        "[rolling]\nmax_batch_percent = 101",
        "rolling.max_batch_percent is 101; it must be a whole number",
    ),
    "a bool as number": ("[rolling]\nmin_pause_seconds = true", "rolling.min_pause_seconds is True"),
    "text as number": ('[rolling]\nmin_pause_seconds = "1"', "rolling.min_pause_seconds is '1'"),
    "a list of numbers": ("production_environments = [1]", "a list of texts"),
    "an empty text in a list": ('stateful_workloads = [""]', "a list of texts"),
    "an unknown choice": ('flexible_auto_os_upgrade = "maybe"', '"unknown", "evaluate", "not_applicable"'),
    "a table that is none": ("tags = 1", "tags is 1; it must be a table"),
    "an empty tag name": ('tags = { owner = " " }', "tags.owner is ' '"),
    "an unknown severity": ('severities = { VMSS-001 = "critical" }', '"high", "medium", "low"'),
    "one rule twice": ('severities = { VMSS-080 = "high", owner-missing = "low" }', "given twice"),
    "a number of 5,000 digits": (f"colour = {'9' * 5000}", "is not TOML"),
    "a number of 5,000 digits in hexadecimal": (
        f"rolling = {{ min_pause_seconds = 0x{'f' * 5000} }}",
        "a number of thousands of digits",
    ),
    "a severity of no rule": ('severities = { VMSS-999 = "high" }', "severities.VMSS-999 is not a known rule"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_policy_is_refused_with_key_and_what_is_allowed(text: str, message: str) -> None:
    """The error names the file, the key and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        parse_policy(text, "my-policy.toml")

    assert "my-policy.toml" in str(caught.value)
    assert message in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """An operator corrects a file once."""
    with pytest.raises(SettingsError) as caught:
        parse_policy('colour = 1\nflexible_auto_os_upgrade = "maybe"\n[rolling]\nmax_batch_percent = 0\n', "p")

    assert str(caught.value).count("\n- ") == 3


def test_the_fingerprint_names_the_content() -> None:
    """Order and case do not matter; every difference in meaning does."""
    first = fingerprint(parse_policy('production_environments = ["a", "B"]', "p"))

    assert first == fingerprint(parse_policy('production_environments = ["b", "A"]', "q"))
    assert first != fingerprint(Policy())
    assert fingerprint(parse_policy('severities = { VMSS-080 = "high" }', "p")) != fingerprint(Policy())
    assert fingerprint(parse_policy('severities = { owner-missing = "low" }', "p")) == fingerprint(Policy())


def test_labels_are_read_from_the_tags_that_the_policy_names() -> None:
    """A label is the value of its tag, in Azure's spelling; without the tag there is none."""
    judgement = judge(parse_scale_set(changed({"tags": {"ENV": "Prod"}})), criteria('tags = { environment = "env" }'))

    assert judgement.labels == Labels(environment="Prod")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_severity_can_be_set(rule: Rule) -> None:
    """Each rule's severity may be set, by its id or its name, without case."""
    for name in (rule.id, rule.id.lower(), rule.name, rule.name.upper()):
        assert parse_policy(f'severities = {{ {name} = "low" }}', "p").severities == {rule.id: Severity.LOW}


def test_limits_move_the_verdicts() -> None:
    """A limit of the policy is the one that rules compare with."""
    strict = "rolling = { max_batch_percent = 10, max_capacity_share_percent = 10, min_pause_seconds = 61, max_unhealthy_percent = 5 }"
    outcomes = judge(parse_scale_set(changed()), criteria(strict)).outcomes

    assert {rule_id for rule_id, outcome in outcomes.items() if outcome == "failed"} == {
        "VMSS-020",
        "VMSS-021",
        "VMSS-022",
        "VMSS-023",
    }


@pytest.mark.parametrize("parse", [parse_policy, parse_exemptions])
@pytest.mark.parametrize(
    "text",
    [
        '"\\u001b[2J" = 1',
        '["\\u202ex"]\na = 1',
        '[severities]\n"\\u001b[2J" = "high"',
        '[severities]\n"VMSS-001" = "\\u001b[2J"',
        '[tags]\n"\\u0007" = 2',
        '[[exemption]]\n"\\u001b[2J" = 1',
        '[[exemption]]\nrule = "\\u001b[2J"\nreason = "\\u202e"\nuntil = "\\u001b"',
        'a = "\x1b"',
        '"' + "x" * 100_000 + '" = 1',
    ],
)
def test_nothing_of_a_file_reaches_a_terminal_as_it_is(parse: Callable[[str, str], object], text: str) -> None:
    """Escape sequences and text-direction marks in keys and values are shown escaped, and nothing is endless."""
    with pytest.raises(SettingsError) as error:
        parse(text, "file")
    assert all(line.isprintable() for line in str(error.value).split("\n"))
    assert len(str(error.value)) < 10_000


IMAGE_KEYS = {
    "publisher": '"Canonical"',
    "offer": '"Ubuntu"',
    "sku": '"server"',
    "for": '"both"',
    "reason": '"seen"',
    "owner": '"team"',
    "until": "2026-12-31",
}


def verified(**changes: str | None) -> str:
    """Write a verified image with these keys changed, or left out."""
    values = {**IMAGE_KEYS, **changes}
    lines = [f"{name} = {value}" for name, value in values.items() if value is not None]
    return "\n".join(["[[verified_images]]", *lines, ""])


@pytest.mark.parametrize(
    ("given", "uses"),
    [
        ('"both"', set(ImageUse)),
        ('"os_upgrade"', {ImageUse.OS_UPGRADE}),
        ('["guest_patching"]', {ImageUse.GUEST_PATCHING}),
        ('["guest_patching", "os_upgrade"]', set(ImageUse)),
    ],
)
def test_a_verified_image_is_read(given: str, uses: set[ImageUse]) -> None:
    """Publisher, offer and SKU are compared without case; the end is a day."""
    (image,) = parse_policy(verified(**{"for": given, "until": '"2026-12-31"'}), "p").verified_images

    assert image.name == "canonical/ubuntu/server"
    assert image.uses == uses
    assert image.until == date(2026, 12, 31)


@pytest.mark.parametrize("missing", IMAGE_KEYS)
def test_a_verified_image_lacks_nothing(missing: str) -> None:
    """Whoever vouches for an image says what for, why, who and until when; all that is missing is named."""
    with pytest.raises(SettingsError, match=f"verified_images 2: {missing} is missing"):
        parse_policy(verified() + verified(**{missing: None}), "p")


WRONG_TABLES = {
    "another use": (verified(**{"for": '"everything"'}), "verified_images 1: for is 'everything'"),
    "no use": (verified(**{"for": "[]"}), "verified_images 1: for is []"),
    "a day that does not exist": (verified(until='"2026-02-30"'), "verified_images 1: until is '2026-02-30'"),
    "a time": (verified(until="2026-02-03T00:00:00Z"), "it must be a day, as YYYY-MM-DD"),
    "another key": (verified() + "version = 1\n", "verified_images 1: version is not a key"),
    "one table": ("[verified_images]\npublisher = 1", "a list of tables"),
    "a gallery that is a path of something else": (
        '[approved_images]\ngalleries = ["/subscriptions/s/resourceGroups/g"]',
        "approved_images.galleries is",
    ),
    "a subscription that is none": ('[retired_subscriptions]\nprod = "gone"', "retired_subscriptions is"),
    "a subscription without a note": (
        '[retired_subscriptions]\n"00000000-0000-0000-0000-000000000001" = ""',
        "retired_subscriptions is",
    ),
    "too many days": ("exemptions = { longest_days = 4000 }", "a whole number from 0 to 3660"),
}


@pytest.mark.parametrize(("text", "message"), WRONG_TABLES.values(), ids=WRONG_TABLES.keys())
def test_a_wrong_table_is_refused(text: str, message: str) -> None:
    """The error names the table, the key and what it may be."""
    with pytest.raises(SettingsError) as caught:
        parse_policy(text, "p")

    assert message in str(caught.value)


def test_retired_subscriptions_are_read() -> None:
    """A table of ids and notes, or a list of ids; compared in lower case."""
    identifier = "00000000-0000-0000-0000-0000000000AB"
    noted = parse_policy(f'[retired_subscriptions]\n"{identifier}" = "Moved."', "p").retired_subscriptions
    listed = parse_policy(f'retired_subscriptions = ["{identifier}"]', "p").retired_subscriptions

    assert dict(noted) == {identifier.lower(): "Moved."}
    assert set(listed) == {identifier.lower()}


def test_galleries_are_named_by_id_or_name() -> None:
    """Both are kept in lower case, as images name their gallery."""
    text = '[approved_images]\ngalleries = ["Golden", "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/galleries/X"]'

    assert parse_policy(text, "p").approved_images.galleries == {
        "golden",
        "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/galleries/x",
    }
