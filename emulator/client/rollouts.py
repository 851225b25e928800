"""Images and rolling upgrades in the local Azure: publish, start, let hang, deprecate."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.client.connection import ControlConnection


class RolloutsControl(ControlConnection):
    """Publishes images, and scripts how upgrades go."""

    __slots__ = ()

    def publish(  # noqa: PLR0913 - the facts of a publication, by name
        self,
        image: Mapping[str, str],
        version: str,
        regions: Mapping[str, float],
        *,
        rollout_after_hours: float = 24,
        spread_hours: float = 12,
        course: Mapping[str, Any] | None = None,
        courses: Mapping[str, Mapping[str, Any]] | None = None,
        failing: float = 0.0,
        stalling: float = 0.0,
    ) -> dict[str, datetime]:
        """Publish an image in phases, and let Azure upgrade region by region as the clock moves.

        ``image`` is publisher, offer and sku, or the ``id`` of a gallery's image definition. ``regions`` has the hours
        from now after which each region gets the version. Upgrades begin ``rollout_after_hours`` later, spread over
        ``spread_hours``. ``course`` is how they go, ``courses`` (by scale set id) how single ones go: the fields of
        ``Course``, such as ``fails_in_batch=2``, ``stalls_after=1``, ``delay_hours=48``, ``skipped=True``. Of the rest
        the shares ``failing`` and ``stalling`` do not go well. Answers when each region gets it.
        """
        answer = self.do(
            "publish",
            image=dict(image),
            version=version,
            regions=dict(regions),
            rollout_after_hours=rollout_after_hours,
            spread_hours=spread_hours,
            course=dict(course or {}),
            courses={key: dict(value) for key, value in (courses or {}).items()},
            failing=failing,
            stalling=stalling,
        )
        return {region: datetime.fromisoformat(text) for region, text in answer.items()}

    def publish_image(  # noqa: PLR0913 - the names of an image
        self, *, location: str, publisher: str, offer: str, sku: str, version: str, edge_zone: str = ""
    ) -> None:
        """Publish a new version of a platform image in a region, or in one of its edge zones; nothing is upgraded."""
        self.do(
            "publish-image",
            location=location,
            publisher=publisher,
            offer=offer,
            sku=sku,
            version=version,
            edge_zone=edge_zone,
        )

    def deprecate_image(  # noqa: PLR0913 - the names of an image
        self,
        *,
        location: str,
        publisher: str,
        offer: str,
        sku: str,
        version: str,
        state: str,
        at: datetime | None = None,
    ) -> None:
        """Set a version's deprecation: ``ScheduledForDeprecation`` (with the time), ``Deprecated`` or ``Active``."""
        status = {"imageState": state} | ({"scheduledDeprecationTime": at.isoformat()} if at is not None else {})
        self.do(
            "image/deprecate",
            location=location,
            publisher=publisher,
            offer=offer,
            sku=sku,
            version=version,
            status=status,
        )

    def withdraw_image(self, *, location: str, publisher: str, offer: str, sku: str, version: str) -> None:
        """Take a version of a platform image away."""
        self.do("image/withdraw", location=location, publisher=publisher, offer=offer, sku=sku, version=version)

    def list_deprecation(self, *, listed: bool) -> None:
        """Let lists with properties say of each version whether it is deprecated, or leave it to the single read."""
        self.do("images", lists_deprecation=listed)

    def start_upgrade(
        self,
        scale_set_id: str,
        target: Mapping[str, Any] | None = None,
        *,
        started_by: str = "User",
        course: Mapping[str, Any] | None = None,
    ) -> bool:
        """Start a rolling upgrade now, to an image reference with its ``exactVersion``, or to the model.

        Answers whether there is such a scale set.
        """
        return bool(
            self.do(
                "upgrade/start",
                id=scale_set_id,
                target=None if target is None else dict(target),
                started_by=started_by,
                course=dict(course or {}),
            )["started"]
        )

    def resume_upgrade(self, scale_set_id: str) -> bool:
        """Let a rolling upgrade that hangs go on; answer whether there was one."""
        return bool(self.do("upgrade/resume", id=scale_set_id)["resumed"])

    def cancel_upgrade(self, scale_set_id: str) -> bool:
        """Cancel the rolling upgrade that is under way; answer whether there was one."""
        return bool(self.do("upgrade/cancel", id=scale_set_id)["cancelled"])

    def moved_upgrades(self, since: datetime) -> list[str]:
        """Answer the scale sets, by id, whose latest rolling upgrade moves, or ended after a moment."""
        ids: list[str] = self.do("upgrade/moved", since=since.isoformat())["ids"]
        return ids

    def put_upgrade(self, scale_set_id: str, **facts: Any) -> None:
        """Add a rolling upgrade as it is, the fields of ``RollingUpgrade``: for what was before, and for odd answers."""
        times = {name: value.isoformat() for name, value in facts.items() if isinstance(value, datetime)}
        self.do("upgrade/put", id=scale_set_id, **{**facts, **times})

    def set_repairs(self, scale_set_id: str, state: str, *, operation: str = "Completed") -> None:
        """Say what automatic repairs do now: ``Running``, ``NotRunning``, ``Suspended``; the instance view shows it."""
        self.do("repairs", id=scale_set_id, state=state, operation=operation)
