"""What goes in and out of an endpoint: a request, a response, and the exception that is a response."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    path: str
    """Without the query string, percent-decoded."""
    target: str = ""
    """Path and query string, as sent."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response, written whole."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """An endpoint refuses the request, and this is its answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def json_response(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status=status, body=body, headers={"Content-Type": JSON_TYPE, **(headers or {})})


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with the error shape of Azure Resource Manager.

    https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-not-found
    """
    return json_response({"error": {"code": code, "message": message}}, status, headers)


def refuse(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> RefusedError:
    """Make the exception for an error in Resource Manager's shape."""
    return RefusedError(error_response(status, code, message, headers))


def read_json(body: bytes) -> Any:
    """Read JSON text. Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD. Raises ``ValueError``."""
    value = json.loads(body)
    return _whole(value) if b"\\ud" in body.lower() else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return value


def json_object(request: Request, code: str = "InvalidRequestContent") -> dict[str, Any]:
    """Read the body as a JSON object; refuse with 400 if it is none."""
    try:
        payload = read_json(request.body or b"{}")
    except ValueError as error:
        raise refuse(400, code, f"The request content was invalid and could not be deserialized: '{error}'.") from error
    if not isinstance(payload, dict):
        raise refuse(400, code, "The request content was invalid: a JSON object is expected.")
    return payload


def iso(moment: datetime) -> str:
    """Write a moment as Azure does: UTC, seven decimals, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def parse_time(text: str) -> datetime:
    """Read ISO 8601 text; a moment without an offset is UTC. Raises ``ValueError``."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
