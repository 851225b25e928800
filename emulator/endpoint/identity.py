"""The managed-identity endpoint of App Service and Functions, api-version 2019-08-01.

https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

import hmac
from collections.abc import Sequence

from emulator.endpoint.access import AccessControl
from emulator.endpoint.faults import Fault
from emulator.endpoint.messages import RefusedError, Request, Response, json_response

PATH = "/msi/token"
API_VERSION = "2019-08-01"


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(json_response({"statusCode": status, "message": message}, status))


class IdentityEndpoint:
    """Hands out tokens to a caller that knows the header's secret."""

    def __init__(self, access: AccessControl, *, secret: str, client_ids: Sequence[str]) -> None:
        self._access = access
        self._secret = secret
        self._system = client_ids[0]
        self._assigned = frozenset(client_id.lower() for client_id in client_ids)

    def handle(self, request: Request, _faults: Sequence[Fault]) -> Response:
        """Answer a token for the resource and the client id that the query names."""
        if not hmac.compare_digest(request.headers.get("x-identity-header", "").encode(), self._secret.encode()):
            raise _refused(401, "The header X-IDENTITY-HEADER is missing or not the one of this instance.")
        if request.query.get("api-version") != API_VERSION:
            raise _refused(400, f"The api-version must be {API_VERSION}.")
        resource = request.query.get("resource", "")
        if not self._access.known(resource):
            raise _refused(400, f"AADSTS500011: The resource principal named {resource} was not found in the tenant.")
        client_id = request.query.get("client_id", self._system)
        if client_id.lower() not in self._assigned:
            raise _refused(
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
            )
        token, expires = self._access.issuer.issue(resource, client_id)
        return json_response(
            {
                "access_token": token,
                "expires_on": str(expires),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": client_id,
            }
        )
