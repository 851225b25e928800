"""Whose roles are examined, in the words of a report and of a command."""

from typing import TYPE_CHECKING

from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.token_claims import TokenClaims, read_claims
from scanner.doctor.check import Check, failed, ok
from scanner.plain_text import plain

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo


def assignee(who: TokenClaims) -> str:
    """Write the words of ``az role assignment create`` that name an identity."""
    kind = "User" if who.is_user else "ServicePrincipal"
    return f"--assignee-object-id {who.object_id or '<object id>'} --assignee-principal-type {kind}"


def describe(who: TokenClaims) -> str:
    """Name an identity by its ids."""
    kind = "user" if who.is_user else "application"
    parts = (("object", who.object_id), ("client", who.client_id), ("tenant", who.tenant_id))
    return f"{kind}: " + ", ".join(f"{name} {value or 'unknown'}" for name, value in parts)


def check_sign_in(
    name: str, token: "AccessTokenInfo | Exception", *, as_identity: bool, client_id: str | None
) -> Check:
    """Say whose token there is, or why there is none."""
    if not isinstance(token, Exception):
        return ok(name, f"{describe(read_claims(token.token))}.")
    said = read_failure(token).message
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
