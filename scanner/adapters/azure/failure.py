"""What Azure said when it said no, in words fit for a log and an operator."""

import json
import re
from typing import Any

from scanner.errors import CallFailure
from scanner.plain_text import plain

_MESSAGE_LIMIT = 600


def read_failure(error: BaseException) -> CallFailure:
    """Read status, codes and message from an exception of azure-core or azure-identity, whatever the body holds.

    Any other exception is an answer that a client could not read: its kind is part of the message.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "status_code", None)
    said = _error_object(response)
    codes = (said.get("code"), *(detail.get("code") for detail in _details(said)))
    messages = (said.get("message"), *(detail.get("message") for detail in _details(said)))
    message = " ".join(dict.fromkeys(text for text in messages if isinstance(text, str) and text))
    message = " ".join(
        (
            message
            or (
                _condensed(str(error))
                if isinstance(error, AzureError | OSError)
                else f"{type(error).__name__}: {error}"
            )
        ).split()
    )
    return CallFailure(
        status=status if isinstance(status, int) else None,
        codes=tuple(plain(code, 100) for code in codes if isinstance(code, str) and code),
        message=plain(message, _MESSAGE_LIMIT),
        is_sign_in=isinstance(error, ClientAuthenticationError) and response is None,
    )


def _condensed(message: str) -> str:
    """Shorten what a chain of credentials says to what each said, the Azure CLI first, without where to read on.

    https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains
    """
    said: dict[str, str] = {}
    for name, text in _CREDENTIAL.findall(message):
        sentences = re.split(r"(?<=[.!])\s+|\n", text.strip())
        kept = [each for each in sentences if "https://" not in each and each != f"{name} authentication unavailable."]
        said[name] = " ".join(kept).rstrip(".") or "not available"
    ordered = sorted(said.items(), key=lambda item: "Cli" not in item[0])
    return " ".join(f"{name}: {text}." for name, text in ordered) or message


_CREDENTIAL = re.compile(r"^\t(\w+Credential): (.*?)(?=^\t\w+Credential: |^To mitigate|\Z)", re.DOTALL | re.MULTILINE)


def _error_object(response: Any) -> dict[str, Any]:
    if response is None:
        return {}
    try:
        body = json.loads(response.text())
    except Exception:  # noqa: BLE001 - a gateway's page rather than Azure's JSON, in any coding: the status has to do
        return {}
    said = body.get("error") if isinstance(body, dict) else None
    return said if isinstance(said, dict) else {}


def _details(said: dict[str, Any]) -> list[dict[str, Any]]:
    details = said.get("details")
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
