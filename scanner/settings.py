"""Settings of the deployed app: each declared once, read from the environment, and explained when it is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azureformats.ncrontab import Schedule
from scanner.clouds import CLOUDS, Cloud
from scanner.errors import SettingProblem, SettingsError
from scanner.setting_fields import Setting, a_guid, a_list, a_schedule, an_address, matching, minutes, one_of

_ADDRESS = "an https:// address alone, without key, user or query"
_SCHEDULE = "NCRONTAB of six fields, UTC"

CLIENT_ID = Setting(
    name="AZURE_CLIENT_ID",
    meaning="Client id of the user-assigned managed identity. Empty: the system-assigned identity.",
    allowed="a client id (a GUID), or empty",
    default="",
    sample="",
    read=a_guid,
)
CLOUD = Setting(
    name="VMSS_CLOUD",
    meaning="Azure cloud.",
    allowed=f"one of {', '.join(CLOUDS)}",
    default="AzureCloud",
    sample="AzureCloud",
    read=one_of(CLOUDS),
)
ARM_ENDPOINT = Setting(
    name="VMSS_ARM_ENDPOINT",
    meaning="Address of Azure Resource Manager, where it is not the cloud's own.",
    allowed=f"{_ADDRESS}; or empty",
    default="",
    sample="",
    read=an_address,
)
SUBSCRIPTIONS = Setting(
    name="VMSS_SUBSCRIPTIONS",
    meaning="Subscriptions to watch. Empty: all that the identity can read.",
    allowed="subscription ids (GUIDs) separated by commas, or empty",
    default="",
    sample="",
    read=a_list(of=a_guid),
)
MANAGEMENT_GROUPS = Setting(
    name="VMSS_MANAGEMENT_GROUPS",
    meaning="Management groups to watch; not together with VMSS_SUBSCRIPTIONS.",
    allowed="management group ids, at most 10, separated by commas, or empty",
    default="",
    sample="",
    read=a_list(most=10),
    not_with="VMSS_SUBSCRIPTIONS",
)
TABLE_ENDPOINT = Setting(
    name="VMSS_TABLE_ENDPOINT",
    meaning="Table endpoint of the storage account that keeps state and outbox.",
    allowed=_ADDRESS,
    default=None,
    sample="https://<account>.table.core.windows.net",
    read=an_address,
)
TABLE_NAME = Setting(
    name="VMSS_TABLE_NAME",
    meaning="Name of that table.",
    allowed="3 to 63 letters and digits, a letter first",
    default="vmssposture",
    sample="vmssposture",
    read=matching(r"[A-Za-z][A-Za-z0-9]{2,62}"),
)
INGESTION_ENDPOINT = Setting(
    name="VMSS_INGESTION_ENDPOINT",
    meaning="Logs ingestion endpoint of the data collection rule (or of the endpoint, with private link).",
    allowed=_ADDRESS,
    default=None,
    sample="https://<rule>.<region>.ingest.monitor.azure.com",
    read=an_address,
)
COLLECTION_RULE_ID = Setting(
    name="VMSS_COLLECTION_RULE_ID",
    meaning="Immutable id of the data collection rule.",
    allowed="the rule's immutable id, dcr- and 32 hexadecimal digits, not its resource id",
    default=None,
    sample="dcr-00000000000000000000000000000000",
    read=matching(r"dcr-[0-9a-f]{32}"),
)
DEPLOYMENT = Setting(
    name="VMSS_DEPLOYMENT",
    meaning="Names this deployment in every row it sends, as several may share a workspace: what its resource names end with.",
    allowed="at most 64 lower-case letters, digits and hyphens, or empty",
    default="",
    sample="",
    read=matching(r"[a-z0-9-]{0,64}"),
)
SCAN_SCHEDULE = Setting(
    name="VMSS_SCAN_SCHEDULE",
    meaning="When to scan.",
    allowed=f"{_SCHEDULE}, such as '0 */30 * * * *'",
    default="0 */30 * * * *",
    sample="0 */30 * * * *",
    read=a_schedule,
)
SNAPSHOT_SCHEDULE = Setting(
    name="VMSS_SNAPSHOT_SCHEDULE",
    meaning="When to write the compliance snapshot.",
    allowed=f"{_SCHEDULE}, such as '0 8 6 * * *'",
    default="0 8 6 * * *",
    sample="0 8 6 * * *",
    read=a_schedule,
)
TIME_LIMIT = Setting(
    name="VMSS_TIME_LIMIT_MINUTES",
    meaning="A scan stops with what it has after this time: less than functionTimeout in host.json (30).",
    allowed="a number of minutes, more than 0 and at most 1440",
    default="25",
    sample="25",
    read=minutes(most=24 * 60),
)

SHARDS = Setting(
    name="VMSS_SHARDS",
    meaning="Whether a fleet above 50,000 scale sets or 200 subscriptions is scanned in shards, by Durable Functions.",
    allowed="off, or auto",
    default="off",
    sample="off",
    read=one_of({"off": False, "auto": True}),
)

SETTINGS: tuple[Setting[Any], ...] = (
    CLIENT_ID,
    CLOUD,
    ARM_ENDPOINT,
    SUBSCRIPTIONS,
    MANAGEMENT_GROUPS,
    TABLE_ENDPOINT,
    TABLE_NAME,
    INGESTION_ENDPOINT,
    COLLECTION_RULE_ID,
    DEPLOYMENT,
    SCAN_SCHEDULE,
    SNAPSHOT_SCHEDULE,
    TIME_LIMIT,
    SHARDS,
)


NEEDED_TO_TELL = (CLIENT_ID, CLOUD, INGESTION_ENDPOINT, COLLECTION_RULE_ID)
"""Settings without which Log Analytics cannot be told that a scan failed."""


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
    scan_schedule: Schedule
    snapshot_schedule: Schedule
    time_limit: timedelta
    in_shards: bool
    """Whether a large fleet is scanned in shards."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Check every setting and name all that are wrong at once. Raises ``SettingsError`` with its ``problems``."""
    settings, problems = read_usable(environment)
    require_usable(problems)
    return settings


def require_usable(problems: Sequence[SettingProblem]) -> None:
    """Raise ``SettingsError`` when there are problems."""
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        raise SettingsError(f"The settings are not usable:\n{lines}", problems)


def read_usable(environment: Mapping[str, str]) -> tuple[Settings, tuple[SettingProblem, ...]]:
    """Read the settings as far as they can be used, and what is wrong.

    A stand-in takes the place of each setting that a problem names: use none of those.
    """
    problems = tuple(problem for setting in SETTINGS if (problem := setting.problem(environment)) is not None)
    cloud = CLOUD.value(environment)
    settings = Settings(
        cloud=cloud,
        client_id=CLIENT_ID.value(environment) or None,
        arm_endpoint=ARM_ENDPOINT.value(environment) or cloud.arm_endpoint,
        subscriptions=SUBSCRIPTIONS.value(environment),
        management_groups=MANAGEMENT_GROUPS.value(environment),
        table_endpoint=TABLE_ENDPOINT.value(environment),
        table_name=TABLE_NAME.value(environment),
        ingestion_endpoint=INGESTION_ENDPOINT.value(environment),
        collection_rule_id=COLLECTION_RULE_ID.value(environment),
        deployment=DEPLOYMENT.value(environment),
        scan_schedule=SCAN_SCHEDULE.value(environment),
        snapshot_schedule=SNAPSHOT_SCHEDULE.value(environment),
        time_limit=TIME_LIMIT.value(environment),
        in_shards=SHARDS.value(environment),
    )
    return settings, problems
