"""The package: policy and exemptions, and the functions that Azure finds in it. Nothing is sent."""

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.adapters.criteria_files import read_criteria
from scanner.doctor.check import Check, failed, ok, skipped
from scanner.errors import SettingsError
from scanner.plain_text import plain, plural

FUNCTIONS = frozenset({"health", "request_scan", "scan", "scan_requested", "scan_status", "snapshot"})
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
    fix = "Deploy the package as it was released: azd package puts the pinned libraries into it."
    try:
        found = _function_names(file)
    except Exception as error:  # noqa: BLE001 - whatever an import throws is what Azure would meet
        return failed(
            "functions", f"function_app.py cannot be imported: {plain(f'{type(error).__name__}: {error}', 300)}", fix
        )
    missing = sorted(FUNCTIONS - found)
    if missing:
        return failed("functions", f"function_app.py lacks {', '.join(missing)}.", fix, "azd deploy")
    return ok("functions", f"{', '.join(sorted(found))}. Azure lists the same when the deployment went well.")


def _function_names(file: Path) -> set[str]:
    name = "doctors_function_app"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        app: Any = module.app
        return {str(function.get_function_name()) for function in app.get_functions()}
    finally:
        del sys.modules[name]
