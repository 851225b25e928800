"""The table: its endpoint, the table itself, and a row that is written, read and deleted."""

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.token_claims import TokenClaims
from scanner.adapters.stores.table_rows import CONTROL
from scanner.doctor.check import Check, failed, ok, skipped
from scanner.doctor.fixes import grant, no_answer, storage_scope, token_refused
from scanner.settings import Settings

if TYPE_CHECKING:
    from azure.data.tables import TableClient

ROLE = "Storage Table Data Contributor"
_PROBE = "doctor|"
"""Begins the key of the probe row: no read of the service's own comes across it."""


def check_table(client: "TableClient", settings: Settings, who: TokenClaims) -> Iterator[Check]:
    """Find or make the table, then write, read and delete a row in it."""
    from azure.core.exceptions import AzureError, ResourceExistsError

    try:
        client.create_table()
        found = f"{settings.table_name} did not exist and was created, as the first scan would have done."
    except ResourceExistsError as error:
        if _code(error) != "TableAlreadyExists":
            yield _refused("table", error, settings, who)
            yield skipped("table rows", "The table cannot be used.")
            return
        found = f"{settings.table_name} exists."
    except (AzureError, OSError, ValueError) as error:
        yield _refused("table", error, settings, who)
        yield skipped("table rows", "The table cannot be used.")
        return
    yield ok("table", found)
    yield _check_rows(client, settings, who)


def _check_rows(client: "TableClient", settings: Settings, who: TokenClaims) -> Check:
    from azure.core.exceptions import AzureError

    key = f"{_PROBE}{uuid.uuid4()}"
    step = "written"
    try:
        client.create_entity({"PartitionKey": CONTROL, "RowKey": key, "WrittenBy": "vmss-posture doctor"})
        step = "read"
        client.get_entity(CONTROL, key)
        step = "deleted"
        client.delete_entity(CONTROL, key)
    except (AzureError, OSError, ValueError) as error:
        check = _refused("table rows", error, settings, who)
        left = "" if step == "written" else f" The probe row {CONTROL} / {key} may be left; it does no harm."
        return failed("table rows", f"A row could not be {step}. {check.found}{left}", check.fix, check.command)
    return ok("table rows", "A row was written, read and deleted.")


def _refused(name: str, error: Exception, settings: Settings, who: TokenClaims) -> Check:
    """Tell apart role, network, address and the account's own trouble.

    https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
    """
    said = read_failure(error)
    code = _code(error)
    told = f"{settings.table_endpoint}: {f'{code}: ' if code and code not in str(said) else ''}{said}"
    if said.is_sign_in or said.status == 401:
        return token_refused(name, said)
    if said.status is None:
        return no_answer(name, "VMSS_TABLE_ENDPOINT", settings.table_endpoint, said)
    if said.status == 403:
        return _forbidden(name, told, code, settings, who)
    if said.status == 409:
        fix = "A table of that name is being deleted: wait a minute, or set another VMSS_TABLE_NAME."
    elif said.status in (429, 503):
        fix = "The storage account is busy: run the doctor again, and check what else uses the account."
    else:
        fix = (
            "Check that VMSS_TABLE_ENDPOINT is the table endpoint of a storage account (….table.…), not that of blobs."
        )
    return failed(name, told, fix)


def _forbidden(name: str, told: str, code: str, settings: Settings, who: TokenClaims) -> Check:
    role = f"Grant {ROLE} on the storage account; Owner and Contributor do not hold it. A new grant takes up to 10 minutes."
    network = "Let this machine's network in: the account's firewall, or run the doctor where its private endpoint is."
    rules = "az storage account show --name <storage account> --query '[publicNetworkAccess,networkRuleSet]'"
    command = grant(ROLE, storage_scope(settings.table_endpoint), who)
    if code == "AuthorizationPermissionMismatch":
        return failed(name, told, role, command)
    if code == "AuthorizationFailure" or "using this network" in told:
        return failed(name, told, network, rules)
    return failed(name, told, f"{role} Or: {network}", command)


def _code(error: Exception) -> str:
    """Read the service's own error code, which azure-data-tables sets, as an enumeration's member if it knows it."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")
