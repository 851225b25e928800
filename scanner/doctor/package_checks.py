"""The package: policy and exemptions, and the functions that Azure finds in it. Nothing is sent."""

import importlib.util
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.adapters.criteria_files import read_criteria
from scanner.doctor.check import Check, failed, ok, skipped
from scanner.errors import SettingsError
from scanner.plain_text import plain, plural
from scanner.ports.engine import ORCHESTRATION
from scanner.scan.orchestration import CONCLUDE, GIVE_UP, PLAN, SHARD

FUNCTIONS = frozenset({"health", "request_scan", "scan", "scan_requested", "scan_status", "snapshot"})
_SHARDED = frozenset({ORCHESTRATION, PLAN, SHARD, CONCLUDE, GIVE_UP})
_AS_RELEASED = "Deploy the package as it was released: azd package puts the pinned libraries into it."
_OFF = f"{_AS_RELEASED} Or switch shards off."
_OFF_COMMAND = "azd env set VMSS_SHARDS off && azd provision"
_NOT_HERE = "was not found; run the doctor in the source checkout or where the package is."


def check_policy(root: Path) -> Check:
    """Read the files that an operator edits, as a scan would."""
    policy, exemptions, rules = root / "policy.toml", root / "exemptions.toml", root / "rules.d"
    if not policy.exists():
        return skipped("policy", f"policy.toml {_NOT_HERE}")
    try:
        criteria = read_criteria(
            policy,
            exemptions if exemptions.exists() else None,
            datetime.now(UTC),
            rules if rules.is_dir() else None,
        )
    except SettingsError as error:
        return failed(
            "policy",
            plain(str(error), 600),
            "Correct the file at the place that is named, then azd deploy: it is part of the package.",
            "azd deploy",
        )
    files = f"{policy} and {exemptions.name}" if exemptions.exists() else f"{policy}; there is no exemptions.toml"
    own = f", {plural(len(criteria.own), 'own rule')} in {rules.name}" if criteria.own else ""
    return ok("policy", f"{files}{own}, version {criteria.version}.")


def check_functions(root: Path) -> Check:
    """Import the app as Azure does, and count its functions: an app that fails at import deploys green and has none."""
    file = root / "function_app.py"
    if not file.exists():
        return skipped("functions", f"function_app.py {_NOT_HERE}")
    fix = _AS_RELEASED
    try:
        found = _function_names(file, "off")
    except Exception as error:  # noqa: BLE001 - whatever an import throws is what Azure would meet
        return failed(
            "functions", f"function_app.py cannot be imported: {plain(f'{type(error).__name__}: {error}', 300)}", fix
        )
    missing = sorted(FUNCTIONS - found)
    if missing:
        return failed("functions", f"function_app.py lacks {', '.join(missing)}.", fix, "azd deploy")
    return ok("functions", f"{', '.join(sorted(found))}. Azure lists the same when the deployment went well.")


def check_shards(root: Path, *, in_shards: bool) -> Check:
    """Import the app as Azure does with shards on, and read what host.json says of Durable Functions."""
    if not in_shards:
        return ok("shards", "Off: a scan is one invocation.")
    file, host = root / "function_app.py", root / "host.json"
    if not file.exists() or not host.exists():
        return skipped("shards", f"function_app.py or host.json {_NOT_HERE}")
    try:
        missing = sorted(_SHARDED - _function_names(file, "auto"))
        durable = json.loads(host.read_text(encoding="utf-8"))["extensions"]["durableTask"]
        at_once = durable.get("maxConcurrentActivityFunctions")
        replaces = durable.get("overridableExistingInstanceStates")
    except Exception as error:  # noqa: BLE001 - as above
        return failed(
            "shards", f"The package has no shards: {plain(f'{type(error).__name__}: {error}', 300)}", _OFF, _OFF_COMMAND
        )
    if missing:
        return failed(
            "shards",
            f"Scans run in place: function_app.py lacks {', '.join(missing)}, as azure-functions-durable cannot be loaded.",
            _OFF,
            _OFF_COMMAND,
        )
    if replaces != "NonRunningStates" or at_once != 1:
        return failed(
            "shards",
            f"host.json has overridableExistingInstanceStates {plain(repr(replaces), 40)} and"
            f" maxConcurrentActivityFunctions {plain(repr(at_once), 40)}: a scan that runs would be replaced, or shards"
            " would share the memory of an instance.",
            "Restore host.json from the release.",
        )
    return ok("shards", "On, with an orchestration and its activities.")


def _function_names(file: Path, shards: str) -> set[str]:
    """Import the app under a value of VMSS_SHARDS, which decides at import what triggers a scan."""
    name, before = "doctors_function_app", os.environ.get("VMSS_SHARDS")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    os.environ["VMSS_SHARDS"] = shards
    try:
        spec.loader.exec_module(module)
        app: Any = module.app
        return {str(function.get_function_name()) for function in app.get_functions()}
    finally:
        del sys.modules[name]
        os.environ.pop("VMSS_SHARDS")
        if before is not None:
            os.environ["VMSS_SHARDS"] = before
