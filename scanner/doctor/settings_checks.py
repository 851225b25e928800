"""The settings: every problem at once, names that are not settings, schedules and the time limit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from azureformats import ncrontab
from azureformats.ncrontab import Schedule
from azureformats.time_span import read_time_span
from scanner.bootstrap import WRAP_UP
from scanner.doctor.check import Check, failed, ok, skipped, warning
from scanner.errors import SettingProblem
from scanner.plain_text import plain
from scanner.setting_fields import Setting
from scanner.settings import SCAN_SCHEDULE, SETTINGS, SNAPSHOT_SCHEDULE, TIME_LIMIT, Settings, read_usable

AZD_NAMES = frozenset(
    {
        "VMSS_ACTION_GROUP_ID",
        "VMSS_ALERTS_OFF",
        "VMSS_ALERTS_PRINCIPAL_ID",
        "VMSS_ALERTS_READ_TABLES_ONLY",
        "VMSS_ALERT_EMAILS",
        "VMSS_ALERT_FREQUENCIES",
        "VMSS_ALERT_REPEATS",
        "VMSS_ALERT_SEVERITIES",
        "VMSS_ALERT_THRESHOLDS",
        "VMSS_APP_NAME",
        "VMSS_APP_PUBLIC_ACCESS",
        "VMSS_APP_SUBNET_ID",
        "VMSS_AVAILABILITY_TEST",
        "VMSS_CREATE_DNS_ZONES",
        "VMSS_ENDPOINT_SUBNET_ID",
        "VMSS_EXISTING_WORKSPACE_ID",
        "VMSS_MAXIMUM_INSTANCES",
        "VMSS_OWNER_ROUTES",
        "VMSS_OWNS_PLAIN_FUNCTIONS",
        "VMSS_OWNS_TABLES",
        "VMSS_PRINCIPAL_ID",
        "VMSS_PRIVATE_LINK",
        "VMSS_READER_ROLE",
        "VMSS_READ_OWN_SUBSCRIPTION",
        "VMSS_RESOURCE_GROUP",
        "VMSS_RETENTION_DAYS",
        "VMSS_RUNBOOK_URL",
        "VMSS_SCAN_EVERY_MINUTES",
        "VMSS_SHARDS_ENGINE",
        "VMSS_SNAPSHOT_HOUR",
        "VMSS_STORAGE_SKU",
        "VMSS_TAGS",
        "VMSS_TOTAL_RETENTION_DAYS",
        "VMSS_WORKSPACE_ID",
    }
)
"""Names that the deployment uses for itself: in an environment exported from azd they are no mistakes."""
_PARAMETERS = {
    "VMSS_ARM_ENDPOINT": "VMSS_ARM_ENDPOINT",
    "VMSS_MANAGEMENT_GROUPS": "VMSS_MANAGEMENT_GROUPS",
    "VMSS_SCAN_SCHEDULE": "VMSS_SCAN_EVERY_MINUTES",
    "VMSS_SHARDS": "VMSS_SHARDS",
    "VMSS_SNAPSHOT_SCHEDULE": "VMSS_SNAPSHOT_HOUR",
    "VMSS_SUBSCRIPTIONS": "VMSS_SUBSCRIPTIONS",
    "VMSS_TIME_LIMIT_MINUTES": "VMSS_TIME_LIMIT_MINUTES",
}
"""Settings that follow from a parameter of the deployment. The others follow from what azd provision creates."""
_PARAMETER_EXAMPLES = {"VMSS_SCAN_EVERY_MINUTES": "30", "VMSS_SNAPSHOT_HOUR": "6"}
_BY_NAME: Mapping[str, Setting[Any]] = {setting.name: setting for setting in SETTINGS}
_SCHEDULES: Mapping[str, Setting[Schedule]] = {"scan": SCAN_SCHEDULE, "snapshot": SNAPSHOT_SCHEDULE}
_FIX = "azd provision writes all settings of the app; what it is told with azd env set lasts. docs/settings.md has them all."
_SIMILAR = 0.7
_TOO_FREQUENT = timedelta(minutes=4, seconds=59)
_TOO_RARE = timedelta(days=1, minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """The settings as far as they can be used."""

    settings: Settings
    """A stand-in takes the place of what is wrong: use nothing that ``wrong`` names."""
    wrong: frozenset[str]

    @property
    def scan_schedule(self) -> Schedule | None:
        """When scans are due; ``None``: the setting is wrong."""
        return None if SCAN_SCHEDULE.name in self.wrong else self.settings.scan_schedule


def examine_settings(environment: Mapping[str, str]) -> tuple[ReadSettings, list[Check]]:
    """Check every setting; a problem in one leaves the others usable."""
    settings, problems = read_usable(environment)
    schedules = {setting.name for setting in _SCHEDULES.values()}
    checks = [_setting_problem(problem) for problem in problems if problem.name not in schedules]
    unknown = list(_unknown_names(environment))
    if not checks and not unknown:
        given = sum(1 for name in _BY_NAME if environment.get(name, "").strip())
        checks.append(ok("settings", f"{given} of {len(_BY_NAME)} are given, the others have their defaults."))
    read = ReadSettings(settings=settings, wrong=frozenset(problem.name for problem in problems))
    return read, [*checks, *unknown]


def check_schedules(environment: Mapping[str, str], now: datetime) -> Iterator[Check]:
    """Check that both schedules are what Azure takes, and are neither too frequent nor too rare."""
    found = []
    for what, setting in _SCHEDULES.items():
        text = setting.text(environment)
        fix = f"Write six fields, UTC, such as {setting.sample!r}: second, minute, hour, day, month, day of the week."
        command = _set_command(setting)
        try:
            schedule = ncrontab.parse(text)
            first = schedule.next_after(now)
            shortest, longest = schedule.gaps(now)
        except ncrontab.ScheduleError as error:
            yield failed("schedules", f"{setting.name}: {plain(str(error), 300)} Its timer does not run.", fix, command)
            return
        if what == "scan" and shortest < _TOO_FREQUENT:
            yield warning(
                "schedules",
                f"{setting.name} is {text!r}: a scan after {shortest.total_seconds():g} seconds, while a scan may take"
                " minutes.",
                "Scan every 5 minutes at most: drift is not detected sooner, and quotas are shared.",
                command,
            )
            return
        if longest > _TOO_RARE:
            yield warning(
                "schedules",
                f"{setting.name} is {text!r}: between two runs up to {longest.total_seconds() / 86_400:.3g} days pass.",
                "Run it daily at least: alerts look back two days, and a table without rows for 30 days loses its alerts.",
                command,
            )
            return
        found.append(f"{what} next at {first:%Y-%m-%d %H:%M:%S} UTC")
    yield ok("schedules", ", ".join(found) + ".")


def check_time_limit(read: ReadSettings, host_file: Path) -> Check:
    """Compare the scan's time limit with ``functionTimeout`` in ``host.json``."""
    if TIME_LIMIT.name in read.wrong:
        return skipped("time limit", f"{TIME_LIMIT.name} is invalid.")
    if not host_file.exists():
        return skipped(
            "time limit", "host.json was not found; run the doctor in the source checkout or where the package is."
        )
    try:
        text = json.loads(host_file.read_text(encoding="utf-8")).get("functionTimeout", "00:30:00")
        timeout = None if text == "-1" else read_time_span(text)  # -1: no limit
    except (OSError, ValueError, AttributeError) as error:
        return failed(
            "time limit", f"host.json cannot be read: {plain(str(error), 200)}", "Restore host.json from the release."
        )
    limit = read.settings.time_limit
    if timeout is None or limit + WRAP_UP <= timeout:
        told = "no limit" if timeout is None else f"{timeout.total_seconds() / 60:g} minutes"
        return ok("time limit", f"{limit.total_seconds() / 60:g} minutes; Azure Functions allows {told}.")
    most = max((timeout - WRAP_UP).total_seconds() / 60, 1)
    return failed(
        "time limit",
        f"A scan may take {limit.total_seconds() / 60:g} minutes and {WRAP_UP.total_seconds() / 60:g} more to write"
        f" down what it saw, but functionTimeout in host.json ends it after {timeout.total_seconds() / 60:g}.",
        f"Set {TIME_LIMIT.name} to {most:g} or less, or raise functionTimeout.",
        _set_command(TIME_LIMIT, f"{most:g}"),
    )


def _setting_problem(problem: SettingProblem) -> Check:
    return failed("settings", plain(str(problem), 600), _FIX, _set_command(_BY_NAME[problem.name]))


def _unknown_names(environment: Mapping[str, str]) -> Iterator[Check]:
    for name in sorted(environment):
        if not name.upper().startswith("VMSS_") or name in _BY_NAME or name in AZD_NAMES:
            continue
        shown = plain(name, 80)
        likely = max(_BY_NAME, key=lambda known: _likeness(name, known))
        if _likeness(name, likely) >= _SIMILAR:
            yield failed(
                "settings",
                f"{shown} is not a known setting. Did you mean {likely}?",
                f"Rename it to {likely}, or remove it.",
                "azd provision",
            )
        else:
            yield warning(
                "settings",
                f"{shown} is not a known setting.",
                "Remove it, or look in docs/settings.md for what it should be called.",
            )


def _likeness(name: str, known: str) -> float:
    return SequenceMatcher(None, name.upper().removeprefix("VMSS_"), known.removeprefix("VMSS_")).ratio()


def _set_command(setting: Setting[Any], value: str = "") -> str:
    """Advise what lasts: the deployment writes all settings again, so one that is set beside it is gone the next time."""
    parameter = _PARAMETERS.get(setting.name)
    if parameter is None:
        return "azd provision"
    example = _PARAMETER_EXAMPLES.get(parameter) or value or setting.sample or "…"
    return f"azd env set {parameter} '{example}' && azd provision"
