"""The collection rule: whether it takes rows from us, and whether its streams are those that the service sends.

A request with no rows in it, ``[]``, passes the same gates as rows do: token, rule, role, stream. What Azure answers to it
is written down nowhere, so 204 is taken as proof, a refusal that names a gate as a failure, and any other refusal as not
knowing. No answer says whether columns are kept: Azure drops unknown ones without a word, so the rule itself is compared.
https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
"""

import gzip
import io
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from scanner import __version__
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.token_claims import TokenClaims
from scanner.adapters.sinks.declared_tables import declared_tables, streams
from scanner.doctor.arm import Arm
from scanner.doctor.check import Check, failed, ok, skipped, warning
from scanner.doctor.collection_rule import differences, own_endpoint
from scanner.doctor.fixes import grant, no_answer, rule_scope, token_refused
from scanner.errors import CallFailure
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plain
from scanner.ports.event import SCHEMA_VERSION, Table
from scanner.ports.sink import timed
from scanner.settings import Settings
from scanner.times import iso

ROLE = "Monitoring Metrics Publisher"
PROBE_EVENT = "doctor.probed"
"""``EventType`` of a probe row: no alert, function or workbook looks for it."""
_NAMED = 6


def check_rule(
    settings: Settings, connection: Connection, who: TokenClaims, now: datetime, *, write_probe: bool
) -> Iterator[Check]:
    """Ask with no rows for every stream; then, if wanted, send one row that says what it is."""
    from azure.monitor.ingestion import LogsIngestionClient

    options = connection.client_options(settings.cloud.ingestion_audience)
    with LogsIngestionClient(settings.ingestion_endpoint, connection.credential, **options) as client:
        check = ok("collection rule", f"{len(streams())} streams take what this identity sends.")
        for stream in streams().values():
            said = _upload(client, settings.collection_rule_id, stream, [])
            if said is not None:
                check = _refused(stream, said, settings, who)
                break
        yield check
        if not write_probe:
            yield skipped("probe row", "Skipped: --write-probe sends one row that says what it is.")
            return
        said = _upload(client, settings.collection_rule_id, streams()[Table.EVENTS], [timed(_probe_columns(now), now)])
        if said is None:
            yield ok("probe row", f"Accepted: EventType {PROBE_EVENT} in {Table.EVENTS}, in some minutes.")
        else:
            again = _refused(streams()[Table.EVENTS], said, settings, who)
            yield failed("probe row", again.found, again.fix, again.command)


def check_columns(settings: Settings, connection: Connection) -> Check:
    """Compare the rule, as Resource Graph shows it, with the tables that the service was built for."""
    query = (
        "resources | where type =~ 'microsoft.insights/datacollectionrules'"
        f" | where tostring(properties.immutableId) =~ '{settings.collection_rule_id}' | project id, properties"
    )
    with closing(Arm(connection)) as arm:
        try:
            _, rows = arm.query(query, {}, 1)
        except Exception as error:  # noqa: BLE001 - this one looks at what may well be out of its sight
            return skipped("columns", f"Resource Graph was not read: {read_failure(error)}")
    properties = rows[0].get("properties") if rows else None
    if not isinstance(properties, dict):
        return skipped(
            "columns", "This identity cannot read the rule's subscription; grant Reader there to compare the rule."
        )
    wrong = list(differences(properties))
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        return failed(
            "columns",
            f"{'; '.join(wrong[:_NAMED])}{more}. Azure answers 204 and drops such rows or values.",
            "The infrastructure is older than the app, or was changed by hand: deploy it again.",
            "azd provision",
        )
    endpoint = own_endpoint(properties)
    if endpoint and _host(endpoint) != _host(settings.ingestion_endpoint):
        return failed(
            "columns",
            f"The rule's own endpoint is {plain(endpoint, 200)}, not {settings.ingestion_endpoint}.",
            "Set VMSS_INGESTION_ENDPOINT to the rule's endpoint; azd provision does.",
            "azd provision",
        )
    columns = sum(len(table.columns) for table in declared_tables().values())
    return ok(
        "columns",
        f"All {columns} columns of {len(declared_tables())} streams are there, with their types, and flow to their tables.",
    )


def _upload(client: Any, rule_id: str, stream: str, rows: Sequence[Mapping[str, JsonValue]]) -> CallFailure | None:
    from azure.core.exceptions import AzureError

    try:
        client.upload(rule_id, stream, io.BytesIO(gzip.compress(json.dumps(rows).encode())))
    except (AzureError, ValueError, OSError) as error:
        return read_failure(error)
    return None


def _refused(stream: str, said: CallFailure, settings: Settings, who: TokenClaims) -> Check:
    name = "collection rule"
    if said.is_sign_in or said.status == 401:
        return token_refused(name, said)
    if said.status is None:
        return no_answer(name, "VMSS_INGESTION_ENDPOINT", settings.ingestion_endpoint, said)
    return _gate_refused(name, stream, said, settings, who)


def _gate_refused(name: str, stream: str, said: CallFailure, settings: Settings, who: TokenClaims) -> Check:
    """Tell the gates apart: role, rule, stream; anything else is about the request or the service."""
    if said.status == 403:
        return failed(
            name,
            f"{settings.collection_rule_id} does not accept rows from this identity: {said}",
            f"Grant {ROLE} on the collection rule; a new grant takes up to 30 minutes. With private link, ask from inside"
            " the virtual network.",
            grant(ROLE, rule_scope(settings.collection_rule_id), who),
        )
    if said.status == 404:
        return failed(
            name,
            f"There is no {settings.collection_rule_id} at {_host(settings.ingestion_endpoint)}: {said}",
            "VMSS_COLLECTION_RULE_ID and VMSS_INGESTION_ENDPOINT must be of one rule; azd provision writes both.",
            'az monitor data-collection rule list --query "[].[name,immutableId,endpoints.logsIngestion]" --output table',
        )
    if "InvalidStream" in said.codes:
        return failed(
            name,
            f"The rule has no stream {stream}: {said}",
            "The infrastructure is older than the app, or the rule is another one: deploy it again.",
            "azd provision",
        )
    if said.status in (400, 413):
        return warning(
            name,
            f"It answers, but refused a request without rows for {stream}: {said}",
            "The result is inconclusive. Run the doctor with --write-probe, which sends one row.",
            "vmss-posture doctor --write-probe",
        )
    return failed(
        name, f"{said}", "Log Analytics is busy or has a fault: events wait in the outbox. Run the doctor again later."
    )


def _probe_columns(now: datetime) -> dict[str, JsonValue]:
    return {
        "EventId": str(uuid.uuid4()),
        "EventType": PROBE_EVENT,
        "SchemaVersion": SCHEMA_VERSION,
        "DetectedAt": iso(now),
        "Summary": "vmss-posture doctor sent this row to test that rows are accepted; it is not about a scale set.",
        "ServiceVersion": __version__,
    }


def _host(address: str) -> str:
    return urlsplit(address).netloc.lower()
