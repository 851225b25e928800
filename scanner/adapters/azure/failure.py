"""What Azure said when it said no, in words fit for a log and an operator."""

import json
from dataclasses import dataclass
from typing import Any

from scanner.plain_text import plain

_MESSAGE_LIMIT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureFailure:
    """The facts of a failed call."""

    status: int | None
    """HTTP status; ``None``: no answer came."""
    codes: tuple[str, ...]
    """Azure's error code, then those of its details, such as ``AuthorizationFailed``."""
    message: str
    is_sign_in: bool = False
    """There was no token to send: nobody asked the service itself."""

    def __str__(self) -> str:
        """Say it on one line, for example ``403 AuthorizationFailed: The client …``."""
        nothing = "no token" if self.is_sign_in else "no answer"
        head = " ".join([str(self.status) if self.status else nothing, *self.codes[:2]])
        return plain(f"{head}: {self.message}", _MESSAGE_LIMIT)


def read_failure(error: BaseException) -> AzureFailure:
    """Read status, codes and message from an exception of azure-core or azure-identity, whatever the body holds."""
    from azure.core.exceptions import ClientAuthenticationError

    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "status_code", None)
    said = _error_object(response)
    codes = (said.get("code"), *(detail.get("code") for detail in _details(said)))
    messages = (said.get("message"), *(detail.get("message") for detail in _details(said)))
    message = " ".join(dict.fromkeys(text for text in messages if isinstance(text, str) and text))
    message = " ".join((message or str(error) or type(error).__name__).split())
    return AzureFailure(
        status=status if isinstance(status, int) else None,
        codes=tuple(plain(code, 100) for code in codes if isinstance(code, str) and code),
        message=plain(message, _MESSAGE_LIMIT),
        is_sign_in=isinstance(error, ClientAuthenticationError) and response is None,
    )


def _error_object(response: Any) -> dict[str, Any]:
    if response is None:
        return {}
    try:
        body = json.loads(response.text())
    except (ValueError, RecursionError):
        return {}  # A gateway's page rather than Azure's JSON: the status has to do.
    said = body.get("error") if isinstance(body, dict) else None
    return said if isinstance(said, dict) else {}


def _details(said: dict[str, Any]) -> list[dict[str, Any]]:
    details = said.get("details")
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
