"""A deployment on the local Azure that is well until a test breaks it."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.client.client import Control
from emulator.client.local import LocalAzure
from functionshost.local_settings import for_local_azure
from scanner.adapters.azure.connect import as_app, connect
from scanner.adapters.stores.table_client import table_client
from scanner.adapters.stores.table_storage import TableStore
from scanner.bootstrap import APP_ROOT
from scanner.clouds import CLOUDS
from scanner.doctor.check import Check
from scanner.doctor.examination import Plan, examine
from scanner.events.scan_record import LAST, LAST_COMPLETE

RULE_GROUP = "/subscriptions/5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01/resourceGroups/posture"
RULE_RESOURCE = f"{RULE_GROUP}/providers/Microsoft.Insights/dataCollectionRules/dcr-posture"
_NUMBERS = itertools.count(1)


@dataclass
class Deployment:
    """Settings and state of one deployment; a test changes what it wants broken, then examines."""

    azure: LocalAzure
    settings: dict[str, str]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    root: Path = APP_ROOT
    patience: float = 25.0

    @property
    def control(self) -> Control:
        return self.azure.control

    def examine(self, *, write_probe: bool = False) -> list[Check]:
        """Make every check, as the app's identity."""
        plan = Plan(
            environment=self.settings,
            as_identity=True,
            write_probe=write_probe,
            root=self.root,
            now=lambda: self.now,
            patience=self.patience,
        )
        return list(examine(plan))

    @contextmanager
    def store(self) -> Iterator[TableStore]:
        """Open the state."""
        cloud = CLOUDS["AzureCloud"]
        client = table_client(
            connect(cloud, as_app(None), timedelta(seconds=60)),
            endpoint=self.azure.table_endpoint,
            table_name=self.settings["VMSS_TABLE_NAME"],
            audience=cloud.storage_audience,
        )
        store = TableStore(client)
        store.create_table()
        with closing(store):
            yield store

    def remember_scan(self, *, ago: timedelta, status: str = "complete", error: str = "") -> None:
        """Leave the record of a scan that ended so long ago."""
        ended = (self.now - ago).isoformat()
        record = json.dumps(
            {
                "status": status,
                "ended_at": ended,
                "error": error,
                "scale_sets_read": 3,
                "subscriptions_read": 2,
            }
        )
        with self.store() as store:
            store.put_records({LAST: record, **({LAST_COMPLETE: record} if status == "complete" else {})})

    def put_rule(self, change: Callable[[dict[str, Any]], object] = lambda _properties: None) -> None:
        """Show the collection rule in Resource Graph, as it was deployed or changed."""
        properties = rule_properties() | {
            "immutableId": self.azure.rule_id,
            "endpoints": {"logsIngestion": self.azure.ingestion_endpoint},
        }
        change(properties)
        self.control.put_instances([{"id": RULE_RESOURCE, "location": "westeurope", "properties": properties}])


def rule_properties() -> dict[str, Any]:
    """Make the properties of the collection rule as infra/ingestion.bicep declares them."""
    declared = json.loads((APP_ROOT / "scanner" / "data" / "tables.json").read_text(encoding="utf-8"))
    return {
        "streamDeclarations": {
            table["stream"]: {
                "columns": [{"name": column["name"], "type": column["type"]} for column in table["columns"]]
            }
            for table in declared["tables"]
        },
        "destinations": {"logAnalytics": [{"name": "workspace", "workspaceResourceId": "/subscriptions/a/w"}]},
        "dataFlows": [
            {
                "streams": [table["stream"]],
                "destinations": ["workspace"],
                "transformKql": "source",
                "outputStream": f"Custom-{table['name']}",
            }
            for table in declared["tables"]
        ],
    }


@pytest.fixture(scope="session")
def local_azure() -> Iterator[LocalAzure]:
    """Answer a local Azure with storage, and let azure-identity and requests find it."""
    with LocalAzure(storage=True) as azure:
        given = azure.environment()
        before = {name: os.environ.get(name) for name in given}
        os.environ.update(given)
        yield azure
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture
def deployment(local_azure: LocalAzure) -> Iterator[Deployment]:
    """Answer a deployment that is well: two subscriptions, a fresh scan, the rule in sight, a table of its own."""
    control = local_azure.control
    control.reset()
    control.create_fleet(scale_sets=3, subscriptions=2, instances=1)
    control.put_subscription("5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a01", "posture")
    settings = {
        name: value
        for name, value in for_local_azure(local_azure).items()
        if name.startswith("VMSS_") or name == "AZURE_CLIENT_ID"
    }
    made = Deployment(
        azure=local_azure,
        settings={
            **settings,
            "VMSS_SCAN_SCHEDULE": "0 */30 * * * *",
            "VMSS_TABLE_ENDPOINT": local_azure.watched_table_endpoint,
            "VMSS_TABLE_NAME": f"doctor{os.getpid()}x{next(_NUMBERS)}",
        },
    )
    made.put_rule()
    made.remember_scan(ago=timedelta(minutes=5))
    yield made
    control.clear_faults()
