"""The few ways in which the service can fail that a caller decides upon, each with its facts."""

from datetime import timedelta


class MonitorError(Exception):
    """Base of the service's own errors. The message says what was wrong, where, and what to do."""


class SettingsError(MonitorError):
    """A setting, the policy or the exemption file is wrong: whoever operates the service corrects it."""


class ReadFailedError(MonitorError):
    """A reading from Azure failed or is incomplete: nothing may be concluded from it."""


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


class StateConflictError(StoreError):
    """Another scan wrote the same state first: this scan stops rather than overwrite it."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        """The scale set's resource id in lower case."""


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
