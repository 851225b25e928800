"""A credential that asks for each token once, however many clients and threads want it."""

import time
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

_RENEW_BEFORE_END = 300


class _GivesTokens(Protocol):
    def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo": ...


class CachedCredential:
    """Wraps a credential of azure-identity and keeps its tokens until five minutes before they end.

    The Azure CLI credential starts ``az`` for every token, and clients that begin at the same moment would each
    ask. A token that a service rejects and challenges is asked for again, past this cache.
    """

    def __init__(self, credential: _GivesTokens) -> None:
        self._credential = credential
        self._lock = Lock()
        self._asking: dict[tuple[str, ...], Lock] = {}
        self._kept: dict[tuple[str, ...], AccessTokenInfo] = {}

    def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """Answer a token for the scopes. Raises ``AzureError`` alone, whatever the sign-in answered."""
        with self._lock:
            asking = self._asking.setdefault(scopes, Lock())
        with asking:  # one service's token does not wait for another's
            kept = self._kept.get(scopes)
            if kept is not None and not options and kept.expires_on - time.time() > _RENEW_BEFORE_END:
                return kept
            token = self._ask(scopes, options)
            self._kept[scopes] = token
            return token

    def _ask(self, scopes: tuple[str, ...], options: "TokenRequestOptions | None") -> "AccessTokenInfo":
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        try:
            token = self._credential.get_token_info(*scopes, options=options or {})
            is_token = isinstance(token.token, str) and token.token.isprintable() and isinstance(token.expires_on, int)
        except AzureError:
            raise
        except Exception as error:  # azure-identity reads an answer of another form with whatever that raises
            raise ClientAuthenticationError(
                f"The sign-in's answer is not a token ({type(error).__name__}: {error})"
            ) from error
        if not token.token or not is_token:
            raise ClientAuthenticationError("The sign-in's answer is not a token.")
        return token

    def get_token(self, *scopes: str, **kwargs: Any) -> "AccessToken":
        """Answer the same token in azure-core's older form."""
        from azure.core.credentials import AccessToken

        options: TokenRequestOptions = {"claims": kwargs["claims"]} if kwargs.get("claims") else {}
        token = self.get_token_info(*scopes, options=options)
        return AccessToken(token.token, token.expires_on)

    def close(self) -> None:
        """Close the wrapped credential's connections."""
        close = getattr(self._credential, "close", None)
        if close is not None:
            close()
