"""The answers of scripted refusals, in the shape of the endpoint that refuses."""

from emulator.endpoint.faults import Fault
from emulator.endpoint.messages import Response, error_response, json_response
from emulator.resource_graph.graph_errors import graph_error

_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    404: "NotFound",
    408: "RequestTimeout",
    409: "Conflict",
    413: "ContentLengthLimitExceeded",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


def answer(endpoint: str, fault: Fault) -> Response:
    """Answer a fault of kind ``status``."""
    headers: dict[str, str] = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    code = fault.code or _CODES.get(fault.status, "InternalServerError")
    message = f"The service answers {fault.status} because a test asked for it."
    match endpoint:
        case "graph":
            code = fault.code or ("RateLimiting" if fault.status == 429 else code)
            if fault.status == 429:
                headers |= {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"}
            return graph_error(fault.status, code, [{"code": code, "message": message}], headers)
        case "query":
            code = fault.code or ("ThrottledError" if fault.status == 429 else code)
            return json_response({"error": {"message": message, "code": code}}, fault.status, headers)
        case "table":
            payload = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}}
            return json_response(payload, fault.status, headers | {"x-ms-error-code": code})
        case "identity":
            return json_response({"statusCode": fault.status, "message": message}, fault.status, headers)
        case _:
            return error_response(fault.status, code, message, headers)
