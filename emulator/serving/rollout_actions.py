"""Actions of the control surface about images that are published and upgrades that roll."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulator.endpoint.messages import parse_time
from emulator.estate.rolling_upgrades import RollingUpgrade
from emulator.estate.upgrade_courses import Course
from emulator.serving.application import Emulator


class RolloutActions:
    """What a script does to images and rolling upgrades."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def actions(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """Answer the actions by name."""
        return {
            "publish": self._publish,
            "publish-image": self._publish_image,
            "image/deprecate": self._deprecate,
            "image/withdraw": self._withdraw,
            "images": self._images,
            "upgrade/start": self._start,
            "upgrade/resume": self._resume,
            "upgrade/cancel": self._cancel,
            "upgrade/put": self._put,
            "upgrade/moved": self._moved,
            "repairs": self._repairs,
        }

    def _publish(self, asked: dict[str, Any]) -> Any:
        with self._emulator.estate.lock:
            arrivals = self._emulator.simulation.publishing.publish(asked)
        self._emulator.simulation.advance()
        return arrivals

    def _publish_image(self, asked: dict[str, Any]) -> Any:
        self._emulator.images.publish(**asked)
        return {}

    def _deprecate(self, asked: dict[str, Any]) -> Any:
        self._emulator.images.deprecate(**asked)
        return {}

    def _withdraw(self, asked: dict[str, Any]) -> Any:
        self._emulator.images.withdraw(**asked)
        return {}

    def _images(self, asked: dict[str, Any]) -> Any:
        self._emulator.images.lists_deprecation = bool(asked["lists_deprecation"])
        return {}

    def _start(self, asked: dict[str, Any]) -> Any:
        with self._emulator.estate.lock:
            upgrade = self._emulator.simulation.upgrades.start(
                asked["id"],
                target=asked.get("target"),
                started_by=asked.get("started_by", "Platform"),
                course=Course(**(asked.get("course") or {})),
            )
        return {"started": upgrade is not None}

    def _resume(self, asked: dict[str, Any]) -> Any:
        with self._emulator.estate.lock:
            return {"resumed": self._emulator.simulation.upgrades.resume(asked["id"])}

    def _cancel(self, asked: dict[str, Any]) -> Any:
        with self._emulator.estate.lock:
            return {"cancelled": self._emulator.simulation.upgrades.cancel(asked["id"])}

    def _put(self, asked: dict[str, Any]) -> Any:
        facts = dict(asked)
        resource_id = facts.pop("id")
        times = {name: _moment(facts.pop(name, None)) for name in ("started", "ended", "last_action_time")}
        started = times["started"] or self._emulator.clock.now()
        document = self._emulator.estate.get(resource_id) or {}
        with self._emulator.estate.lock:
            self._emulator.simulation.upgrades.put(
                RollingUpgrade(
                    scale_set_id=resource_id,
                    location=str(document.get("location", "")),
                    started=started,
                    ended=times["ended"],
                    last_action_time=times["last_action_time"] or started,
                    is_os=bool(facts.pop("is_os", True)),
                    started_by=facts.pop("started_by", "Platform"),
                    target=facts.pop("target", {}),
                    policy=facts.pop("policy", {}),
                    course=Course(),
                    **facts,
                )
            )
        return {}

    def _moved(self, asked: dict[str, Any]) -> Any:
        with self._emulator.estate.lock:
            return {"ids": self._emulator.simulation.upgrades.moved_since(parse_time(asked["since"]))}

    def _repairs(self, asked: dict[str, Any]) -> Any:
        with self._emulator.estate.lock:
            self._emulator.simulation.repairs.set(
                asked["id"], asked["state"], asked.get("operation", "Completed"), self._emulator.clock.now()
            )
        return {}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
