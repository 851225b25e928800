"""The list of attributes that are read is whole: what a translator looks at is in it."""

import re
from pathlib import Path

from scanner.plans import azurerm

FOLDER = Path(azurerm.__file__).parent


def test_every_attribute_that_is_looked_at_is_read() -> None:
    """A plan's other attributes, passwords and keys among them, are left out before anything is translated."""
    looked_at: set[str] = set()
    for path in FOLDER.glob("azurerm*.py"):
        text = path.read_text(encoding="utf-8")
        looked_at |= set(re.findall(r'values\.get\("([a-z_]+)"\)', text))
        looked_at |= set(re.findall(r'"([a-z_]+)" in values', text))
        for names in re.findall(r"either\(values, ([^)]*)\)", text):
            looked_at |= set(re.findall(r'"([a-z_]+)"', names))
    assert looked_at <= azurerm.READ
    assert not {"admin_password", "custom_data", "user_data", "protected_settings", "admin_ssh_key"} & azurerm.READ
