"""Resource Graph's nested error shape.

https://learn.microsoft.com/azure/governance/resource-graph/troubleshoot/general
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from emulator.endpoint.messages import RefusedError, Response, iso, json_response
from emulator.kusto.kql import QueryError


def graph_error(
    status: int, code: str, details: Sequence[Mapping[str, Any]], headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a code, a message for support, and the details that say what was wrong."""
    message = (
        "Please provide below info when asking for support: "
        f"timestamp = {iso(datetime.now(UTC))}, correlationId = {uuid.uuid4()}."
    )
    return json_response({"error": {"code": code, "message": message, "details": list(details)}}, status, headers)


def bad_request(code: str, message: str) -> RefusedError:
    """Make the exception for a request that Resource Graph does not take."""
    return RefusedError(graph_error(400, "BadRequest", [{"code": code, "message": message}]))


def bad_query(error: QueryError) -> RefusedError:
    """Make the exception for a query that does not run."""
    details: list[dict[str, Any]] = [
        {
            "code": "InvalidQuery",
            "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and "
            "fix the error before retrying.",
        }
    ]
    if error.line is not None:
        details.append(
            {
                "code": "ParserFailure",
                "message": str(error),
                "line": error.line,
                "characterPositionInLine": error.position,
            }
        )
    else:
        details.append({"code": "SemanticError", "message": str(error)})
    return RefusedError(graph_error(400, "BadRequest", details))


def throttled(headers: Mapping[str, str]) -> Response:
    """Answer that the quota is used up; as in Azure the quota headers say for how long."""
    detail = {
        "code": "RateLimiting",
        "message": "Client application has been throttled and should not continue to make requests until a period of "
        "time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.",
    }
    return graph_error(429, "RateLimiting", [detail], headers)


def no_access() -> RefusedError:
    """Make the exception for an identity that can read none of the subscriptions."""
    detail = {
        "code": "NoAccess",
        "message": "The client does not have access to any of the subscriptions in the scope of the query.",
    }
    return RefusedError(graph_error(403, "Forbidden", [detail]))
