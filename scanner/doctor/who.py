"""Whose roles are examined, read from a token's claims. The token itself is never kept, shown or logged."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner.doctor.check import Check, failed, ok
from scanner.plain_text import plain

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The identity that was signed in. Empty texts: the token does not say.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """

    object_id: str = ""
    client_id: str = ""
    tenant_id: str = ""
    is_user: bool = False

    @property
    def assignee(self) -> str:
        """The words of ``az role assignment create`` that name it."""
        kind = "User" if self.is_user else "ServicePrincipal"
        return f"--assignee-object-id {self.object_id or '<object id>'} --assignee-principal-type {kind}"

    def __str__(self) -> str:
        """Name it by its ids."""
        kind = "user" if self.is_user else "application"
        parts = (("object", self.object_id), ("client", self.client_id), ("tenant", self.tenant_id))
        return f"{kind}: " + ", ".join(f"{name} {value or 'not told'}" for name, value in parts)


def read_claims(token: str) -> Who:
    """Read who a token speaks for; what it does not say, or is no plain id, stays empty."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return Who()  # Entra ID promises no form: an unreadable token is still a token
    if not isinstance(claims, dict):
        return Who()
    return Who(
        object_id=_guid(claims, "oid"),
        client_id=_guid(claims, "appid") or _guid(claims, "azp"),
        tenant_id=_guid(claims, "tid"),
        is_user=claims.get("idtyp") != "app" and "scp" in claims,
    )


def check_sign_in(
    name: str, token: "AccessTokenInfo | Exception", *, as_identity: bool, client_id: str | None
) -> Check:
    """Say whose token there is, or why there is none."""
    if not isinstance(token, Exception):
        return ok(name, f"{read_claims(token.token)}.")
    said = plain(" ".join(str(token).split()), 1_000)
    if not as_identity:
        return failed(
            name,
            f"No token: {said}",
            "Sign in with az login, in the tenant of the deployment, or set the AZURE_* variables of an application.",
            "az login --tenant <tenant id>",
        )
    which = f"with the client id {plain(client_id, 60)}" if client_id else "that is system-assigned"
    return failed(
        name,
        f"The managed identity {which} gave no token: {said}",
        "AZURE_CLIENT_ID must be the client id of an identity that is assigned to the app; --as-identity works only"
        " inside Azure.",
        "az functionapp identity show --name <app> --resource-group <group>",
    )


def _guid(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) and _GUID.fullmatch(value) else ""
