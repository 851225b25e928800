"""The settings: every problem at once, names that nobody reads, schedules and the time limit."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from pathlib import Path

from scanner.bootstrap import WRAP_UP
from scanner.doctor.check import Check, failed, ok, skipped, warning
from scanner.doctor.ncrontab import Ncrontab, NcrontabError, read_ncrontab
from scanner.errors import SettingsError
from scanner.plain_text import plain
from scanner.settings import SETTINGS, SettingDoc, Settings, read_settings

AZD_NAMES = frozenset(
    {
        "VMSS_ACTION_GROUP_ID",
        "VMSS_APP_NAME",
        "VMSS_EXISTING_WORKSPACE_ID",
        "VMSS_PRINCIPAL_ID",
        "VMSS_PRIVATE_LINK",
        "VMSS_READ_OWN_SUBSCRIPTION",
        "VMSS_RETENTION_DAYS",
        "VMSS_RUNBOOK_URL",
        "VMSS_SCAN_EVERY_MINUTES",
        "VMSS_SNAPSHOT_HOUR",
        "VMSS_TOTAL_RETENTION_DAYS",
        "VMSS_WORKSPACE_ID",
    }
)
"""Names that the deployment uses for itself: in an environment exported from azd they are no mistakes."""
SCAN_SCHEDULE, SNAPSHOT_SCHEDULE = "VMSS_SCAN_SCHEDULE", "VMSS_SNAPSHOT_SCHEDULE"

_DOCS: Mapping[str, SettingDoc] = {setting.name: setting for setting in SETTINGS}
_NAMES = re.compile("|".join(sorted(_DOCS, key=len, reverse=True)))
_FIX = "Correct it in the app's settings; azd provision writes those of infra/app.bicep. docs/settings.md has them all."
_SIMILAR = 0.7
_HECTIC = timedelta(minutes=4, seconds=59)
_RARE = timedelta(days=1, minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """The settings as far as they can be used."""

    settings: Settings
    """What is wrong is replaced by its default or a stand-in: use nothing that ``wrong`` names."""
    wrong: frozenset[str]
    scan_schedule: Ncrontab | None


def examine_settings(environment: Mapping[str, str]) -> tuple[ReadSettings, list[Check]]:
    """Check every setting; a problem in one leaves the others usable."""
    problems = list(_problems(environment))
    wrong = {name for problem in problems for name in _NAMES.findall(problem)}
    stand_ins = {name: _DOCS[name].default or _DOCS[name].sample for name in wrong if _DOCS[name].default != ""}
    usable = {**{name: value for name, value in environment.items() if name not in wrong}, **stand_ins}
    checks = [_setting_problem(problem) for problem in problems if not _is_schedule(problem)]
    strangers = list(_strangers(environment))
    if not checks and not strangers:
        given = sum(1 for name in _DOCS if environment.get(name, "").strip())
        checks.append(ok("settings", f"{given} of {len(_DOCS)} are given, the others have their defaults."))
    schedules = {name: _value(environment, name) for name in (SCAN_SCHEDULE, SNAPSHOT_SCHEDULE)}
    read = ReadSettings(
        settings=_with_examples(usable), wrong=frozenset(wrong), scan_schedule=_schedule(schedules[SCAN_SCHEDULE])
    )
    return read, [*checks, *strangers]


def check_schedules(environment: Mapping[str, str], now: datetime) -> Iterator[Check]:
    """Check that both schedules are what Azure takes, and come round at a sane pace."""
    found = []
    for name in (SCAN_SCHEDULE, SNAPSHOT_SCHEDULE):
        text = _value(environment, name)
        fix = (
            f"Write six fields, UTC, such as {_DOCS[name].sample!r}: second, minute, hour, day, month, day of the week."
        )
        command = _set_command(name)
        try:
            first = read_ncrontab(text).after(now)
            second = read_ncrontab(text).after(first)
        except NcrontabError as error:
            yield failed(
                "schedules", f"{name}: {plain(str(error), 300)}. A timer without one does not run.", fix, command
            )
            return
        gap = second - first
        if name == SCAN_SCHEDULE and gap < _HECTIC:
            yield warning(
                "schedules",
                f"{name} is {text!r}: a scan every {gap.total_seconds():g} seconds, while a scan may take minutes.",
                "Scan every 5 minutes at most: what drifts is told no sooner, and quotas are shared.",
                command,
            )
            return
        if gap > _RARE:
            yield warning(
                "schedules",
                f"{name} is {text!r}: next at {first:%Y-%m-%d %H:%M}, then after {gap.days} days.",
                "Run it daily at least: alerts look back two days, and a table without rows for 30 days loses its alerts.",
                command,
            )
            return
        found.append(f"{'scan' if name == SCAN_SCHEDULE else 'snapshot'} next at {first:%Y-%m-%d %H:%M:%S} UTC")
    yield ok("schedules", ", ".join(found) + ".")


def check_time_limit(read: ReadSettings, host_file: Path) -> Check:
    """Compare the scan's time limit with ``functionTimeout`` in ``host.json``."""
    if "VMSS_TIME_LIMIT_MINUTES" in read.wrong:
        return skipped("time limit", "VMSS_TIME_LIMIT_MINUTES is wrong.")
    if not host_file.exists():
        return skipped("time limit", "host.json is not here; run the doctor where the package is.")
    try:
        timeout = _span(json.loads(host_file.read_text(encoding="utf-8")).get("functionTimeout", "00:30:00"))
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
        f"Set VMSS_TIME_LIMIT_MINUTES to {most:g} or less, or raise functionTimeout.",
        _set_command("VMSS_TIME_LIMIT_MINUTES", f"{most:g}"),
    )


def _problems(environment: Mapping[str, str]) -> Iterator[str]:
    try:
        read_settings(environment)
    except SettingsError as error:
        yield from (line.removeprefix("- ") for line in str(error).splitlines()[1:])
    for setting in SETTINGS:
        value = environment.get(setting.name, "").strip()
        if setting.default is None and (value == setting.sample or ("<" in value and ">" in value)):
            yield f"{setting.name} is {value!r}, the example: it was never filled in."


def _is_schedule(problem: str) -> bool:
    return problem.startswith((SCAN_SCHEDULE, SNAPSHOT_SCHEDULE))


def _setting_problem(problem: str) -> Check:
    name = _NAMES.search(problem)
    return failed("settings", plain(problem, 600), _FIX, _set_command(name[0]) if name else "")


def _strangers(environment: Mapping[str, str]) -> Iterator[Check]:
    for name in sorted(environment):
        if not name.upper().startswith("VMSS_") or name in _DOCS or name in AZD_NAMES:
            continue
        shown = plain(name, 80)
        likely = max(_DOCS, key=lambda known: _likeness(name, known))
        if _likeness(name, likely) >= _SIMILAR:
            yield failed(
                "settings",
                f"{shown} is no setting and nobody reads it. Did you mean {likely}?",
                f"Rename it to {likely}, or take it away.",
                f"az functionapp config appsettings delete --name <app> --resource-group <group> --setting-names {name}"
                if re.fullmatch(r"\w{1,80}", name, re.ASCII)
                else "",
            )
        else:
            yield warning(
                "settings",
                f"{shown} is no setting and nobody reads it.",
                "Take it away, or look in docs/settings.md for what it should be called.",
            )


def _likeness(name: str, known: str) -> float:
    return SequenceMatcher(None, name.upper().removeprefix("VMSS_"), known.removeprefix("VMSS_")).ratio()


def _with_examples(usable: Mapping[str, str]) -> Settings:
    """Read settings that have examples in the place of what is wrong."""
    return read_settings({name: re.sub(r"<\w+>", "example", value) for name, value in usable.items()})


def _schedule(text: str) -> Ncrontab | None:
    try:
        return read_ncrontab(text)
    except NcrontabError:
        return None  # check_schedules says so


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip() or _DOCS[name].default or ""


def _set_command(name: str, value: str = "") -> str:
    example = value or _DOCS[name].sample or "…"
    return f"az functionapp config appsettings set --name <app> --resource-group <group> --settings '{name}={example}'"


def _span(text: str) -> timedelta | None:
    """Read a .NET time span; ``None``: -1, no limit. Raises ``ValueError``."""
    if text == "-1":
        return None
    days, _, rest = text.rpartition(".")
    hours, minutes, seconds = (int(part) for part in rest.split(":"))
    return timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=seconds)
