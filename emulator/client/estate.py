"""What there is in the local Azure, and who changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from emulator.client.connection import ControlConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who makes a change, as Resource Graph's change records say it."""

    changed_by: str
    changed_by_type: str = "User"
    client_type: str = "Azure Portal"
    operation: str = ""
    correlation_id: str = ""


PORTAL_USER = Who(changed_by="anna.berg@contoso.example")
PIPELINE = Who(
    changed_by="7d0c1f52-0f6c-4f0e-9a33-5a3f0e7b9c11", changed_by_type="Application", client_type="Azure DevOps"
)
PLATFORM = Who(changed_by="System", changed_by_type="System", client_type="Unspecified")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedFleet:
    """What a synthetic fleet consists of."""

    subscriptions: tuple[str, ...]
    scale_sets: int
    instances: int
    shapes: Mapping[str, int]
    problems: Mapping[str, tuple[str, ...]]
    """Scale set ids by problem."""


class EstateControl(ControlConnection):
    """Fills the estate and changes it."""

    __slots__ = ()

    def create_fleet(  # noqa: PLR0913 - what a fleet consists of, by name
        self,
        *,
        seed: int = 1,
        subscriptions: int = 3,
        scale_sets: int = 100,
        instances: int | None = None,
        troubled: float = 0.3,
        surroundings: bool = False,
    ) -> CreatedFleet:
        """Add a synthetic fleet, the same for the same numbers.

        ``instances`` is how many each scale set has (``None``: as many as its capacity says); ``surroundings`` adds
        what the scale sets refer to: gallery versions, and the load balancer with its probe.
        """
        answer = self.do(
            "fleet",
            seed=seed,
            subscriptions=subscriptions,
            scale_sets=scale_sets,
            instances=instances,
            troubled=troubled,
            surroundings=surroundings,
        )
        return CreatedFleet(
            subscriptions=tuple(answer["subscriptions"]),
            scale_sets=answer["scale_sets"],
            instances=answer["instances"],
            shapes=answer["shapes"],
            problems={name: tuple(ids) for name, ids in answer["problems"].items()},
        )

    def put_subscription(self, subscription_id: str, name: str, *, management_group: str = "mg-root") -> None:
        """Add or replace a subscription."""
        self.do("subscription", id=subscription_id, name=name, management_group=management_group)

    def put_group(self, subscription_id: str, name: str, *, location: str = "westeurope", managed_by: str = "") -> None:
        """Add or replace a resource group."""
        self.do("group", subscription_id=subscription_id, name=name, location=location, managed_by=managed_by)

    def delete_group(self, subscription_id: str, name: str, *, by: Who = PORTAL_USER) -> bool:
        """Delete a resource group and all scale sets in it; answer whether it was there."""
        group_id = f"/subscriptions/{subscription_id}/resourceGroups/{name}"
        return bool(self.do("group/delete", id=group_id, by=asdict(by))["deleted"])

    def delete_subscription(self, subscription_id: str, *, by: Who = PORTAL_USER) -> bool:
        """Take a subscription and all in it out of the tenant; answer whether it was there."""
        return bool(self.do("subscription/delete", id=subscription_id, by=asdict(by))["deleted"])

    def put_scale_set(self, document: Mapping[str, Any], *, by: Who = PIPELINE) -> bool:
        """Add or replace a scale set by its ARM document; answer whether it is new."""
        return bool(self.do("scale-set", document=document, by=asdict(by))["created"])

    def put_instances(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Add or replace instances by their documents."""
        self.do("instances", documents=documents)

    def set_instances(self, scale_set_id: str, *runs: Mapping[str, Any]) -> int:
        """Give a scale set instances by the run, in the place of those before; answer how many there are then.

        A run is a ``count``, perhaps the ``first`` number, and fields of ``InstanceState``: ``exact_version``,
        ``latest_model``, ``power``, ``provisioning``, ``health``, ``protect_from_actions`` and so on.
        """
        return int(self.do("instances", id=scale_set_id, runs=list(runs))["count"])

    def change(
        self,
        scale_set_id: str,
        values: Mapping[str, Any] | Sequence[tuple[Sequence[str | int], Any]] = (),
        *,
        remove: Sequence[str] = (),
        by: Who = PORTAL_USER,
    ) -> dict[str, Any]:
        """Set and remove properties by path (``properties.upgradePolicy.mode``); answer the document afterwards.

        A path is a list of steps where a name, such as a tag's, has a dot in it.
        """
        pairs = values if isinstance(values, Mapping) else [list(pair) for pair in values]
        document: dict[str, Any] = self.do("change", id=scale_set_id, set=pairs, remove=list(remove), by=asdict(by))[
            "document"
        ]
        return document

    def edit_tags(self, scale_set_id: str, tags: Mapping[str, str | None], *, by: Who = PORTAL_USER) -> None:
        """Set tags; ``None`` takes one away."""
        values = [(("tags", name), value) for name, value in tags.items() if value is not None]
        gone = [["tags", name] for name, value in tags.items() if value is None]
        self.do("change", id=scale_set_id, set=[list(pair) for pair in values], remove=gone, by=asdict(by))

    def move_instances(
        self,
        scale_set_id: str,
        *,
        exact_version: str | None = None,
        latest_model: bool | None = None,
        share: float = 1.0,
        by: Who = PLATFORM,
        **state: Any,
    ) -> None:
        """Bring a share of the instances to an image version, to the latest model or away from it.

        ``state`` holds further fields of ``InstanceState``, such as ``health="unhealthy"``, for instances in runs.
        """
        move: dict[str, Any] = {"share": share, "state": state}
        if exact_version is not None:
            move["exact_version"] = exact_version
        if latest_model is not None:
            move["latest_model"] = latest_model
        self.do("change", id=scale_set_id, instances=move, by=asdict(by))

    def delete_scale_set(self, scale_set_id: str, *, by: Who = PORTAL_USER) -> None:
        """Delete a scale set and its instances."""
        self.do("change", id=scale_set_id, delete=True, by=asdict(by))

    def scale_set_ids(self) -> list[str]:
        """Answer the ids of all scale sets that Resource Manager has, in lower case and in order."""
        ids: list[str] = self.do("ids")["ids"]
        return ids

    def scale_set(self, scale_set_id: str) -> dict[str, Any] | None:
        """Answer the document that Resource Manager has, if there is one."""
        document: dict[str, Any] | None = self.do("get", id=scale_set_id)["document"]
        return document

    def instances(self, scale_set_id: str) -> list[dict[str, Any]]:
        """Answer the instances of a scale set."""
        found: list[dict[str, Any]] = self.do("get", id=scale_set_id)["instances"]
        return found

    def hold_index(self, *, held: bool) -> None:
        """Let Resource Graph fall behind Resource Manager from now on, or catch up."""
        self.do("hold-index", held=held)

    def keep_index(self) -> None:
        """Keep what Resource Graph shows now; the fault ``stale`` answers with it later."""
        self.do("keep-index")
