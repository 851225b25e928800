"""The emulator without its server: routes a request to its endpoint, past the scripted faults, into the journal."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from emulator.endpoint import identity
from emulator.endpoint.access import AccessControl, Audience
from emulator.endpoint.faults import Fault, FaultKind, FaultPlan
from emulator.endpoint.identity import IdentityEndpoint
from emulator.endpoint.journal import Journal
from emulator.endpoint.messages import RefusedError, Request, Response, error_response, iso, read_json
from emulator.endpoint.tokens import TokenIssuer
from emulator.estate.clock import DomainClock
from emulator.estate.estate import Estate
from emulator.estate.images import ImageCatalogue
from emulator.estate.simulation import Simulation
from emulator.log_analytics.ingestion import LogsIngestion
from emulator.log_analytics.logs_query import LogsQuery
from emulator.log_analytics.workspace import Workspace, read_declaration
from emulator.resource_graph import graph
from emulator.resource_graph.graph import ResourceGraph
from emulator.resource_graph.graph_quota import Quota
from emulator.resource_manager.arm import ResourceManager
from emulator.serving import fault_answers, storage
from emulator.serving.storage import WatchedTables
from emulator.settings import Settings

Handler = Callable[[Request, Sequence[Fault]], Response]


class Emulator:
    """All state, and the way from a request to its answer."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.control_key = secrets.token_urlsafe(24)
        self.identity_secret = secrets.token_urlsafe(24)
        self.clock = DomainClock()
        self.faults = FaultPlan()
        self.journal = Journal()
        self.latency: dict[str, float] = {}
        """Seconds added to each answer, by endpoint."""
        issuer = TokenIssuer(tenant_id=settings.tenant_id, lifetime_seconds=settings.token_lifetime_seconds)
        self.access = AccessControl(issuer)
        self.estate = Estate(self.clock, settings.tenant_id)
        self.images = ImageCatalogue()
        self.workspace = Workspace(read_declaration(settings.tables))
        self.identity = IdentityEndpoint(self.access, secret=self.identity_secret, client_ids=settings.client_ids)
        self.graph = ResourceGraph(self.estate, self.access, Quota(settings.graph_queries, self.clock.seconds))
        self.simulation = Simulation(self.estate, self.images)
        self.arm = ResourceManager(self.estate, self.access, self.images, self.simulation)
        self.ingestion = LogsIngestion(
            self.workspace, self.access, self.clock, rule_id=settings.rule_id, strict=settings.strict
        )
        self.logs_query = LogsQuery(self.workspace, self.access, self.clock, workspace_id=settings.workspace_id)
        self._routes: tuple[tuple[str, str, Handler], ...] = (
            (identity.PATH, "identity", self.identity.handle),
            (graph.PATH, "graph", self.graph.handle),
            ("/datacollectionrules/", "ingestion", self.ingestion.handle),
            ("/v1/workspaces/", "query", self.logs_query.handle),
            ("/subscriptions", "arm", self.arm.handle),
        )
        self._lock = threading.Lock()

    def listen_at(self, url: str) -> None:
        """Learn the address: links point there, and the query client asks for tokens in its name."""
        self.arm.base_url = url
        self.access.add_audience(Audience.LOGS, url)

    def watch_tables(self, endpoint: str, ca_file: Path) -> None:
        """Serve Azurite's table service here too, past the scripted faults and into the journal."""
        self._routes = (*self._routes, (storage.PATH, "table", WatchedTables(endpoint, ca_file, self.clock).handle))

    def reset(self) -> None:
        """Forget documents, rows, faults, latencies, assignments and the journal; identities and tokens stay."""
        self.faults.clear()
        self.simulation.reset()
        self.estate.reset()
        self.images.reset()
        self.workspace.reset()
        self.access.reset()
        self.graph.reset()
        self.clock.reset()
        self.arm.budgets.reset()
        self.journal.reset()
        self.graph.quota.queries = self.settings.graph_queries
        self.access.issuer.lifetime_seconds = self.settings.token_lifetime_seconds
        self.ingestion.strict = self.settings.strict
        with self._lock:
            self.latency.clear()

    def handle(self, request: Request) -> Response | None:
        """Answer a request to one of Azure's endpoints; ``None``: close the connection without an answer."""
        self.simulation.advance()
        path = request.path.lower()
        for prefix, name, handler in self._routes:
            if path.startswith(prefix):
                return self._journaled(name, handler, request)
        return error_response(404, "NotFound", f"There is nothing at {request.path}.")

    def _journaled(self, name: str, handler: Handler, request: Request) -> Response | None:
        started = time.perf_counter()
        detail, further_page = _detail(name, request)
        number = self.journal.arrive(
            at=iso(self.clock.now()),
            endpoint=name,
            method=request.method,
            path=request.path,
            detail=detail,
            bytes_in=len(request.body),
        )
        status = 500
        try:
            response = self._with_faults(name, handler, request, detail, further_page=further_page)
            status = response.status if response is not None else 0
            return response
        finally:
            self.journal.finish(number, status, (time.perf_counter() - started) * 1000)

    def _with_faults(
        self, name: str, handler: Handler, request: Request, detail: str, *, further_page: bool
    ) -> Response | None:
        strikes = self.faults.take(name, f"{request.method} {request.path}\n{detail}", further_page=further_page)
        delay = self.latency.get(name, 0.0)
        if delay:
            time.sleep(delay)
        strikes.wait(FaultKind.STALL_BEFORE)
        if strikes.first(FaultKind.DROP_BEFORE):
            return None
        refusal = strikes.first(FaultKind.STATUS)
        if refusal is not None:
            return fault_answers.answer(name, refusal)
        try:
            response = handler(request, strikes.faults)
        except RefusedError as refused:
            response = refused.response
        strikes.wait(FaultKind.STALL_AFTER)
        return None if strikes.first(FaultKind.DROP_AFTER) else response


def _detail(name: str, request: Request) -> tuple[str, bool]:
    """Answer the query text of a request, and whether it asks for a further page."""
    if name not in ("graph", "query") or request.method != "POST":
        return request.query.get("query", ""), False
    try:
        body = read_json(request.body)
    except ValueError:
        return "", False
    if not isinstance(body, Mapping):
        return "", False
    options = body.get("options")
    further = isinstance(options, Mapping) and bool(options.get("$skipToken"))
    return str(body.get("query", "")), further
