"""What went wrong between the service and Table Storage, and what an operator can do about it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.data.tables import TableErrorCode

from scanner.errors import MonitorError, StateMissingError, StoreError
from scanner.plain_text import plain

_IN_DOUBT = (404, 408, 409, 412, 429)

_CHANGING = "rows changed time and again while they were written; another scan may be running"
_BUSY = "the storage account is too busy; the next scan tries again"
_ADVICE = {
    403: (
        "refused; the identity needs the role Storage Table Data Contributor, which takes some minutes to reach the"
        " service, and the storage account's network rules must let it in"
    ),
    404: "it is not there; a scan creates it at its start",
    409: _CHANGING,
    412: _CHANGING,
    413: "a transaction was too large",
    429: _BUSY,
    503: _BUSY,
}

type Reporting = Callable[[str], AbstractContextManager[None]]


def is_in_doubt(error: Exception) -> bool:
    """Whether the rows must be read to know if a write was done: a conflict, or an answer that was lost or unreadable.

    The pipeline repeats what got no answer or 5xx, so the second answer can be a conflict with ourselves.
    """
    if isinstance(error, ClientAuthenticationError):
        return False
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return error.status_code in _IN_DOUBT or error.status_code >= 500
    return True


def is_conflict(error: Exception) -> bool:
    """Whether the service answered at once that a row is there, gone or changed."""
    return isinstance(error, HttpResponseError) and error.status_code in (404, 409, 412)


def code_of(error: Exception) -> object:
    """Read the service's own error code, which the client adds to its exceptions without declaring it."""
    return getattr(error, "error_code", None)


def reporting(endpoint: str, table_name: str) -> Reporting:
    """Make the context in which everything that Azure or the network throws becomes a ``StoreError``."""

    @contextmanager
    def report(action: str) -> Iterator[None]:
        try:
            yield
        except MonitorError:
            raise
        except Exception as error:  # an answer of another form raises in the client whatever it stumbles over
            kind = StateMissingError if code_of(error) == TableErrorCode.TABLE_NOT_FOUND else StoreError
            told = str(error) if isinstance(error, AzureError | OSError) else f"{type(error).__name__}: {error}"
            said = plain(" ".join(told.split()), 500)
            raise kind(
                f"cannot {action} the table {table_name} at {endpoint}: {_advice(error)} ({said})",
                is_in_doubt=is_in_doubt(error),
            ) from error

    return report


def _advice(error: Exception) -> str:
    if isinstance(error, ClientAuthenticationError):
        return "the identity got no token, or one for another service; see its client id and the audience"
    if not isinstance(error, AzureError | OSError):
        return "its answer cannot be read; something else may have answered in its place"
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return "no answer; see the endpoint, the name's resolution, and private links"
    return _ADVICE.get(error.status_code, f"HTTP {error.status_code}")
