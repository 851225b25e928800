"""Every client of Azure that the service builds, each with what it asks and how it fails."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError

from scanner.adapters.azure.compute import ComputeReader
from scanner.adapters.azure.compute_instances import ComputeInstances
from scanner.adapters.azure.compute_rollouts import ComputeRollouts
from scanner.adapters.azure.connect import default_credential, managed_identity
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.graph_client import GraphClient, query_text
from scanner.adapters.azure.image_lists import ImageLists
from scanner.adapters.azure.logs_query import WorkspaceRows
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.adapters.sinks.log_analytics import LogAnalyticsSink
from scanner.adapters.stores.table_client import table_client
from scanner.adapters.stores.table_storage import TableStore
from scanner.doctor.arm import Arm
from scanner.errors import ReadFailedError, StoreError
from scanner.ports.event import Table
from scanner.ports.images import PlatformOffer, SharedImage
from scanner.ports.instances import Question, Wanted
from scanner.ports.rollouts import RolloutQuestion
from scanner.ports.store import StateRow, StateWrite
from tests.azure.scripted_server import Answer, Asked, as_json

OFFER = PlatformOffer(
    subscription_id="a", location="westeurope", edge_zone="", publisher="canonical", offer="ubuntu", sku="server"
)
SCALE_SET = "/subscriptions/a/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/s"
LATE = 4_000_000_000
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TENANT = "11111111-2222-3333-4444-555555555555"


class FailedError(Exception):
    """A client said, as its port lets it, that it has no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One question of one client."""

    name: str
    library: str
    """The class of an Azure library that asks it."""
    ask: Callable[[Connection], object]
    """Asks the server that the connection leads to. Raises ``FailedError``, or an error of ``fails_with``."""
    good: Callable[[Asked], Answer]
    """The server's answer on a good day."""
    fails_with: tuple[type[Exception], ...] = (FailedError,)


@contextlib.contextmanager
def _store(connection: Connection) -> Iterator[TableStore]:
    client = table_client(
        connection,
        endpoint=f"{connection.arm_endpoint}/account",
        table_name="posture",
        audience="https://storage.azure.com",
    )
    with closing(TableStore(client)) as store:
        yield store


def _of_store(ask: Callable[[TableStore], object]) -> Callable[[Connection], object]:
    def asked(connection: Connection) -> object:
        with _store(connection) as store:
            return ask(store)

    return asked


def _commit(store: TableStore) -> object:
    row = StateRow(subscription_id="a", key=SCALE_SET.lower(), revision=1, commit_id="c", body="{}")
    return store.commit([StateWrite(row=row, replaces=None)])


def _ask_compute(connection: Connection) -> object:
    with closing(ComputeReader(connection)) as compute:
        answer = compute.look_up(SCALE_SET)
        if answer is None:
            raise FailedError
        return answer


def _ask_images(connection: Connection) -> object:
    with closing(ImageLists(connection)) as images:
        return images.platform_versions(OFFER)


def _ask_shared_images(connection: Connection) -> object:
    with closing(ImageLists(connection)) as images:
        return images.shared_versions(
            SharedImage(subscription_id="a", location="westeurope", gallery="shop-1", image="web")
        )


def _ask_about_instances(listing: Wanted, *, wants_repairs: bool) -> Callable[[Connection], object]:
    question = Question(
        scale_set_id=SCALE_SET,
        subscription_id="a",
        location="westeurope",
        listing=listing,
        wants_repairs=wants_repairs,
    )

    def asked(connection: Connection) -> object:
        with closing(ComputeInstances(connection, lambda: NOW)) as instances:
            told = instances.ask([question], 60)
            if not told:
                raise FailedError
            return told

    return asked


def _ask_rollouts(connection: Connection) -> object:
    question = RolloutQuestion(scale_set_id=SCALE_SET, subscription_id="a", location="westeurope")
    with closing(ComputeRollouts(connection, lambda: NOW)) as rollouts:
        told = rollouts.ask([question], 60)
        if not told:
            raise FailedError
        return told


def _ask_hooks(connection: Connection) -> object:
    question = RolloutQuestion(scale_set_id=SCALE_SET, subscription_id="a", location="westeurope")
    with closing(ComputeRollouts(connection, lambda: NOW)) as rollouts:
        waits = rollouts.hooks([question], 60)
        if not waits:
            raise FailedError
        return waits


def _ask_graph(connection: Connection) -> object:
    with closing(ResourceGraphFleet(connection)) as fleet:
        return fleet.coverage()


def _ask_summary(connection: Connection) -> object:
    """Ask as a census does, once."""
    with closing(GraphClient(connection)) as graph:
        if graph.summary(query_text("counts"), {"subscriptions": ["a"]}) is None:
            raise FailedError
        return None


def _ask_logs(connection: Connection) -> object:
    rows = WorkspaceRows(
        connection, endpoint=connection.arm_endpoint, audience="https://api.loganalytics.io", workspace_id=TENANT
    )
    with closing(rows):
        return rows.deployments(NOW, NOW + timedelta(days=1))


def _ask_ingestion(connection: Connection) -> object:
    sink = LogAnalyticsSink(
        connection, endpoint=connection.arm_endpoint, rule_id="dcr-1", audience="https://monitor.azure.com"
    )
    with closing(sink):
        if sink.accept(Table.EVENTS, [{"EventId": "e"}]):
            raise FailedError
        return None


def _ask_identity(connection: Connection) -> object:
    """Ask as the deployed app does; the test names the endpoint in the environment."""
    with closing(managed_identity("a-client", connection.limits)) as identity:
        return identity.get_token_info("https://management.azure.com/.default")


def _ask_sign_in(connection: Connection) -> object:
    """Ask as a pipeline with a client secret does."""
    with closing(default_credential(connection.arm_endpoint, connection.limits)) as credential:
        return credential.get_token_info("https://management.azure.com/.default")


def _ask_arm(connection: Connection) -> object:
    with closing(Arm(connection)) as arm:
        return arm.subscriptions()


def _not_found(_asked: Asked) -> Answer:
    return as_json({"odata.error": {"code": "ResourceNotFound", "message": {"value": "No."}}}, 404)


def _empty_query(_asked: Asked) -> Answer:
    return as_json({"value": []})


def _entra(asked: Asked) -> Answer:
    if asked.path.endswith("/openid-configuration"):
        base = f"https://{asked.host}/{TENANT}"
        return as_json(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )
    return as_json({"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600})


def _table(name: str, ask: Callable[[TableStore], object], good: Callable[[Asked], Answer]) -> Client:
    return Client(name=name, library="TableClient", ask=_of_store(ask), good=good, fails_with=(StoreError,))


CLIENTS = (
    _table("table, read of a record", lambda store: store.get_record("scan.last"), _not_found),
    _table("table, creation", lambda store: store.create_table(), lambda _: as_json({"TableName": "posture"}, 201)),
    _table("table, query", lambda store: list(store.load()), _empty_query),
    Client(
        name="compute",
        library="ComputeManagementClient",
        ask=_ask_compute,
        good=lambda _: as_json({"id": SCALE_SET, "properties": {}}),
    ),
    Client(
        name="list of instances",
        library="ComputeManagementClient",
        ask=_ask_about_instances(Wanted.ALL, wants_repairs=False),
        good=lambda _: as_json(
            {"value": [{"id": f"{SCALE_SET}/virtualMachines/0", "properties": {"latestModelApplied": True}}]}
        ),
    ),
    Client(
        name="instance view of a scale set",
        library="ComputeManagementClient",
        ask=_ask_about_instances(Wanted.NONE, wants_repairs=True),
        good=lambda _: as_json({"virtualMachine": {"statusesSummary": []}}),
    ),
    Client(
        name="rollouts of a scale set",
        library="ComputeManagementClient",
        ask=_ask_rollouts,
        good=lambda asked: as_json(
            {"value": []}
            if asked.path.lower().endswith("osupgradehistory")
            else {"properties": {"runningStatus": {"code": "Completed"}}}
        ),
    ),
    Client(
        name="lifecycle hook events",
        library="ComputeManagementClient",
        ask=_ask_hooks,
        good=lambda _: as_json({"value": []}),
    ),
    Client(
        name="lists of images",
        library="ComputeManagementClient",
        ask=_ask_images,
        good=lambda _: as_json([{"name": "1.0.0"}]),
        fails_with=(ReadFailedError,),
    ),
    Client(
        name="lists of shared images",
        library="ComputeManagementClient",
        ask=_ask_shared_images,
        good=lambda _: as_json({"value": [{"name": "1.0.0"}]}),
        fails_with=(ReadFailedError,),
    ),
    Client(
        name="resource graph",
        library="ResourceGraphClient",
        ask=_ask_graph,
        good=lambda _: as_json({"totalRecords": 0, "count": 0, "data": [], "resultTruncated": "false"}),
        fails_with=(ReadFailedError,),
    ),
    Client(
        name="summaries of resource graph",
        library="ResourceGraphClient",
        ask=_ask_summary,
        good=lambda _: as_json({"totalRecords": 0, "count": 0, "data": [], "resultTruncated": "false"}),
        fails_with=(ReadFailedError, FailedError),
    ),
    Client(
        name="log analytics",
        library="LogsQueryClient",
        ask=_ask_logs,
        good=lambda _: as_json(
            {"tables": [{"name": "PrimaryResult", "columns": [{"name": "Deployment", "type": "string"}], "rows": []}]}
        ),
        fails_with=(ReadFailedError,),
    ),
    Client(name="ingestion", library="LogsIngestionClient", ask=_ask_ingestion, good=lambda _: Answer(status=204)),
    Client(
        name="identity of the app",
        library="ManagedIdentityCredential",
        ask=_ask_identity,
        good=lambda _: as_json({"access_token": "a-token", "expires_on": str(LATE), "token_type": "Bearer"}),
        fails_with=(AzureError,),
    ),
    Client(
        name="sign-in of a pipeline",
        library="DefaultAzureCredential",
        ask=_ask_sign_in,
        good=_entra,
        fails_with=(AzureError,),
    ),
    Client(
        name="resource manager, for the doctor",
        library="PipelineClient",
        ask=_ask_arm,
        good=lambda _: as_json({"value": []}),
        fails_with=(AzureError, ValueError, OSError),
    ),
)

WRITES = (
    _table("table, lease", lambda store: store.acquire_lease("a", NOW, timedelta(minutes=10)), _not_found),
    _table("table, commit", _commit, _not_found),
    _table("table, record", lambda store: store.put_records({"scan.last": "{}"}), _not_found),
    _table("table, outbox", lambda store: list(store.unsent()), _empty_query),
    _table("table, replay", lambda store: store.replay(NOW), _empty_query),
    _table("table, purge", lambda store: store.purge_sent(NOW), _empty_query),
)
"""More questions of the store, for answers that cannot be read."""
