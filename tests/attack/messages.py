"""Messages in the queue of scan requests: damaged, repeated, and so old that their scan is long over."""

import base64
import json
import os
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

from azure.storage.queue import QueueClient

from emulator.client.local import LocalAzure
from functionshost.__main__ import APP
from functionshost.host import FunctionsHost
from functionshost.local_settings import for_local_azure
from functionshost.options import read_options
from tests.attack.verdict import Verdict
from tests.stores.azurite import UnsignedTokens
from tests.world import EVENTS, SCANS

QUEUE = "vmss-scan-requests"
GOOD = '{"scan_id": "%s"}'
DAMAGED: Mapping[str, str] = {
    "nothing": "", "a space": " ", "text": "scan", "a number": "5", "null": "null", "a list": "[]", "no id": "{}",
    "an id that is a number": '{"scan_id": 5}', "an id that is a list": '{"scan_id": ["x"]}', "an empty id": '{"scan_id": ""}',
    "an id that is no GUID": '{"scan_id": "x"}', "an id with a line's end": '{"scan_id": "x\\n2026 CRITICAL forged"}',
    "half": '{"scan_id": "11111111-', "a byte order mark": '\ufeff{"scan_id": "x"}',
    "deep nesting": "[" * 20_000, "many digits": "1" * 20_000, "half a character": '{"scan_id": "\\ud800"}',
    "other keys": f'{{"scan_id": "{uuid.UUID(int=1)}", "policy": "https://example.invalid"}}', "NUL": "\0",
}  # fmt: skip
_TAKES_ANYTHING = frozenset({"other keys"})
"""Messages that ask for a scan, and say more."""


def play(azure: LocalAzure, verdict: Verdict) -> None:
    """Put messages into the queue and let the host work on them, as Azure's does."""
    azure.control.reset()
    azure.control.create_fleet(seed=1, subscriptions=1, scale_sets=4, instances=0)
    settings = {**for_local_azure(azure), "VMSS_TABLE_NAME": "attackmessages"}
    with ExitStack() as stack:
        before = dict(os.environ)
        stack.callback(_restore, before)
        os.environ.update(azure.environment())
        options = replace(read_options(APP / "host.json"), visibility_timeout=timedelta(0))
        host = stack.enter_context(FunctionsHost(APP, settings, options=options, on_log=lambda _record: None))
        for queue in (QUEUE, f"{QUEUE}-poison"):
            host.queues("AzureWebJobsStorage").clear(queue)
        host.queues("AzureWebJobsStorage").send(QUEUE, GOOD % uuid.uuid4())
        host.pump("scan_requested")
        _damaged(azure, host, verdict)
        _repeated(azure, host, verdict)


def _restore(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _damaged(azure: LocalAzure, host: FunctionsHost, verdict: Verdict) -> None:
    for what, body in DAMAGED.items():
        rows = len(azure.control.rows(SCANS)), len(azure.control.rows(EVENTS))
        _put(azure, body.encode())
        outcomes: list[bool] = []
        while (pumped := host.pump("scan_requested")) is not None and len(outcomes) < 10:
            outcomes.append(pumped.outcome.succeeded)
        verdict.figures["damaged messages"] += 1
        is_request = what in _TAKES_ANYTHING
        after = len(azure.control.rows(SCANS)), len(azure.control.rows(EVENTS))
        if (True in outcomes) != is_request or (after != rows and not is_request):
            verdict.found("damaged message acted on", what, f"{outcomes}, {rows} ... {after}")
        if len(outcomes) > 5:
            verdict.found("damaged message comes back for ever", what, str(outcomes))
        _good(azure, host, verdict, f"after a damaged message: {what}")


def _repeated(azure: LocalAzure, host: FunctionsHost, verdict: Verdict) -> None:
    scan_id = str(uuid.uuid4())
    for repeat in range(3):
        verdict.figures["repeated messages"] += 1
        _put(azure, (GOOD % scan_id).encode())
        before = len(azure.control.rows(EVENTS))
        host.pump("scan_requested")
        if len(azure.control.rows(EVENTS)) != before:
            verdict.found("invented", f"repeat {repeat} of a message", "events of a fleet that did not change")
    rows = [row for row in azure.control.rows(SCANS) if row["ScanId"] == scan_id]
    if not rows:
        verdict.found("scan without a row", "repeated messages", scan_id)
    for row in azure.control.rows(SCANS)[:5]:  # scans that are long over
        verdict.figures["old messages"] += 1
        _put(azure, (GOOD % row["ScanId"]).encode())
        host.pump("scan_requested")
    ids = [row["EventId"] for row in azure.control.rows(EVENTS)]
    if len(ids) != len(set(ids)):
        verdict.found("invented", "old messages", f"{len(ids) - len(set(ids))} events came twice")


def _good(azure: LocalAzure, host: FunctionsHost, verdict: Verdict, where: str) -> None:
    """Check that a message that is right is worked on, whatever came before it."""
    scan_id = str(uuid.uuid4())
    _put(azure, json.dumps({"scan_id": scan_id}).encode())
    pumped = host.pump("scan_requested")
    verdict.figures["scans"] += 1
    if pumped is None or not pumped.outcome.succeeded:
        verdict.found("undisturbed scan failed", where, pumped.outcome.error[-200:] if pumped else "no message")
    elif scan_id not in {row["ScanId"] for row in azure.control.rows(SCANS)}:
        verdict.found("scan without a row", where, scan_id)


def _put(azure: LocalAzure, body: bytes) -> None:
    """Put bytes into the queue, in base64 as the host's own client does; past that client, which refuses some."""
    with QueueClient(
        azure.queue_endpoint, QUEUE, credential=UnsignedTokens(), connection_verify=str(azure.ca_file)
    ) as client:
        client.send_message(base64.b64encode(body).decode())
