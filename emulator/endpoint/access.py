"""Who may do what: token checks for every endpoint, and role assignments that a test can take away and give back."""

import threading
from enum import StrEnum

from emulator.endpoint.messages import RefusedError, Request, error_response, json_response
from emulator.endpoint.tokens import InvalidTokenError, Principal, TokenIssuer, audience_key

ANY = "*"
"""Every scope, or every principal."""


class Role(StrEnum):
    """The built-in roles that the endpoints ask for.

    https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
    """

    READER = "Reader"
    CONTRIBUTOR = "Virtual Machine Contributor"
    METRICS_PUBLISHER = "Monitoring Metrics Publisher"
    LOGS_READER = "Log Analytics Reader"


class Audience(StrEnum):
    """What a token can be for; the values are those of the public cloud."""

    ARM = "https://management.azure.com"
    INGESTION = "https://monitor.azure.com"
    LOGS = "https://api.loganalytics.io"
    STORAGE = "https://storage.azure.com"


ALIASES: dict[Audience, tuple[str, ...]] = {
    Audience.ARM: (
        "https://management.core.windows.net",
        "https://management.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",
    ),
    Audience.INGESTION: ("https://monitor.azure.us", "https://monitor.azure.cn"),
    Audience.LOGS: ("https://api.loganalytics.us", "https://api.loganalytics.azure.cn"),
    Audience.STORAGE: (),
}


class AccessControl:
    """Role assignments, and the check that stands before each endpoint.

    By default every principal reads everything and may publish; no principal may change a scale set over the API.
    """

    def __init__(self, issuer: TokenIssuer) -> None:
        self.issuer = issuer
        self._lock = threading.Lock()
        self._assigned: dict[tuple[str, str, str], bool] = {}
        self._extra: dict[Audience, str] = {}
        self.reset()

    def reset(self) -> None:
        """Give back the default assignments."""
        with self._lock:
            self._assigned = {
                (ANY, role, ANY): True for role in (Role.READER, Role.METRICS_PUBLISHER, Role.LOGS_READER)
            }

    def add_audience(self, audience: Audience, url: str) -> None:
        """Accept a further name for an audience: the endpoint's own address, which the query client asks for."""
        self._extra[audience] = url

    def names(self, audience: Audience) -> frozenset[str]:
        """Every accepted name of an audience."""
        extra = (self._extra[audience],) if audience in self._extra else ()
        return frozenset(audience_key(name) for name in (audience, *ALIASES[audience], *extra))

    def known(self, resource: str) -> bool:
        """Whether tokens can be asked for this resource."""
        return any(audience_key(resource) in self.names(audience) for audience in Audience)

    def assign(self, role: Role, scope: str, client_id: str, *, granted: bool) -> None:
        """Grant or take away a role on a scope (a subscription id, a rule id, a workspace id, or ``*``)."""
        with self._lock:
            self._assigned[client_id.lower(), role, scope.lower()] = granted

    def allows(self, principal: Principal, role: Role, scope: str) -> bool:
        """Whether the principal has the role there: the most precise assignment decides."""
        scope = scope.lower()
        with self._lock:
            for client in (principal.client_id.lower(), ANY):
                for where in (scope, ANY):
                    if (client, role, where) in self._assigned:
                        return self._assigned[client, role, where]
        return False

    def authenticate(self, request: Request, audience: Audience) -> Principal:
        """Answer whose request it is; refuse with 401 without a valid, unexpired token for the audience."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized(audience, "Authentication failed. The 'Authorization' header is missing.")
        try:
            return self.issuer.verify(token.strip(), self.names(audience))
        except InvalidTokenError as error:
            raise self._unauthorized(audience, str(error)) from error

    def _unauthorized(self, audience: Audience, message: str) -> RefusedError:
        login = f"https://login.microsoftonline.com/{self.issuer.tenant_id}"
        challenge = f'Bearer authorization_uri="{login}", error="invalid_token", error_description="{message}"'
        headers = {"WWW-Authenticate": challenge}
        if audience is Audience.LOGS:
            payload = {"error": {"message": message, "code": "InvalidTokenError"}}
            return RefusedError(json_response(payload, 401, headers))
        return RefusedError(error_response(401, "InvalidAuthenticationToken", message, headers))
