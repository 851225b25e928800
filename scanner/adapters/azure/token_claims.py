"""What a token says of whom it speaks for. The token itself is never kept, shown or logged."""

import base64
import json
from dataclasses import dataclass

from scanner.guids import is_guid


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """The identity that a token names. Empty texts: it does not say, or not as a plain GUID.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """

    object_id: str = ""
    client_id: str = ""
    tenant_id: str = ""
    is_user: bool = False


def read_claims(token: str) -> TokenClaims:
    """Read the claims of an access token. Entra ID promises no form: one that cannot be read gives empty texts."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return TokenClaims()
    if not isinstance(claims, dict):
        return TokenClaims()

    def guid(*names: str) -> str:
        return next((claims[name] for name in names if is_guid(claims.get(name))), "")

    return TokenClaims(
        object_id=guid("oid"),
        client_id=guid("appid", "azp"),
        tenant_id=guid("tid"),
        is_user=claims.get("idtyp") != "app" and "scp" in claims,
    )
