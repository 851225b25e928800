"""Settings of the deployed app: read from the environment once, checked, and explained when they are wrong."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from scanner.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """The addresses and token audiences of one Azure cloud."""

    arm_endpoint: str
    authority: str
    ingestion_audience: str
    query_endpoint: str
    storage_audience: str = "https://storage.azure.com"


CLOUDS: Mapping[str, Cloud] = {
    "AzureCloud": Cloud(
        arm_endpoint="https://management.azure.com",
        authority="https://login.microsoftonline.com",
        ingestion_audience="https://monitor.azure.com",
        query_endpoint="https://api.loganalytics.io",
    ),
    "AzureUSGovernment": Cloud(
        arm_endpoint="https://management.usgovcloudapi.net",
        authority="https://login.microsoftonline.us",
        ingestion_audience="https://monitor.azure.us",
        query_endpoint="https://api.loganalytics.us",
    ),
    "AzureChinaCloud": Cloud(
        arm_endpoint="https://management.chinacloudapi.cn",
        authority="https://login.chinacloudapi.cn",
        ingestion_audience="https://monitor.azure.cn",
        query_endpoint="https://api.loganalytics.azure.cn",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDoc:
    """One setting: what it means, for the reference page, ``doctor`` and the sample file."""

    name: str
    meaning: str
    default: str | None
    """``None``: the setting is required."""
    sample: str


SETTINGS: tuple[SettingDoc, ...] = (
    SettingDoc(
        name="AZURE_CLIENT_ID",
        meaning="Client id of the user-assigned managed identity. Empty: the system-assigned identity.",
        default="",
        sample="",
    ),
    SettingDoc(
        name="VMSS_CLOUD",
        meaning=f"Azure cloud: {', '.join(CLOUDS)}.",
        default="AzureCloud",
        sample="AzureCloud",
    ),
    SettingDoc(
        name="VMSS_ARM_ENDPOINT",
        meaning="Address of Azure Resource Manager, where it is not the cloud's own.",
        default="",
        sample="",
    ),
    SettingDoc(
        name="VMSS_SUBSCRIPTIONS",
        meaning="Subscription ids to watch, separated by commas. Empty: all that the identity can read.",
        default="",
        sample="",
    ),
    SettingDoc(
        name="VMSS_MANAGEMENT_GROUPS",
        meaning="Management group ids to watch (at most 10), separated by commas; not together with VMSS_SUBSCRIPTIONS.",
        default="",
        sample="",
    ),
    SettingDoc(
        name="VMSS_TABLE_ENDPOINT",
        meaning="Table endpoint of the storage account that keeps state and outbox.",
        default=None,
        sample="https://<account>.table.core.windows.net",
    ),
    SettingDoc(name="VMSS_TABLE_NAME", meaning="Name of that table.", default="vmssposture", sample="vmssposture"),
    SettingDoc(
        name="VMSS_INGESTION_ENDPOINT",
        meaning="Logs ingestion endpoint of the data collection rule (or of the endpoint, with private link).",
        default=None,
        sample="https://<rule>.<region>.ingest.monitor.azure.com",
    ),
    SettingDoc(
        name="VMSS_COLLECTION_RULE_ID",
        meaning="Immutable id of the data collection rule, dcr- and 32 hexadecimal digits.",
        default=None,
        sample="dcr-00000000000000000000000000000000",
    ),
    SettingDoc(
        name="VMSS_DEPLOYMENT",
        meaning=(
            "Names this deployment in every row it sends, as several may share a workspace: what its resource names end"
            " with."
        ),
        default="",
        sample="",
    ),
    SettingDoc(
        name="VMSS_SCAN_SCHEDULE",
        meaning="When to scan: NCRONTAB of six fields, UTC.",
        default="0 */30 * * * *",
        sample="0 */30 * * * *",
    ),
    SettingDoc(
        name="VMSS_SNAPSHOT_SCHEDULE",
        meaning="When to write the compliance snapshot: NCRONTAB of six fields, UTC.",
        default="0 8 6 * * *",
        sample="0 8 6 * * *",
    ),
    SettingDoc(
        name="VMSS_TIME_LIMIT_MINUTES",
        meaning="A scan stops with what it has after this time: less than functionTimeout in host.json (30).",
        default="25",
        sample="25",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one deployment, checked."""

    cloud: Cloud
    client_id: str | None
    arm_endpoint: str
    subscriptions: tuple[str, ...]
    management_groups: tuple[str, ...]
    table_endpoint: str
    table_name: str
    ingestion_endpoint: str
    collection_rule_id: str
    deployment: str
    time_limit: timedelta


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Check every setting and name all that are wrong at once. Raises ``SettingsError``."""
    problems: list[str] = []
    values = {setting.name: _value(setting, environment, problems) for setting in SETTINGS}
    subscriptions = _list(values["VMSS_SUBSCRIPTIONS"])
    groups = _list(values["VMSS_MANAGEMENT_GROUPS"])
    problems.extend(_name_problems(values))
    problems.extend(_scope_problems(subscriptions, groups))
    for name in ("VMSS_ARM_ENDPOINT", "VMSS_TABLE_ENDPOINT", "VMSS_INGESTION_ENDPOINT"):
        if values[name]:
            problems.extend(_endpoint_problems(name, values[name]))
    minutes = _minutes(values["VMSS_TIME_LIMIT_MINUTES"], problems)
    if problems:
        raise SettingsError("The settings are not usable:\n" + "\n".join(f"- {problem}" for problem in problems))
    cloud = CLOUDS[values["VMSS_CLOUD"]]
    return Settings(
        cloud=cloud,
        client_id=values["AZURE_CLIENT_ID"] or None,
        arm_endpoint=(values["VMSS_ARM_ENDPOINT"] or cloud.arm_endpoint).rstrip("/"),
        subscriptions=subscriptions,
        management_groups=groups,
        table_endpoint=values["VMSS_TABLE_ENDPOINT"].rstrip("/"),
        table_name=values["VMSS_TABLE_NAME"],
        ingestion_endpoint=values["VMSS_INGESTION_ENDPOINT"].rstrip("/"),
        collection_rule_id=values["VMSS_COLLECTION_RULE_ID"],
        deployment=values["VMSS_DEPLOYMENT"],
        time_limit=timedelta(minutes=minutes),
    )


_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RULE = re.compile(r"dcr-[0-9a-f]{32}")
_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")
_DEPLOYMENT = re.compile(r"[a-z0-9-]{0,64}")


def _value(setting: SettingDoc, environment: Mapping[str, str], problems: list[str]) -> str:
    value = environment.get(setting.name, "").strip()
    if value:
        return value
    if setting.default is None:
        problems.append(f"{setting.name} is missing. {setting.meaning} Example: {setting.sample}")
        return ""
    return setting.default


def _name_problems(values: Mapping[str, str]) -> Iterator[str]:
    cloud, rule, table = (values[name] for name in ("VMSS_CLOUD", "VMSS_COLLECTION_RULE_ID", "VMSS_TABLE_NAME"))
    if cloud not in CLOUDS:
        yield f"VMSS_CLOUD is {cloud!r}; it must be one of {', '.join(CLOUDS)}."
    if rule and not _RULE.fullmatch(rule):
        yield (
            f"VMSS_COLLECTION_RULE_ID is {rule!r}; it must be the rule's immutable id, dcr- and 32 hexadecimal digits,"
            " not its resource id."
        )
    if not _TABLE_NAME.fullmatch(table):
        yield f"VMSS_TABLE_NAME is {table!r}; a table name is 3 to 63 letters and digits."
    if not _DEPLOYMENT.fullmatch(values["VMSS_DEPLOYMENT"]):
        yield (
            f"VMSS_DEPLOYMENT is {values['VMSS_DEPLOYMENT']!r}; it must be at most 64 lower-case letters, digits and"
            " hyphens."
        )
    for name in ("VMSS_SCAN_SCHEDULE", "VMSS_SNAPSHOT_SCHEDULE"):
        if len(values[name].split()) != 6:
            yield f"{name} is {values[name]!r}; it must have six fields, such as '0 */30 * * * *'."


def _scope_problems(subscriptions: tuple[str, ...], groups: tuple[str, ...]) -> Iterator[str]:
    for subscription in subscriptions:
        if not _GUID.fullmatch(subscription):
            yield f"VMSS_SUBSCRIPTIONS holds {subscription!r}, which is no subscription id (a GUID)."
    if len(groups) > 10:
        yield f"VMSS_MANAGEMENT_GROUPS names {len(groups)} groups; Resource Graph takes at most 10."
    if groups and subscriptions:
        yield "VMSS_SUBSCRIPTIONS and VMSS_MANAGEMENT_GROUPS are both set; set one of them."


def _list(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.strip().lower() for item in value.split(",") if item.strip()))


def _endpoint_problems(name: str, value: str) -> list[str]:
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return [f"{name} is {value!r}, which is no address."]
    if parts.scheme != "https" or not host:
        return [f"{name} is {value!r}; it must begin with https:// and name a host, as tokens are sent to it."]
    if parts.query or parts.fragment or parts.username:
        return [f"{name} is {value!r}; it must be an address alone, without key, user or query."]
    return []


def _minutes(value: str, problems: list[str]) -> float:
    try:
        minutes = float(value)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 24 * 60:
        problems.append(f"VMSS_TIME_LIMIT_MINUTES is {value!r}; it must be a number of minutes, more than 0.")
    return minutes
