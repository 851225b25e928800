"""The few ways in which the service can fail that a caller decides upon, each with its facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class MonitorError(Exception):
    """Base of the service's own errors. The message says what was wrong, where, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """What is wrong with one setting."""

    name: str
    shown: str | None
    """The value as far as it may be shown; ``None``: there is none, and one is required."""
    allowed: str
    """What it must be."""

    def __str__(self) -> str:
        """Say it in a sentence."""
        is_what = "is missing" if self.shown is None else f"is {self.shown!r}"
        return f"{self.name} {is_what}; it must be {self.allowed.rstrip('.')}."


class SettingsError(MonitorError):
    """A setting, the policy or the exemption file is wrong: the operator of the service corrects it."""

    def __init__(self, message: str, problems: Sequence[SettingProblem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        """Settings that are wrong, where it is about settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailure:
    """The facts of a call to a service that failed. Texts are plain and of bounded length."""

    status: int | None
    """HTTP status; ``None``: no answer came."""
    codes: tuple[str, ...]
    """The service's error code, then those of its details, such as ``AuthorizationFailed``."""
    message: str
    is_sign_in: bool = False
    """There was no token to send: the service itself was not asked."""

    def __str__(self) -> str:
        """Say it on one line, for example ``403 AuthorizationFailed: The client …``."""
        nothing = "no token" if self.is_sign_in else "no answer"
        return " ".join([str(self.status) if self.status else nothing, *self.codes[:2]]) + f": {self.message}"


class ReadFailedError(MonitorError):
    """A reading from Azure failed or is incomplete: nothing may be concluded from it."""

    def __init__(self, message: str, failure: CallFailure | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        """What Azure answered; ``None``: the call went well, and its answer was incomplete or not understood."""


class TimeLimitReachedError(ReadFailedError):
    """A scan ended at its time limit, with what it had read."""

    def __init__(self, message: str, *, limit: timedelta, scale_sets_read: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.scale_sets_read = scale_sets_read


class PublishFailedError(MonitorError):
    """Log Analytics accepted nothing of a batch: the events stay in the outbox."""


class StoreError(MonitorError):
    """The state could not be read or written: the scan stops and repeats the work later."""

    def __init__(self, message: str, *, is_in_doubt: bool = False) -> None:
        super().__init__(message)
        self.is_in_doubt = is_in_doubt
        """Whether a write may have been done all the same: its answer was lost or unreadable."""


class StateMissingError(StoreError):
    """There is no place yet that keeps state: no scan has begun."""


class StateConflictError(StoreError):
    """Another scan wrote the same state first: this scan stops rather than overwrite it."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        """The scale set's resource id in lower case."""


class UnreadableError(StoreError):
    """A row of the store is not one that this service wrote: it is set aside and told."""


class StateTooLargeError(StoreError):
    """States do not fit into a row of the store: they are left as they are, and the rest is written without them."""

    def __init__(self, message: str, *, keys: frozenset[str]) -> None:
        super().__init__(message)
        self.keys = keys
        """The scale sets' resource ids in lower case."""


class RecordTooLargeError(StoreError):
    """A control record does not fit into a row of the store; nothing was written."""


class LeaseHeldError(StoreError):
    """Another scan is running."""

    def __init__(self, message: str, *, holder: str | None = None) -> None:
        super().__init__(message)
        self.holder = holder
        """The id of that scan, where it is known."""


class LeaseLostError(StoreError):
    """The lease that a scan held is no longer its own: it stops before it writes anything more."""


class NewerSchemaError(StoreError):
    """The state was written by a newer version of the service: upgrade before scanning."""
