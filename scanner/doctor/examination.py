"""The examination: every check in order, each on its own as far as it can be."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.adapters.azure.cached_credential import CachedCredential
from scanner.adapters.azure.connect import as_app, as_person, connect
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.limits import Limits, time_limit
from scanner.adapters.azure.token_claims import TokenClaims, read_claims
from scanner.bootstrap import APP_ROOT, utc_now
from scanner.doctor import state_checks
from scanner.doctor.check import Check, Result, skipped
from scanner.doctor.package_checks import check_functions, check_policy, check_shards
from scanner.doctor.settings_checks import ReadSettings, check_schedules, check_time_limit, examine_settings
from scanner.doctor.who import check_sign_in
from scanner.settings import SHARDS

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo

    from scanner.adapters.stores.table_client import DatedTableClient

READING = ("clock", "subscriptions", "scope", "changes", "compute", "instance counts", "instances", "beside")
TABLE = ("table", "table rows", *state_checks.NAMES)
RULE = ("collection rule", "columns", "probe row")
_PATIENCE = 25.0
"""Seconds that one part of the examination may take."""
_WHOLE = 150.0
"""Seconds in which tokens are asked for."""
_NEEDS: Mapping[str, frozenset[str]] = {
    "reading": frozenset({"VMSS_CLOUD", "VMSS_ARM_ENDPOINT", "VMSS_SUBSCRIPTIONS", "VMSS_MANAGEMENT_GROUPS"}),
    "table": frozenset({"VMSS_CLOUD", "VMSS_TABLE_ENDPOINT", "VMSS_TABLE_NAME"}),
    "rule": frozenset({"VMSS_CLOUD", "VMSS_INGESTION_ENDPOINT", "VMSS_COLLECTION_RULE_ID"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to examine, and as whom."""

    environment: Mapping[str, str]
    """The settings, by name."""
    as_identity: bool = False
    """Sign in with the managed identity of the settings, not as the person who is signed in."""
    write_probe: bool = False
    root: Path = APP_ROOT
    """Where ``host.json``, ``function_app.py`` and ``policy.toml`` are, if they are here."""
    criteria_root: Path | None = None
    """Where ``policy.toml`` and ``exemptions.toml`` are, if not in ``root``."""
    now: Callable[[], datetime] = utc_now
    patience: float = _PATIENCE
    """Seconds that one part may take."""


def examine(plan: Plan) -> Iterator[Check]:
    """Yield the checks as they are made. Raises ``SettingsError`` when this machine's certificates are set wrongly."""
    read, checks = examine_settings(plan.environment)
    yield from checks
    yield from check_schedules(plan.environment, plan.now())
    yield check_time_limit(read, plan.root / "host.json")
    yield check_policy(plan.criteria_root or plan.root)
    yield check_functions(plan.root)
    if SHARDS.name in read.wrong:
        yield skipped("shards", f"{SHARDS.name} is invalid.")
    else:
        yield check_shards(plan.root, in_shards=read.settings.in_shards)
    with closing(_credential(plan, read)) as credential:
        yield from _examine_azure(plan, read, credential)


def _examine_azure(plan: Plan, read: ReadSettings, credential: CachedCredential) -> Iterator[Check]:
    cloud = read.settings.cloud
    tokens = {
        "reading": ("sign-in to Resource Manager", cloud.arm_endpoint),
        "table": ("sign-in to storage", cloud.storage_audience),
        "rule": ("sign-in to Azure Monitor", cloud.ingestion_audience),
    }
    missing: dict[str, str] = {}
    who, told = TokenClaims(), ""
    for part, (name, audience) in tokens.items():
        if "VMSS_CLOUD" in read.wrong:
            yield skipped(name, "VMSS_CLOUD is invalid, so the sign-in address is unknown.")
            missing[part] = "No token was asked for."
            continue
        token = _token(credential, audience)
        check = check_sign_in(name, token, as_identity=plan.as_identity, client_id=read.settings.client_id)
        if isinstance(token, Exception):
            missing[part] = "There is no token: see the sign-in."
            is_same, told = check.found == told, check.found
            yield replace(check, found="No token, for the same reason as above.") if is_same else check
        else:
            yield check
            who = read_claims(token.token)
    for part, needs in _NEEDS.items():
        wrong = sorted(needs & read.wrong)
        if wrong:
            missing[part] = f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} missing or invalid."
    yield from _examine_parts(plan, read, credential, who, missing)


def _examine_parts(
    plan: Plan, read: ReadSettings, credential: CachedCredential, who: TokenClaims, missing: Mapping[str, str]
) -> Iterator[Check]:
    from scanner.doctor.ingestion_checks import check_columns, check_rule
    from scanner.doctor.reading_checks import check_reading

    settings = read.settings
    if "reading" in missing:
        yield from _skip(READING, missing["reading"])
    else:
        yield from check_reading(settings, _connection(plan, read, credential), who, plan.now)
    if "table" in missing:
        yield from _skip(TABLE, missing["table"])
    else:
        yield from _examine_table(plan, read, credential, who)
    if "rule" in missing:
        yield from _skip(RULE, missing["rule"])
        return
    sending = check_rule(settings, _connection(plan, read, credential), who, plan.now(), write_probe=plan.write_probe)
    yield next(sending)
    if "reading" in missing:
        yield skipped("columns", missing["reading"])
    else:
        yield check_columns(settings, _connection(plan, read, credential))
    yield from sending


def _examine_table(plan: Plan, read: ReadSettings, credential: CachedCredential, who: TokenClaims) -> Iterator[Check]:
    from scanner.adapters.stores.table_storage import TableStore
    from scanner.doctor.table_checks import check_table

    client = _table_client(read, _connection(plan, read, credential))
    with client:
        checks = list(check_table(client, read.settings, who))
        yield from checks
        if any(check.result is Result.FAILED for check in checks):
            yield from _skip(state_checks.NAMES, "The table cannot be used.")
            return
    with _table_client(read, _connection(plan, read, credential)) as client:
        yield from state_checks.check_state(TableStore(client), client, read.scan_schedule, plan.now())


def _table_client(read: ReadSettings, connection: Connection) -> "DatedTableClient":
    from scanner.adapters.stores.table_client import table_client

    return table_client(
        connection,
        endpoint=read.settings.table_endpoint,
        table_name=read.settings.table_name,
        audience=read.settings.cloud.storage_audience,
    )


def _credential(plan: Plan, read: ReadSettings) -> CachedCredential:
    sign_in = as_app(read.settings.client_id) if plan.as_identity else as_person(read.settings.cloud)
    return sign_in(Limits(seconds_left=time_limit(_WHOLE)))


def _token(credential: CachedCredential, audience: str) -> "AccessTokenInfo | Exception":
    from azure.core.exceptions import AzureError

    try:
        return credential.get_token_info(f"{audience.rstrip('/')}/.default")
    except (AzureError, ValueError, OSError) as error:
        return error


def _connection(plan: Plan, read: ReadSettings, credential: CachedCredential) -> Connection:
    return connect(
        read.settings.cloud,
        lambda _limits: credential,
        timedelta(seconds=plan.patience),
        arm_endpoint=read.settings.arm_endpoint,
    )


def _skip(names: tuple[str, ...], reason: str) -> Iterator[Check]:
    return (skipped(name, reason) for name in names)
