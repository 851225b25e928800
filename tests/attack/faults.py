"""What a dependency may do instead of answering: connections that end, answers that make no sense, and waits."""

import gzip
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping

from tests.attack.proxy import Answer, Exchange, Treatment

ENDPOINTS = ("identity", "graph", "compute", "ingestion", "table")
JSON = ("Content-Type", "application/json; charset=utf-8")
_ELSEWHERE = "https://127.0.0.1:9/elsewhere"
_CHALLENGE = (
    'Bearer authorization_uri="https://127.0.0.1:9/tenant/oauth2/authorize",'
    ' authorization="https://127.0.0.1:9/tenant", resource="https://management.azure.com",'
    ' resource_id="https://management.azure.com"'
)
_RETRY_AFTER = {
    "no": None, "0": "0", "1": "1", "3600": "3600", "1e9": "1000000000", "a date of 2099": "Thu, 01 Jan 2099 00:00:00 GMT",
    "a date of 1999": "Fri, 01 Jan 1999 00:00:00 GMT", "soon": "soon", "-5": "-5", "inf": "inf", "nan": "nan", "empty": "",
}  # fmt: skip
_NONSENSE: Mapping[str, bytes] = {
    "HTML": b"<!DOCTYPE html><html><body>Sign in</body></html>", "nothing": b"", "[]": b"[]", "{}": b"{}",
    "null": b"null", "text": b'"x"', "a number": b"1e999", "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "UTF-16": '{"value": []}'.encode("utf-16"), "not UTF-8": b'{"a": "\xff\xfe"}', "half": b'{"value": [{"id": ',
    "lists of nothing": b'{"value": [null, 1, []], "data": [null, 1, []], "access_token": [], "expires_on": {}}',
}  # fmt: skip
HUGE_BYTES = 96 * 1024 * 1024


def _status(status: int, headers: Mapping[str, str | None] | None = None) -> Treatment:
    given = [(name, value) for name, value in (headers or {}).items() if value is not None]
    body = b'{"error":{"code":"Refused","message":"no"},"odata.error":{"code":"Refused","message":{"value":"no"}}}'
    return lambda exchange: exchange.send(Answer(status=status, headers=[JSON, *given], body=body))


def _say(body: bytes, kind: tuple[str, str] = JSON) -> Treatment:
    return lambda exchange: exchange.send(Answer(headers=[kind], body=body))


def _close_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.close()


def _reset_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def _truncate(exchange: Exchange) -> None:
    exchange.send(exchange.forward(), part=0.6)
    exchange.close()


def _garble(exchange: Exchange) -> None:
    exchange.raw(os.urandom(400))
    exchange.close()


def _change(**headers: str) -> Treatment:
    """Answer as the dependency does, but with other headers."""

    def treat(exchange: Exchange) -> None:
        answer = exchange.forward()
        named = {name.replace("_", "-").lower() for name in headers}
        kept = [(name, value) for name, value in answer.headers if name.lower() not in named]
        changed = [(name.replace("_", "-"), value) for name, value in headers.items()]
        exchange.send(Answer(status=answer.status, headers=[*kept, *changed], body=answer.body))

    return treat


def _drip(exchange: Exchange) -> None:
    """Send a byte of an answer every half a second, without an end."""
    exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while not exchange.ended.wait(0.5):
        exchange.raw(b" ")


def _drip_headers(exchange: Exchange) -> None:
    exchange.raw(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        exchange.raw(f"x-{number}: ".encode())
        if exchange.ended.wait(0.5):
            return
        exchange.raw(b"1\r\n")


def _hang(exchange: Exchange) -> None:
    exchange.ended.wait(400)
    exchange.close()


def _huge(exchange: Exchange) -> None:
    exchange.raw(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {HUGE_BYTES}\r\n\r\n".encode())
    block = b" " * 1024 * 1024
    for _ in range(HUGE_BYTES // len(block)):
        exchange.raw(block)


def _huge_gzip(exchange: Exchange) -> None:
    body = gzip.compress(b" " * HUGE_BYTES, 6)
    exchange.send(Answer(headers=[JSON, ("Content-Encoding", "gzip")], body=body))


def _late(exchange: Exchange) -> None:
    """Answer rightly, after three seconds."""
    answer = exchange.forward()
    time.sleep(3)
    exchange.send(answer)


def _all() -> Iterator[tuple[str, Treatment]]:
    yield "close before", Exchange.close
    yield "close after", _close_after
    yield "reset before", Exchange.reset
    yield "reset after", _reset_after
    yield "truncation", _truncate
    yield "garbage", _garble
    yield "late", _late
    for status in (400, 401, 403, 404, 408, 409, 412, 413, 500, 502, 504):
        yield str(status), _status(status)
    for status in (429, 503):
        for name, value in _RETRY_AFTER.items():
            yield f"{status}, Retry-After {name}", _status(status, {"Retry-After": value})
    for status in (301, 302, 307, 308):
        yield f"redirect {status}", _status(status, {"Location": _ELSEWHERE})
    yield "challenge", _status(401, {"WWW-Authenticate": _CHALLENGE})
    for name, body in _NONSENSE.items():
        yield f"200, {name}", _say(body)
    yield "200, HTML as HTML", _say(_NONSENSE["HTML"], ("Content-Type", "text/html"))
    yield "wrong content type", _change(Content_Type="text/plain; charset=utf-16")
    yield "wrong encoding", _change(Content_Encoding="gzip")
    yield "an impossible date", _change(Date="Sun, 31 Feb 2026 23:59:60 GMT")
    yield "204 without a body", lambda exchange: exchange.send(Answer(status=204))
    yield "huge", _huge
    yield "huge when unpacked", _huge_gzip
    yield "drip", _drip
    yield "drip of headers", _drip_headers
    yield "hang", _hang


FAULTS: Mapping[str, Treatment] = dict(_all())
LASTING = frozenset({"drip", "drip of headers", "hang"})
"""Those that keep one request busy to the end of the scan's time."""
LIES = frozenset({("ingestion", "200, nothing"), ("ingestion", "204 without a body")})
"""Answers that say that rows were accepted, which were not: no client can know, and a replay brings the rows."""
SHAPES: Mapping[str, Callable[[int], bool]] = {
    "the first request": lambda number: number == 1,
    "the second": lambda number: number == 2,
    "the ninth": lambda number: number == 9,
    "all": lambda _number: True,
}
"""Which requests to the dependency go wrong, by their number."""
MANY_REQUESTS = frozenset({"table"})
"""Dependencies that a scan asks nine times or more."""
