"""Requests and answers, on their way to a function and back, and the keys that a request must show.

https://learn.microsoft.com/azure/azure-functions/function-keys-how-to
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from functionshost.protos import RpcHttp, TypedData


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it came in."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The address without host and query."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """The query's values by name; the last of several counts."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What is sent back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def is_allowed(auth_level: str, request: HttpRequest, *, function_key: str, master: str) -> bool:
    """Say whether a request shows a key that is good enough, in the header ``x-functions-key`` or the query ``code``."""
    if auth_level == "anonymous":
        return True
    shown = (request.headers.get("x-functions-key") or request.query.get("code") or "").encode()
    good = [master] if auth_level == "admin" else [function_key, master]
    return any([hmac.compare_digest(shown, key.encode()) for key in good])  # noqa: C419 - compares all, in equal time


def request_data(request: HttpRequest, parameters: Mapping[str, str]) -> TypedData:
    """Make what an HTTP trigger is given. The body is bytes, and not there at all when it is empty."""
    body = TypedData(bytes=request.body) if request.body else None
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=request.url,
            headers=request.headers,
            query=request.query,
            params=parameters,
            body=body,
        )
    )


def answer_of(value: TypedData | None) -> HttpAnswer:
    """Read what a function answered: a whole answer, or text; nothing is 204."""
    kind = None if value is None else value.WhichOneof("data")
    if value is None or kind is None:
        return HttpAnswer(status=204)
    if kind != "http":
        return HttpAnswer(status=200, headers={"content-type": "text/plain; charset=utf-8"}, body=value.string.encode())
    http = value.http
    return HttpAnswer(status=int(http.status_code), headers=http.headers, body=http.body.bytes)
