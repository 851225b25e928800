"""Settings are checked all at once, and each problem says what would be right."""

import re

import pytest

from scanner.errors import SettingsError
from scanner.settings import SETTINGS, read_settings, read_usable

GOOD = {
    "VMSS_TABLE_ENDPOINT": "https://account.table.core.windows.net/",
    "VMSS_INGESTION_ENDPOINT": "https://rule.westeurope-1.ingest.monitor.azure.com",
    "VMSS_COLLECTION_RULE_ID": "dcr-0123456789abcdef0123456789abcdef",
}
GUID = "5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01"


def test_what_is_left_out_has_its_default() -> None:
    """Three settings are required; the others have a default."""
    settings = read_settings(GOOD)
    assert settings.arm_endpoint == "https://management.azure.com"
    assert settings.table_endpoint == "https://account.table.core.windows.net"
    assert settings.client_id is None
    assert settings.subscriptions == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VMSS_TABLE_ENDPOINT", "", "is missing"),
        ("VMSS_INGESTION_ENDPOINT", "  ", "is missing"),
        ("VMSS_COLLECTION_RULE_ID", "", "is missing"),
        ("VMSS_TABLE_ENDPOINT", "http://account.table.core.windows.net", "https://"),
        ("VMSS_TABLE_ENDPOINT", "https://account.table.core.windows.net?sig=abc", "without key"),
        ("VMSS_TABLE_ENDPOINT", "https://<account>.table.core.windows.net", "not the example"),
        ("VMSS_TABLE_ENDPOINT", "https://<my account>.table.core.windows.net", "https://"),
        ("VMSS_INGESTION_ENDPOINT", "https://[bad", "not an address"),
        ("VMSS_INGESTION_ENDPOINT", "https://host:port", "not an address"),
        ("VMSS_ARM_ENDPOINT", "https://me:secret@host", "without key, user or query"),
        ("VMSS_COLLECTION_RULE_ID", "dcr-" + "0" * 32, "not the example"),
        ("AZURE_CLIENT_ID", "my-identity", "GUID"),
        ("VMSS_COLLECTION_RULE_ID", "/subscriptions/x/dataCollectionRules/y", "immutable id"),
        ("VMSS_CLOUD", "AzureGermany", "one of"),
        ("VMSS_TABLE_NAME", "my-table", "letters and digits"),
        ("VMSS_SUBSCRIPTIONS", "production", "GUID"),
        ("VMSS_MANAGEMENT_GROUPS", ",".join(f"group{number}" for number in range(11)), "at most 10"),
        ("VMSS_DEPLOYMENT", "two words", "letters, digits and"),
        ("VMSS_SCAN_SCHEDULE", "*/30 * * * *", "six fields"),
        ("VMSS_SNAPSHOT_SCHEDULE", "daily", "six fields"),
        ("VMSS_SNAPSHOT_SCHEDULE", "0 0 25 * * *", "'25' is not between 0 and 23"),
        ("VMSS_TIME_LIMIT_MINUTES", "soon", "number of minutes"),
        ("VMSS_TIME_LIMIT_MINUTES", "-1", "more than 0"),
        ("VMSS_TIME_LIMIT_MINUTES", "1441", "at most 1440"),
        ("VMSS_TIME_LIMIT_MINUTES", "nan", "number of minutes"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_must_be(name: str, value: str, said: str) -> None:
    """The error names the setting and what is allowed."""
    with pytest.raises(SettingsError, match=re.escape(said)) as error:
        read_settings({**GOOD, name: value})
    assert [problem.name for problem in error.value.problems] == [name]
    assert str(error.value.problems[0]) in str(error.value)


@pytest.mark.parametrize(
    ("value", "is_shown"),
    [
        ("https://account.table.core.windows.net?sig=SECRET", "https://account.table.core.windows.net?…"),
        ("https://me:SECRET@account.example", "https://…@account.example"),
        ("https://me:SECRET@", "https://…@"),
        ("?sv=SECRET", "?…"),
        ("http://\x1b[2Jaccount", "http://\\u001b[2Jaccount"),
        ("http://" + "x" * 5000, "http://xxx"),
    ],
)
def test_a_wrong_value_is_shown_without_its_secrets(value: str, is_shown: str) -> None:
    """A key behind a question mark and a password before an at sign reach neither the log nor the screen."""
    with pytest.raises(SettingsError) as error:
        read_settings({**GOOD, "VMSS_TABLE_ENDPOINT": value})
    (problem,) = error.value.problems
    assert problem.shown is not None
    assert problem.shown.startswith(is_shown)
    assert len(problem.shown) < 200
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"), [("VMSS_CLOUD", "Mars"), ("VMSS_TABLE_ENDPOINT", ""), ("VMSS_SUBSCRIPTIONS", "x")]
)
def test_one_wrong_setting_leaves_the_others_usable(name: str, value: str) -> None:
    """What is right is read; a stand-in takes the place of what is wrong, and the problem names it."""
    settings, (problem,) = read_usable({**GOOD, name: value})
    assert problem.name == name
    assert settings.collection_rule_id == GOOD["VMSS_COLLECTION_RULE_ID"]


def test_all_problems_come_at_once() -> None:
    """Nobody has to correct one setting to learn of the next."""
    with pytest.raises(SettingsError) as error:
        read_settings({"VMSS_CLOUD": "Mars", "VMSS_SUBSCRIPTIONS": GUID, "VMSS_MANAGEMENT_GROUPS": "root"})
    for name in ("VMSS_CLOUD", "VMSS_MANAGEMENT_GROUPS", *GOOD):
        assert name in str(error.value)


def test_lists_are_cleaned() -> None:
    """Blanks, capitals and repeats in a list make no difference."""
    settings = read_settings({**GOOD, "VMSS_SUBSCRIPTIONS": f" {GUID.upper()}, ,{GUID}"})
    assert settings.subscriptions == (GUID,)


def test_every_setting_is_explained() -> None:
    """A setting without a meaning, or a required one without an example, cannot be declared."""
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert setting.meaning.endswith((".", ")."))
        assert setting.allowed
        assert setting.default is not None or setting.sample
        if setting.default is not None:
            setting.read(setting.default)
