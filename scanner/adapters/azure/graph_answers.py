"""What Resource Graph's answers hold, and whether they are whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from scanner.errors import CallFailure, ReadFailedError
from scanner.facts.evidence import JsonValue
from scanner.facts.resource_id import parse_resource_id
from scanner.plain_text import plain

type Row = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPage:
    """One page of an answer."""

    rows: Sequence[Row]
    token: str | None
    total: int | None
    """Rows of the whole answer, as Azure counted them for this page."""
    size: int
    """Rows that were asked for; the next page asks for as many."""


class TruncatedError(ReadFailedError):
    """Rows of an answer are missing, and there is no token to page to them."""


def read_page(body: Any, size: int) -> GraphPage:
    """Read the envelope of a page. Raises ``ReadFailedError`` when rows may be missing."""
    if not isinstance(body, dict):
        raise ReadFailedError("Resource Graph's answer is not a JSON object: a proxy may have answered in its place.")
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ReadFailedError("Resource Graph's answer has no list of rows under 'data'.")
    if str(body.get("resultTruncated", "false")).lower() != "false":
        raise TruncatedError("Resource Graph truncated the answer: rows are missing and cannot be paged to.")
    counted = body.get("count")
    if isinstance(counted, int) and counted != len(rows):
        raise ReadFailedError(f"Resource Graph counted {counted} rows on a page and sent {len(rows)}.")
    token = body.get("$skipToken")
    if token is not None and not isinstance(token, str):
        raise ReadFailedError("Resource Graph's page token is not text.")
    total = body.get("totalRecords")
    return GraphPage(
        rows=cast("Sequence[Row]", rows),
        token=token or None,
        total=total if isinstance(total, int) else None,
        size=size,
    )


def check_complete(received: int, total: int | None, pages: int) -> None:
    """Raise when fewer rows came than Azure counted.

    Between two pages the estate may change and a row slip past the edge: one for each edge may be missing. What was
    missed keeps the last known state.
    """
    if total is not None and received < total - (pages - 1):
        raise ReadFailedError(f"Resource Graph counted {total} rows and sent {received}: the answer is incomplete.")


def unseen(rows: Sequence[Row], seen: set[str]) -> Sequence[Row]:
    """Leave out the rows whose id was on this page or an earlier one: pages of a changing estate may overlap."""
    fresh: list[Row] = []
    for row in rows:
        scale_set_id = row.get("id") if isinstance(row, dict) else None
        if isinstance(scale_set_id, str):
            key = scale_set_id.lower()
            if key in seen:
                continue
            seen.add(key)
        fresh.append(row)
    return fresh


def take_container(row: Any, subscriptions: dict[str, str], managed: dict[str, str]) -> None:
    """Put one row of the coverage query where its id says it belongs; a row that is not understood fails the whole."""
    fields = row if isinstance(row, dict) else {}
    container, name, owner = parse_resource_id(fields.get("id")), fields.get("name"), fields.get("managedBy")
    if container is None or container.type:
        raise ReadFailedError(
            "Resource Graph's list of subscriptions holds a row that is neither subscription nor group:"
            f" {plain(repr(fields.get('id')), 200)}"
        )
    if not container.resource_group:
        subscriptions[container.subscription] = name if isinstance(name, str) else container.subscription
    elif isinstance(owner, str) and owner:
        managed[container.group_key] = owner
    elif owner not in (None, ""):
        raise ReadFailedError("Resource Graph's list of resource groups holds one whose owner is not text.")


def advice_on(said: CallFailure) -> str:
    """Say what an operator can do about a refusal; empty where there is nothing."""
    if said.status == 403:
        return " Grant the identity the Reader role on the subscriptions or management groups to watch."
    if said.status == 401:
        return " The token was not accepted: sign in again, and check the cloud and the tenant."
    if said.status == 429:
        return " The quota is used up by this identity: run less often, or let others use another identity."
    if said.is_sign_in:
        return " Sign in with az login, or set the AZURE_* variables; in Azure, give the app a managed identity."
    if said.status is None:
        return " Check network, proxy and trusted certificates."
    return ""
