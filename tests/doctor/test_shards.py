"""What the doctor says of scans in shards."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functionshost.__main__ import APP
from scanner.doctor.check import Result
from scanner.doctor.package_checks import check_functions, check_shards


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Answer a folder with the package's own files."""
    for name in ("function_app.py", "host.json"):
        (tmp_path / name).write_text((APP / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def _changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def put(root: Path) -> None:
        document = json.loads((root / "host.json").read_text(encoding="utf-8"))
        change(document["extensions"])
        (root / "host.json").write_text(json.dumps(document), encoding="utf-8")

    return put


def _without_library(root: Path) -> None:
    text = (root / "function_app.py").read_text(encoding="utf-8")
    text = text.replace("from scanner.sharded_app import", "from scanner.no_such_app import")
    (root / "function_app.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("break_it", "found"),
    [
        pytest.param(_without_library, "lacks conclude_shards", id="the library cannot be loaded"),
        pytest.param(lambda root: (root / "function_app.py").write_text("import no_such"), "no_such", id="no import"),
        pytest.param(_changed(lambda each: each.pop("durableTask")), "durableTask", id="host.json says nothing"),
        pytest.param(
            _changed(lambda each: each["durableTask"].update(overridableExistingInstanceStates="AnyState")),
            "'AnyState'",
            id="a scan that runs may be replaced",
        ),
        pytest.param(
            _changed(lambda each: each["durableTask"].pop("maxConcurrentActivityFunctions")),
            "maxConcurrentActivityFunctions None",
            id="several shards on an instance",
        ),
    ],
)
def test_what_shards_lack_is_named(root: Path, break_it: Callable[[Path], object], found: str) -> None:
    """With shards on it is a failure, with the way back; off, nobody needs it."""
    break_it(root)
    check = check_shards(root, in_shards=True)
    assert check.result is Result.FAILED
    assert found in check.found
    assert check.fix
    assert check_shards(root, in_shards=False).result is Result.OK


def test_a_package_as_it_was_released_has_shards(root: Path) -> None:
    """Its functions are found under both values of the setting, whatever this process has, and that is left as it was."""
    before = os.environ.get("VMSS_SHARDS")
    assert check_shards(root, in_shards=True).result is Result.OK
    assert check_functions(root).result is Result.OK
    assert os.environ.get("VMSS_SHARDS") == before


@pytest.mark.parametrize("name", ["function_app.py", "host.json"])
def test_without_the_package_nothing_is_said(root: Path, name: str) -> None:
    """The doctor may run where only the settings are."""
    (root / name).unlink()
    assert check_shards(root, in_shards=True).result is Result.SKIPPED
