"""Under which conditions the local Azure answers: its time, faults, roles and limits."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from emulator.client.connection import ControlConnection
from emulator.endpoint.access import Role
from emulator.endpoint.faults import Fault, FaultKind


class ConditionsControl(ControlConnection):
    """Sets the time, scripts faults, gives and takes roles."""

    __slots__ = ()

    def set_clock(self, moment: datetime, *, frozen: bool = True) -> None:
        """Put the domain clock at a moment; it stands there, or runs on."""
        self.do("clock", at=moment.isoformat(), frozen=frozen)

    def follow_real_time(self) -> None:
        """Let the domain clock follow real time again."""
        self.do("clock", real=True)

    def now(self) -> datetime:
        """Answer the time of the domain clock."""
        return datetime.fromisoformat(self.do("clock")["now"])

    def set_latency(self, endpoint: str, seconds: float) -> None:
        """Make every answer of an endpoint take that much longer."""
        self.do("latency", endpoint=endpoint, seconds=seconds)

    def add_fault(self, endpoint: str, kind: FaultKind, **facts: Any) -> int:
        """Script a fault; ``facts`` are the further fields of ``Fault``. Answer its number."""
        fault = Fault(endpoint=endpoint, kind=kind, **facts)
        return int(self.do("fault", **asdict(fault))["number"])

    def clear_faults(self) -> None:
        """Forget all faults and release what they hold."""
        self.do("faults/clear")

    def release(self, number: int | None = None) -> int:
        """Release what a stall holds, one or all; answer how many stalls that were."""
        return int(self.do("faults/release", number=number)["released"])

    def grant(self, role: Role, scope: str = "*", client_id: str = "*") -> None:
        """Assign a role."""
        self.do("role", role=role, scope=scope, client_id=client_id, granted=True)

    def revoke(self, role: Role, scope: str = "*", client_id: str = "*") -> None:
        """Take a role away; on one scope, or from one identity, also where a wider assignment gives it."""
        self.do("role", role=role, scope=scope, client_id=client_id, granted=False)

    def set_limits(  # noqa: PLR0913 - the limits, by name
        self,
        *,
        graph_queries: int | None = None,
        page_bytes: int | None = None,
        strict: bool | None = None,
        token_lifetime_seconds: int | None = None,
        columns_not_offered: Sequence[str] | None = None,
        change_delay_seconds: float | None = None,
    ) -> None:
        """Change limits: queries in 5 s (0: none), bytes of a page, strict ingestion, seconds that new tokens live.

        ``columns_not_offered`` are paths below ``properties`` that this cloud leaves out of ``computeresources``, such
        as ``latestModelApplied`` or ``storageProfile.imageReference.exactVersion``; ``change_delay_seconds`` is how
        much later than a change its record can be read.
        """
        limits = {
            "graph_queries": graph_queries,
            "page_bytes": page_bytes,
            "strict": strict,
            "token_lifetime_seconds": token_lifetime_seconds,
            "change_delay_seconds": change_delay_seconds,
            "columns_not_offered": None if columns_not_offered is None else list(columns_not_offered),
        }
        self.do("limits", **{name: value for name, value in limits.items() if value is not None})

    def set_budget(self, name: str, *, burst: int, per_minute: float) -> None:
        """Give the buckets of one of Resource Manager's budgets another size, and fill them.

        Names are those of the headers, such as ``HighCostGetVMScaleSetResource``, and ``subscription-reads``.
        """
        self.do("budget", name=name, burst=burst, per_minute=per_minute)

    def switch_budgets(self, *, enabled: bool) -> None:
        """Let the budgets refuse calls, or only count them."""
        self.do("budgets", enabled=enabled)

    def budgets(self) -> dict[str, dict[str, Any]]:
        """Answer for each budget: its buckets, what was taken, the most that was used of one, and calls refused."""
        report: dict[str, dict[str, Any]] = self.do("budgets")
        return report
