"""What a command loads before it does anything: no more than it needs."""

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
from scanner.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
sys.stdout.flush()
print("loaded:", *sorted(sys.modules))
"""


def _loaded(words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *words.split()], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        ("--help", {"scanner.rules", "scanner.bootstrap", "scanner.settings", "rich"}),
        ("--version", {"scanner.rules", "scanner.bootstrap", "scanner.settings"}),
        ("doctor --help", {"scanner.rules", "scanner.bootstrap"}),
        ("state --help", {"scanner.rules", "scanner.bootstrap", "scanner.adapters.stores.sqlite_store"}),
        ("forget --help", {"scanner.rules", "scanner.bootstrap"}),
        ("scan --help", {"scanner.bootstrap", "scanner.scan", "rich"}),
        ("check --help", {"scanner.bootstrap", "scanner.plans", "rich"}),
        ("rules --format json", {"scanner.bootstrap", "scanner.scan"}),
        ("explain VMSS-001", {"scanner.bootstrap", "scanner.scan"}),
    ],
)
def test_a_command_loads_what_it_needs(words: str, left_out: set[str]) -> None:
    """Help comes at once: rules and adapters are loaded by the commands that use them, Azure's libraries by those that ask."""
    loaded = _loaded(words)
    found = {name for name in loaded for other in left_out if name == other or name.startswith(f"{other}.")}
    assert found == set()
    assert {name for name in loaded if name.startswith(("azure.", "requests", "msal", "cryptography"))} == set()
