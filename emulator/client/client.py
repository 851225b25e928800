"""A client for the control surface."""

from typing import Any

from emulator.client.conditions import ConditionsControl
from emulator.client.estate import EstateControl
from emulator.client.observations import ObservationsControl
from emulator.client.resources import ResourcesControl
from emulator.client.rollouts import RolloutsControl


class Control(EstateControl, RolloutsControl, ResourcesControl, ConditionsControl, ObservationsControl):
    """Sets the scene in a running emulator, and looks at it."""

    __slots__ = ()

    def reset(self) -> None:
        """Forget documents, rows, faults, latencies, roles and requests; saved functions stay."""
        self.do("reset")

    def status(self) -> dict[str, Any]:
        """Numbers that describe the emulator's present state."""
        status: dict[str, Any] = self.do("status")
        return status
