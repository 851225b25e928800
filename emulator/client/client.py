"""A client for the control surface, on the standard library alone."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.endpoint.access import Role
from emulator.endpoint.faults import Fault, FaultKind
from emulator.endpoint.journal import Entry

_SLACK_SECONDS = 30.0


class ControlError(Exception):
    """The control surface refused an action, or cannot be reached. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who makes a change, as Resource Graph's change records say it."""

    changed_by: str
    changed_by_type: str = "User"
    client_type: str = "Azure Portal"
    operation: str = ""
    correlation_id: str = ""


PORTAL_USER = Who(changed_by="anna.berg@contoso.example")
PIPELINE = Who(
    changed_by="7d0c1f52-0f6c-4f0e-9a33-5a3f0e7b9c11", changed_by_type="Application", client_type="Azure DevOps"
)
PLATFORM = Who(changed_by="System", changed_by_type="System", client_type="Unspecified")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedFleet:
    """What a synthetic fleet consists of."""

    subscriptions: tuple[str, ...]
    scale_sets: int
    instances: int
    shapes: Mapping[str, int]
    problems: Mapping[str, tuple[str, ...]]
    """Scale set ids by problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Sets the scene in a running emulator."""

    url: str
    key: str
    ca_file: Path
    timeout_seconds: float = 120.0
    _context: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    # The estate

    def create_fleet(
        self, *, seed: int = 1, subscriptions: int = 3, scale_sets: int = 100, instances: int = 2, troubled: float = 0.3
    ) -> CreatedFleet:
        """Add a synthetic fleet, the same for the same numbers."""
        answer = self._do(
            "fleet",
            seed=seed,
            subscriptions=subscriptions,
            scale_sets=scale_sets,
            instances=instances,
            troubled=troubled,
        )
        return CreatedFleet(
            subscriptions=tuple(answer["subscriptions"]),
            scale_sets=answer["scale_sets"],
            instances=answer["instances"],
            shapes=answer["shapes"],
            problems={name: tuple(ids) for name, ids in answer["problems"].items()},
        )

    def put_subscription(self, subscription_id: str, name: str, *, management_group: str = "mg-root") -> None:
        """Add or replace a subscription."""
        self._do("subscription", id=subscription_id, name=name, management_group=management_group)

    def put_group(self, subscription_id: str, name: str, *, location: str = "westeurope", managed_by: str = "") -> None:
        """Add or replace a resource group."""
        self._do("group", subscription_id=subscription_id, name=name, location=location, managed_by=managed_by)

    def delete_group(self, subscription_id: str, name: str, *, by: Who = PORTAL_USER) -> bool:
        """Delete a resource group and all scale sets in it; answer whether it was there."""
        group_id = f"/subscriptions/{subscription_id}/resourceGroups/{name}"
        return bool(self._do("group/delete", id=group_id, by=asdict(by))["deleted"])

    def delete_subscription(self, subscription_id: str, *, by: Who = PORTAL_USER) -> bool:
        """Take a subscription and all in it out of the tenant; answer whether it was there."""
        return bool(self._do("subscription/delete", id=subscription_id, by=asdict(by))["deleted"])

    def put_scale_set(self, document: Mapping[str, Any], *, by: Who = PIPELINE) -> bool:
        """Add or replace a scale set by its ARM document; answer whether it is new."""
        return bool(self._do("scale-set", document=document, by=asdict(by))["created"])

    def put_instances(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Add or replace instances by their documents."""
        self._do("instances", documents=documents)

    def change(
        self,
        scale_set_id: str,
        values: Mapping[str, Any] | Sequence[tuple[Sequence[str | int], Any]] = (),
        *,
        remove: Sequence[str] = (),
        by: Who = PORTAL_USER,
    ) -> dict[str, Any]:
        """Set and remove properties by path (``properties.upgradePolicy.mode``); answer the document afterwards.

        A path is a list of steps where a name, such as a tag's, has a dot in it.
        """
        pairs = values if isinstance(values, Mapping) else [list(pair) for pair in values]
        document: dict[str, Any] = self._do("change", id=scale_set_id, set=pairs, remove=list(remove), by=asdict(by))[
            "document"
        ]
        return document

    def edit_tags(self, scale_set_id: str, tags: Mapping[str, str | None], *, by: Who = PORTAL_USER) -> None:
        """Set tags; ``None`` takes one away."""
        values = [(("tags", name), value) for name, value in tags.items() if value is not None]
        gone = [["tags", name] for name, value in tags.items() if value is None]
        self._do("change", id=scale_set_id, set=[list(pair) for pair in values], remove=gone, by=asdict(by))

    def move_instances(
        self,
        scale_set_id: str,
        *,
        exact_version: str | None = None,
        latest_model: bool | None = None,
        share: float = 1.0,
        by: Who = PLATFORM,
    ) -> None:
        """Bring a share of the instances to an image version, to the latest model or away from it."""
        move: dict[str, Any] = {"share": share}
        if exact_version is not None:
            move["exact_version"] = exact_version
        if latest_model is not None:
            move["latest_model"] = latest_model
        self._do("change", id=scale_set_id, instances=move, by=asdict(by))

    def delete_scale_set(self, scale_set_id: str, *, by: Who = PORTAL_USER) -> None:
        """Delete a scale set and its instances."""
        self._do("change", id=scale_set_id, delete=True, by=asdict(by))

    def scale_set(self, scale_set_id: str) -> dict[str, Any] | None:
        """Answer the document that Resource Manager has, if there is one."""
        document: dict[str, Any] | None = self._do("get", id=scale_set_id)["document"]
        return document

    def instances(self, scale_set_id: str) -> list[dict[str, Any]]:
        """Answer the instances of a scale set."""
        found: list[dict[str, Any]] = self._do("get", id=scale_set_id)["instances"]
        return found

    def hold_index(self, *, held: bool) -> None:
        """Let Resource Graph fall behind Resource Manager from now on, or catch up."""
        self._do("hold-index", held=held)

    def publish_image(self, *, location: str, publisher: str, offer: str, sku: str, version: str) -> None:
        """Publish a new version of a platform image in a region."""
        self._do("publish-image", location=location, publisher=publisher, offer=offer, sku=sku, version=version)

    # Time, faults, roles, limits

    def set_clock(self, moment: datetime, *, frozen: bool = True) -> None:
        """Put the domain clock at a moment; it stands there, or runs on."""
        self._do("clock", at=moment.isoformat(), frozen=frozen)

    def follow_real_time(self) -> None:
        """Let the domain clock follow real time again."""
        self._do("clock", real=True)

    def now(self) -> datetime:
        """Answer the time of the domain clock."""
        return datetime.fromisoformat(self._do("clock")["now"])

    def set_latency(self, endpoint: str, seconds: float) -> None:
        """Make every answer of an endpoint take that much longer."""
        self._do("latency", endpoint=endpoint, seconds=seconds)

    def add_fault(self, endpoint: str, kind: FaultKind, **facts: Any) -> int:
        """Script a fault; ``facts`` are the further fields of ``Fault``. Answer its number."""
        fault = Fault(endpoint=endpoint, kind=kind, **facts)
        return int(self._do("fault", **asdict(fault))["number"])

    def clear_faults(self) -> None:
        """Forget all faults and let go of what they hold."""
        self._do("faults/clear")

    def release(self, number: int | None = None) -> int:
        """Let go of what a stall holds, one or all; answer how many stalls that were."""
        return int(self._do("faults/release", number=number)["released"])

    def grant(self, role: Role, scope: str = "*", client_id: str = "*") -> None:
        """Assign a role."""
        self._do("role", role=role, scope=scope, client_id=client_id, granted=True)

    def revoke(self, role: Role, scope: str = "*", client_id: str = "*") -> None:
        """Take a role away; on one scope, or from one identity, also where a wider assignment gives it."""
        self._do("role", role=role, scope=scope, client_id=client_id, granted=False)

    def set_limits(
        self,
        *,
        graph_queries: int | None = None,
        page_bytes: int | None = None,
        strict: bool | None = None,
        token_lifetime_seconds: int | None = None,
    ) -> None:
        """Change limits: queries in 5 s (0: none), bytes of a page, strict ingestion, seconds that new tokens live."""
        limits = {
            "graph_queries": graph_queries,
            "page_bytes": page_bytes,
            "strict": strict,
            "token_lifetime_seconds": token_lifetime_seconds,
        }
        self._do("limits", **{name: value for name, value in limits.items() if value is not None})

    # What happened

    def requests(
        self,
        endpoint: str | None = None,
        *,
        contains: str = "",
        after: int = 0,
        status: int | None = None,
        done: bool = False,
    ) -> list[Entry]:
        """Answer the requests that match, oldest first."""
        answer = self._do("journal", endpoint=endpoint, contains=contains, after=after, status=status, done=done)
        return [Entry(**entry) for entry in answer["entries"]]

    def counters(self) -> dict[str, dict[str, int]]:
        """Numbers of requests by endpoint and status."""
        counters: dict[str, dict[str, int]] = self._do("status")["counters"]
        return counters

    def wait_for(  # noqa: PLR0913 - the fields of a selector, by name
        self,
        endpoint: str | None = None,
        *,
        contains: str = "",
        after: int = 0,
        status: int | None = None,
        done: bool = False,
        count: int = 1,
        timeout: float = 30.0,
    ) -> list[Entry]:
        """Wait until so many requests that match have arrived (``done``: were answered).

        Raises ``TimeoutError`` when they do not in ``timeout`` seconds.
        """
        answer = self._do(
            "journal/wait",
            endpoint=endpoint,
            contains=contains,
            after=after,
            status=status,
            done=done,
            count=count,
            timeout=timeout,
        )
        if not answer["reached"]:
            raise TimeoutError(
                f"{len(answer['entries'])} of {count} requests ({endpoint}, {contains!r}) in {timeout} s"
            )
        return [Entry(**entry) for entry in answer["entries"]]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Answer the rows of a Log Analytics table, in the order in which they arrived."""
        return [json.loads(line) for line in self.export(table).splitlines()]

    def export(self, table: str) -> str:
        """Answer the rows of a table as lines of JSON."""
        return self._send("GET", f"rows/{table}", None, self.timeout_seconds).decode()

    def save_function(self, name: str, body: str, parameters: str = "") -> None:
        """Save a KQL function in the workspace."""
        self._do("function", name=name, parameters=parameters, body=body)

    def query(self, kql: str) -> list[dict[str, Any]]:
        """Run KQL over the workspace; rows as objects."""
        rows: list[dict[str, Any]] = self._do("query", query=kql)["rows"]
        return rows

    def reset(self) -> None:
        """Forget documents, rows, faults, latencies, roles and requests; saved functions stay."""
        self._do("reset")

    def status(self) -> dict[str, Any]:
        """Numbers that describe the emulator's present state."""
        status: dict[str, Any] = self._do("status")
        return status

    def _do(self, action: str, **asked: Any) -> Any:
        patience = self.timeout_seconds + float(asked.get("timeout", 0.0))
        return json.loads(self._send("POST", action, json.dumps(asked).encode(), patience))

    def _send(self, method: str, action: str, body: bytes | None, timeout: float) -> bytes:
        if not self._context:
            self._context.append(ssl.create_default_context(cafile=str(self.ca_file)))
        request = urllib.request.Request(  # noqa: S310 - the emulator's own https address
            f"{self.url}/_control/{action}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context[0])
        )
        try:
            with opener.open(request, timeout=timeout + _SLACK_SECONDS) as response:
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(f"{action}: {error.status}: {error.read().decode(errors='replace')}") from error
        except urllib.error.URLError as error:
            raise ControlError(f"{action}: {self.url} cannot be reached: {error.reason}") from error
