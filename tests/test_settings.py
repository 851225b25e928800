"""Settings are checked all at once, and each problem says what would be right."""

import pytest

from scanner.errors import SettingsError
from scanner.settings import SETTINGS, read_settings

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
        ("VMSS_INGESTION_ENDPOINT", "https://[bad", "no address"),
        ("VMSS_COLLECTION_RULE_ID", "/subscriptions/x/dataCollectionRules/y", "immutable id"),
        ("VMSS_CLOUD", "AzureGermany", "one of"),
        ("VMSS_TABLE_NAME", "my-table", "letters and digits"),
        ("VMSS_SUBSCRIPTIONS", "production", "GUID"),
        ("VMSS_MANAGEMENT_GROUPS", ",".join(f"group{number}" for number in range(11)), "at most 10"),
        ("VMSS_DEPLOYMENT", "two words", "letters, digits and"),
        ("VMSS_SCAN_SCHEDULE", "*/30 * * * *", "six fields"),
        ("VMSS_SNAPSHOT_SCHEDULE", "daily", "six fields"),
        ("VMSS_TIME_LIMIT_MINUTES", "soon", "number of minutes"),
        ("VMSS_TIME_LIMIT_MINUTES", "-1", "more than 0"),
        ("VMSS_TIME_LIMIT_MINUTES", "nan", "number of minutes"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_must_be(name: str, value: str, said: str) -> None:
    """The error names the setting and what is allowed."""
    with pytest.raises(SettingsError, match=said) as error:
        read_settings({**GOOD, name: value})
    assert name in str(error.value)


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
        assert setting.default is not None or setting.sample
