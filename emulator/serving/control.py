"""The control surface: how a test, the demo or the benchmark sets the scene. Not part of Azure; it has a key of its own."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from emulator.endpoint.access import ANY, Role
from emulator.endpoint.faults import Fault, FaultKind
from emulator.endpoint.journal import Selector
from emulator.endpoint.messages import RefusedError, Request, Response, json_object, json_response, parse_time, refuse
from emulator.estate import changes, fleet
from emulator.estate.containers import ResourceGroup, Subscription
from emulator.kusto.values import row_objects
from emulator.log_analytics.exported import ExportError, load
from emulator.serving.application import Emulator
from emulator.serving.resource_actions import ResourceActions
from emulator.serving.rollout_actions import RolloutActions

PREFIX = "/_control/"
MAX_WAIT_SECONDS = 600.0
_Action = Callable[[dict[str, Any]], Any]


class Control:
    """Every action is a POST with a JSON object to ``/_control/<action>``."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._actions: dict[str, _Action] = {
            "fleet": self._fleet,
            "subscription": self._subscription,
            "group": self._group,
            "group/delete": self._delete_group,
            "subscription/delete": self._delete_subscription,
            "scale-set": self._scale_set,
            "instances": self._instances,
            "change": self._change,
            "get": self._get,
            "ids": self._ids,
            "budgets": self._budgets,
            "budget": self._budget,
            "hold-index": self._hold_index,
            "keep-index": self._keep_index,
            "clock": self._clock,
            "latency": self._latency,
            "fault": self._fault,
            "faults/clear": self._clear_faults,
            "faults/release": self._release,
            "role": self._role,
            "limits": self._limits,
            "journal": self._journal,
            "journal/wait": self._wait,
            "function": self._function,
            "query": self._query,
            "load": self._load,
            "archive": self._archive,
            "search-job": self._search_job,
            "reset": self._reset,
            "status": self._status,
            **RolloutActions(emulator).actions(),
            **ResourceActions(emulator).actions(),
        }

    def handle(self, request: Request) -> Response:
        """Do one action; 400 says what was wrong with it."""
        key = f"Bearer {self._emulator.control_key}".encode()
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), key):
            return refuse(401, "InvalidControlKey", "The control surface needs its own bearer key.").response
        self._emulator.simulation.advance()
        name = request.path.removeprefix(PREFIX)
        try:
            if name.startswith("rows/") and request.method == "GET":
                return self._rows(name.removeprefix("rows/"))
            action = self._actions.get(name)
            if action is None or request.method != "POST":
                return refuse(404, "NotFound", f"There is no action {request.method} {name}.").response
            return json_response(action(json_object(request)))
        except RefusedError as refused:
            return refused.response
        except (KeyError, TypeError, ValueError, ExportError, changes.ChangeError) as error:
            return refuse(400, "InvalidAction", f"{name}: {type(error).__name__}: {error}").response

    # The estate

    def _fleet(self, asked: dict[str, Any]) -> Any:
        plan = fleet.FleetPlan(**asked)
        return fleet.create(plan, self._emulator.estate, self._emulator.images)

    def _subscription(self, asked: dict[str, Any]) -> Any:
        self._emulator.estate.put_subscription(Subscription(**asked))
        return {}

    def _group(self, asked: dict[str, Any]) -> Any:
        self._emulator.estate.put_group(ResourceGroup(**asked))
        return {}

    def _delete_group(self, asked: dict[str, Any]) -> Any:
        return {"deleted": self._emulator.estate.delete_group(asked["id"], changes.attribution(asked.get("by") or {}))}

    def _delete_subscription(self, asked: dict[str, Any]) -> Any:
        by = changes.attribution(asked.get("by") or {})
        return {"deleted": self._emulator.estate.delete_subscription(asked["id"], by)}

    def _scale_set(self, asked: dict[str, Any]) -> Any:
        by = changes.attribution(asked.get("by") or {})
        return {"created": self._emulator.estate.put(changes.complete(asked["document"]), by)}

    def _instances(self, asked: dict[str, Any]) -> Any:
        if "runs" in asked:
            return {"count": changes.put_runs(self._emulator.estate, asked["id"], asked["runs"])}
        self._emulator.estate.put_instances(asked["documents"])
        return {"count": len(asked["documents"])}

    def _change(self, asked: dict[str, Any]) -> Any:
        return changes.apply(self._emulator.estate, asked)

    def _get(self, asked: dict[str, Any]) -> Any:
        document = self._emulator.estate.get(asked["id"])
        return {"document": document, "instances": self._emulator.estate.instances(asked["id"])}

    def _ids(self, _asked: dict[str, Any]) -> Any:
        return {"ids": self._emulator.estate.ids()}

    def _budgets(self, asked: dict[str, Any]) -> Any:
        if "enabled" in asked:
            self._emulator.arm.budgets.enabled = bool(asked["enabled"])
        return self._emulator.arm.budgets.report()

    def _budget(self, asked: dict[str, Any]) -> Any:
        self._emulator.arm.budgets.resize(asked["name"], int(asked["burst"]), float(asked["per_minute"]))
        return {}

    def _hold_index(self, asked: dict[str, Any]) -> Any:
        self._emulator.estate.hold_index(held=bool(asked["held"]))
        return {}

    def _keep_index(self, _asked: dict[str, Any]) -> Any:
        self._emulator.estate.keep_index()
        return {}

    # Time, faults, roles, limits

    def _clock(self, asked: dict[str, Any]) -> Any:
        if asked.get("at"):
            self._emulator.clock.set(parse_time(asked["at"]), frozen=bool(asked.get("frozen", True)))
        elif asked.get("real"):
            self._emulator.clock.reset()
        self._emulator.simulation.advance()
        return {"now": self._emulator.clock.now().isoformat()}

    def _latency(self, asked: dict[str, Any]) -> Any:
        self._emulator.latency[asked["endpoint"]] = float(asked["seconds"])
        return {}

    def _fault(self, asked: dict[str, Any]) -> Any:
        facts = {**asked, "kind": FaultKind(asked["kind"]), "ids": tuple(asked.get("ids", ()))}
        if facts["kind"] is FaultKind.STALE and not self._emulator.estate.index.is_kept:
            raise ValueError("there is no index to answer from; keep_index comes first")
        return {"number": self._emulator.faults.add(Fault(**facts))}

    def _clear_faults(self, _asked: dict[str, Any]) -> Any:
        self._emulator.faults.clear()
        return {}

    def _release(self, asked: dict[str, Any]) -> Any:
        return {"released": self._emulator.faults.release(asked.get("number"))}

    def _role(self, asked: dict[str, Any]) -> Any:
        role = Role(asked["role"])
        self._emulator.access.assign(
            role, asked.get("scope") or ANY, asked.get("client_id") or ANY, granted=bool(asked["granted"])
        )
        return {}

    def _limits(self, asked: dict[str, Any]) -> Any:
        graph = self._emulator.graph
        graph.quota.queries = int(asked.get("graph_queries", graph.quota.queries))
        graph.page_bytes = int(asked.get("page_bytes", graph.page_bytes))
        graph.change_delay_seconds = float(asked.get("change_delay_seconds", graph.change_delay_seconds))
        if "columns_not_offered" in asked:
            self._emulator.estate.index.not_offered = tuple(asked["columns_not_offered"])
        self._emulator.ingestion.strict = bool(asked.get("strict", self._emulator.ingestion.strict))
        issuer = self._emulator.access.issuer
        issuer.lifetime_seconds = int(asked.get("token_lifetime_seconds", issuer.lifetime_seconds))
        return {}

    # What happened

    def _journal(self, asked: dict[str, Any]) -> Any:
        entries = self._emulator.journal.select(Selector(**asked))
        return {"entries": [entry.as_json() for entry in entries], "counters": self._emulator.journal.counters()}

    def _wait(self, asked: dict[str, Any]) -> Any:
        count = int(asked.pop("count", 1))
        timeout = min(float(asked.pop("timeout", 30.0)), MAX_WAIT_SECONDS)
        entries = self._emulator.journal.wait(Selector(**asked), count, timeout)
        return {"entries": [entry.as_json() for entry in entries], "reached": len(entries) >= count}

    def _rows(self, table: str) -> Response:
        if table not in self._emulator.workspace.tables:
            raise refuse(404, "NotFound", f"There is no table {table}.")
        body = "".join(line + "\n" for line in self._emulator.workspace.export(table)).encode()
        return Response(status=200, body=body, headers={"Content-Type": "application/x-ndjson"})

    def _function(self, asked: Mapping[str, Any]) -> Any:
        self._emulator.workspace.save_function(asked["name"], asked.get("parameters", ""), asked["body"])
        return {}

    def _query(self, asked: Mapping[str, Any]) -> Any:
        table = self._emulator.logs_query.run(str(asked["query"]))
        return {
            "columns": [{"name": column.name, "type": column.type} for column in table.columns],
            "rows": json.loads("[" + ",".join(row_objects(table.columns, table.rows)) + "]"),
        }

    def _load(self, asked: Mapping[str, Any]) -> Any:
        return {"rows": load(self._emulator.workspace, asked["table"], str(asked["lines"]).encode(), asked["table"])}

    def _archive(self, asked: Mapping[str, Any]) -> Any:
        self._emulator.workspace.archived_before = parse_time(asked["before"]) if asked.get("before") else None
        return {}

    def _search_job(self, asked: Mapping[str, Any]) -> Any:
        start, end = parse_time(asked["start"]), parse_time(asked["end"])
        now = self._emulator.clock.now()
        return {"rows": self._emulator.workspace.search_job(asked["name"], asked["query"], start, end, now)}

    def _reset(self, _asked: dict[str, Any]) -> Any:
        self._emulator.reset()
        return {}

    def _status(self, _asked: dict[str, Any]) -> Any:
        emulator = self._emulator
        return {
            "scale_sets": emulator.estate.count(),
            "subscriptions": sorted(emulator.estate.subscriptions),
            "now": emulator.clock.now().isoformat(),
            "faults": emulator.faults.used(),
            "counters": emulator.journal.counters(),
        }
