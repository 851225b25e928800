"""What is deployed: the settings file, the host's options, and a package that needs nothing beside requirements.txt."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import distribution
from pathlib import Path

import pytest

from emulator.client.client import Control
from functionshost.__main__ import APP
from functionshost.local_settings import STORAGE, read_file
from functionshost.options import HostOptions, read_options
from scanner.bootstrap import WRAP_UP
from scanner.settings import SETTINGS

SAMPLE = APP / "local.settings.sample.json"


def test_the_sample_settings_are_those_that_the_app_reads() -> None:
    """Every setting is there with its sample value, and beside them only the host's own storage."""
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert document["IsEncrypted"] is False
    values = document["Values"]
    own = {name: value for name, value in values.items() if not name.startswith(f"{STORAGE}__")}
    assert own == {setting.name: setting.sample for setting in SETTINGS}
    assert set(values) - set(own) == {f"{STORAGE}__accountName"}


def test_the_environment_goes_before_the_settings_file(tmp_path: Path) -> None:
    """The file's values are settings, a variable of the same name wins, and without a file the variables are all."""
    file = tmp_path / "local.settings.json"
    assert read_file(file, {"A": "1"}) == {"A": "1"}
    file.write_text('{"IsEncrypted": false, "Values": {"A": "file", "B": "file"}}', encoding="utf-8")
    assert read_file(file, {"A": "1"}) == {"A": "1", "B": "file"}
    file.write_text('{"IsEncrypted": true, "Values": {"A": "x"}}', encoding="utf-8")
    with pytest.raises(ValueError, match="encrypted"):
        read_file(file, {})


def test_a_scan_ends_before_azure_ends_it() -> None:
    """The time limit of a scan and the time to wrap up fit into the function's time limit."""
    limit = next(setting for setting in SETTINGS if setting.name == "VMSS_TIME_LIMIT_MINUTES")
    options = read_options(APP / "host.json")
    assert timedelta(minutes=float(limit.default or "")) + WRAP_UP < options.function_timeout


def test_a_request_outlasts_the_scan_that_it_waits_for() -> None:
    """A message that finds the longest scan just begun is tried once more after it, before it would be set aside."""
    limit = next(setting for setting in SETTINGS if setting.name == "VMSS_TIME_LIMIT_MINUTES")
    options = read_options(APP / "host.json")
    waits = options.visibility_timeout * (options.max_dequeue_count - 1)
    assert waits > timedelta(minutes=float(limit.default or "")) + WRAP_UP


def test_options_that_are_not_there_are_azures_defaults(tmp_path: Path) -> None:
    """A ``host.json`` with nothing in it is one with Azure's defaults."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}', encoding="utf-8")
    assert read_options(tmp_path / "host.json") == HostOptions()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Answer the folder that is deployed: what .funcignore lets through, and the packages of requirements.txt, linked."""
    folder = tmp_path_factory.mktemp("package")
    git = [f"--git-dir={folder / '.git'}", f"--work-tree={APP}"]
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    listed = subprocess.run(
        ["git", *git, "ls-files", "--others", "-z", f"--exclude-from={APP / '.funcignore'}"],
        cwd=APP,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listed.rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(APP / name, folder / name)
    _link_packages(folder / ".python_packages" / "lib" / "site-packages")
    return folder


def _link_packages(site: Path) -> None:
    """Link the files of each required package, compiled ones included, so that nothing else can be imported."""
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==", (APP / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    for pin in pins:
        for file in distribution(pin).files or ():
            if ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).symlink_to(file.locate())


def _run(package: Path, script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script in the package with nothing to import from but it, its packages and Python's own library."""
    site = package / ".python_packages" / "lib" / "site-packages"
    start = f"import sys; sys.path[:0] = [{str(package)!r}, {str(site)!r}]\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", start + script],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_holds_the_app_and_nothing_of_the_workshop(package: Path) -> None:
    """The app, its rules and its policy are deployed; tests, emulator, infrastructure and local settings are not."""
    found = {path.name for path in package.iterdir()} - {".git", ".python_packages"}
    needed = {"azureformats", "function_app.py", "host.json", "policy.toml", "requirements.txt", "scanner"}
    assert needed <= found <= needed | {"exemptions.toml"}


_EVERY_MODULE = """
import importlib, pkgutil
import function_app, scanner
names = [m.name for m in pkgutil.walk_packages(scanner.__path__, "scanner.", onerror=lambda name: None)
         if not m.name.startswith(("scanner.cli", "scanner.__main__"))]
for name in names:
    importlib.import_module(name)
assert len(names) > 30, names
foreign = [n for n in ("rich", "platformdirs", "duckdb", "pytest", "azure.storage.queue") if importlib.util.find_spec(n.partition(".")[0]) and n in sys.modules]
assert foreign == [], foreign
print(sorted(f.get_function_name() for f in function_app.app.get_functions()))
"""


def test_every_module_of_the_package_imports_with_the_required_packages_alone(package: Path) -> None:
    """The terminal command is the one part that needs more; the app does not use it."""
    done = _run(package, _EVERY_MODULE, {})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['health', 'request_scan', 'scan', 'scan_requested', 'scan_status', 'snapshot']"


_SCAN = """
from scanner import functions
functions.scan_on_schedule(is_late=False)
functions.snapshot_on_schedule(is_late=False)
print(functions.health().get_body().decode())
print([name for name in sys.modules if name.startswith("scanner.cli")])
"""


def test_the_package_alone_scans(package: Path, azure: Control, settings: dict[str, str]) -> None:
    """A scan, a snapshot and health work with what is deployed and nothing more."""
    azure.create_fleet(scale_sets=3, subscriptions=1, instances=1)
    done = _run(package, _SCAN, settings)
    assert done.returncode == 0, done.stderr
    told, loaded = done.stdout.splitlines()
    assert json.loads(told)["status"] == "ok"
    assert loaded == "[]"
    assert [row["ScaleSetsRead"] for row in azure.rows("VmssPostureScans_CL")] == [3]
    assert len(azure.rows("VmssPostureSnapshot_CL")) == 3


def test_what_is_left_out_of_the_package_is_named_from_the_root() -> None:
    """Azd filters the whole folder, packages included: a name without a slash before it would match in them too."""
    patterns = (APP / ".funcignore").read_text(encoding="utf-8").split()
    anywhere = [pattern for pattern in patterns if not pattern.startswith("/")]
    assert set(anywhere) == {"**/__pycache__/", "*.egg-info/"}
    assert not any(pattern.startswith("/.python_packages") for pattern in patterns)
