"""Access tokens: real JSON Web Tokens, signed with a key that lives as long as the process.

Their claims are those of a managed identity's version 1.0 token, so that a server which checks only issuer, audience
and lifetime (Azurite's basic OAuth) accepts them.
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any

_HEADER = {"typ": "JWT", "alg": "HS256", "kid": "emulator"}


class InvalidTokenError(Exception):
    """The token is not ours, has expired, or is for another audience. The message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a token speaks for."""

    client_id: str
    object_id: str


def audience_key(audience: str) -> str:
    """Compare audiences without case and without a final slash."""
    return audience.lower().rstrip("/")


def _encode(payload: Any) -> str:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class TokenIssuer:
    """Issues tokens and recognises its own."""

    def __init__(self, *, tenant_id: str, lifetime_seconds: int) -> None:
        self.tenant_id = tenant_id
        self.lifetime_seconds = lifetime_seconds
        self._key = secrets.token_bytes(32)

    def principal(self, client_id: str) -> Principal:
        """Answer the principal of a client id; its object id follows from it."""
        return Principal(client_id=client_id, object_id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"principal:{client_id}")))

    def issue(self, audience: str, client_id: str) -> tuple[str, int]:
        """Make a token; answer it with the second of the Unix epoch at which it expires."""
        principal = self.principal(client_id)
        now = int(time.time())
        expires = now + self.lifetime_seconds
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": expires,
            "appid": client_id,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self.tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        signed = f"{_encode(_HEADER)}.{_encode(claims)}"
        return f"{signed}.{_encode(self._sign(signed))}", expires

    def verify(self, token: str, audiences: frozenset[str]) -> Principal:
        """Answer whose token it is. Raises ``InvalidTokenError``."""
        signed, _, signature = token.rpartition(".")
        try:
            genuine = hmac.compare_digest(_decode(signature), self._sign(signed))
            claims = json.loads(_decode(signed.partition(".")[2])) if genuine else {}
        except ValueError as error:
            raise InvalidTokenError("The access token is invalid.") from error
        if not genuine:
            raise InvalidTokenError("The access token is invalid.")
        if claims["exp"] <= time.time():
            raise InvalidTokenError("The access token expiry UTC time is earlier than current UTC time.")
        if audience_key(claims["aud"]) not in audiences:
            raise InvalidTokenError(
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It should "
                f"exactly match with one of the allowed audiences {', '.join(repr(name) for name in sorted(audiences))}."
            )
        return Principal(client_id=claims["appid"], object_id=claims["oid"])

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()
