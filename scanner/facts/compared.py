"""The facts that are compared between scans: name, how each is read, and what is safer. A drift is one of these.

A value stays the same when Azure adds a default, changes the case of an enum or id, writes a duration another way, or
lists things in another order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from scanner.facts import arm_paths as arm
from scanner.facts.evidence import JsonValue
from scanner.facts.extensions import Switch
from scanner.facts.posture import OsType, PatchMode, Posture

type Safety = Callable[[JsonValue], float | None]
"""How safe a value is, more being safer; ``None``: it cannot be said."""


def _no_better(_value: JsonValue) -> float | None:
    """Say of every value that it is no better or worse than another."""
    return None


@dataclass(frozen=True, slots=True)
class ComparedFact:
    """A fact whose change is reported."""

    name: str
    read: Callable[[Posture], JsonValue] | None
    """``None`` in its answer: not reported. In place of a reader: the fact is decided while judging."""
    safety: Safety = _no_better
    paths: tuple[str, ...] = ()
    """Where Azure keeps it; empty for a fact that is decided from others. A change there is why it differs."""

    @property
    def has_safer(self) -> bool:
        """Whether one value of it is safer than another."""
        return self.safety is not _no_better


def compared_facts(posture: Posture, upgrades_itself: str | None = None) -> dict[str, JsonValue]:
    """Read the facts that are compared, always in the order of the table; ``None``: not reported.

    ``upgrades_itself`` is the headline that the judging came to.
    """
    return {fact.name: upgrades_itself if fact.read is None else fact.read(posture) for fact in COMPARED}


def paths_of(name: str) -> tuple[str, ...]:
    """Say where Azure keeps a fact; empty for a fact that is not compared, or is decided from several."""
    fact = _BY_NAME.get(name)
    return () if fact is None else fact.paths


def safety_of(name: str, value: JsonValue) -> float | None:
    """Say how safe a value of a fact is, more being safer; ``None``: it cannot be said, or there is no such fact."""
    fact = _BY_NAME.get(name)
    return None if fact is None else fact.safety(value)


def _more(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _less(value: JsonValue) -> float | None:
    return -float(value) if isinstance(value, int | float) else None


def _rank(*worst_to_best: str) -> Safety:
    ranks = {name.lower(): float(rank) for rank, name in enumerate(worst_to_best)}
    return lambda value: ranks.get(value.lower()) if isinstance(value, str) else None


def _headline_safety(value: JsonValue) -> float | None:
    """Rank the headline: yes over in_guest over the rest; of a managed scale set nothing is said."""
    if not isinstance(value, str) or value == "managed":
        return None
    return {"yes": 2.0, "in_guest": 1.0}.get(value, 0.0)


def _text(value: StrEnum | None) -> str | None:
    return None if value is None else value.value


def _flag(value: Switch | None) -> bool | None:
    return {Switch.ON: True, Switch.OFF: False}.get(value) if value is not None else None


def _artifact(posture: Posture) -> JsonValue:
    return "none" if posture.service_artifact_reference == "" else posture.service_artifact_reference


def _application_health(posture: Posture) -> JsonValue:
    return "none" if posture.application_health is False else _text(posture.application_health_protocol)


def _patch_mode(posture: Posture) -> JsonValue:
    mode = posture.guest.patch_mode
    if mode is PatchMode.ABSENT:
        mode = PatchMode.IMAGE_DEFAULT if posture.os_type is OsType.LINUX else PatchMode.AUTOMATIC_BY_OS
    return _text(mode)


def _extensions(posture: Posture) -> JsonValue:
    extensions = posture.extensions
    if extensions is None or any(item.publisher is None or item.type is None for item in extensions):
        return None
    # Only an explicit refusal shows: on and absent are the same thing in newer API versions.
    return sorted(
        f"{item.publisher}/{item.type}{' (automatic upgrade off)' if item.automatic_upgrade is Switch.OFF else ''}"
        for item in extensions
    )


def _hooks(posture: Posture) -> JsonValue:
    hooks = posture.lifecycle_hooks
    if hooks is None or any(hook.type is None or hook.default_action is None for hook in hooks):
        return None
    return sorted(f"{hook.type}: {hook.default_action}" for hook in hooks)


COMPARED: tuple[ComparedFact, ...] = (
    ComparedFact(
        "orchestration_mode", lambda posture: _text(posture.orchestration_mode), paths=(arm.ORCHESTRATION_MODE,)
    ),
    ComparedFact(
        "upgrade_mode",
        lambda posture: _text(posture.upgrade_mode),
        _rank("manual", "automatic", "rolling"),
        (arm.MODE,),
    ),
    ComparedFact(
        "automatic_os_upgrade",
        lambda posture: posture.automatic_os_upgrade,
        _more,
        (arm.OS_UPGRADE, arm.LEGACY_OS_UPGRADE),
    ),
    ComparedFact(
        "automatic_rollback_disabled",
        lambda posture: posture.automatic_rollback_disabled,
        _less,
        (arm.ROLLBACK_DISABLED,),
    ),
    ComparedFact(
        "use_rolling_upgrade_policy", lambda posture: posture.use_rolling_upgrade_policy, paths=(arm.USE_ROLLING,)
    ),
    ComparedFact(
        "os_rolling_upgrade_deferral", lambda posture: posture.os_rolling_upgrade_deferral, _less, (arm.DEFERRAL,)
    ),
    ComparedFact(
        "max_batch_instance_percent", lambda posture: posture.max_batch_instance_percent, _less, (arm.MAX_BATCH,)
    ),
    ComparedFact(
        "max_unhealthy_instance_percent",
        lambda posture: posture.max_unhealthy_instance_percent,
        _less,
        (arm.MAX_UNHEALTHY,),
    ),
    ComparedFact(
        "max_unhealthy_upgraded_instance_percent",
        lambda posture: posture.max_unhealthy_upgraded_instance_percent,
        _less,
        (arm.MAX_UNHEALTHY_UPGRADED,),
    ),
    ComparedFact(
        "pause_between_batches_seconds", lambda posture: posture.pause_between_batches_seconds, _more, (arm.PAUSE,)
    ),
    ComparedFact("max_surge", lambda posture: posture.max_surge, paths=(arm.MAX_SURGE,)),
    ComparedFact("overprovision", lambda posture: posture.overprovision, paths=(arm.OVERPROVISION,)),
    ComparedFact("os_type", lambda posture: _text(posture.os_type), paths=(arm.OS_TYPE,)),
    ComparedFact(
        "image", lambda posture: None if posture.image is None else str(posture.image), paths=(arm.IMAGE, arm.VHD)
    ),
    ComparedFact(
        "image_pinned", lambda posture: None if posture.image is None else posture.image.pinned, _less, (arm.IMAGE,)
    ),
    ComparedFact("service_artifact_reference", _artifact, paths=(arm.ARTIFACT,)),
    ComparedFact("health_probe", lambda posture: posture.health_probe, _more, (arm.PROBE,)),
    ComparedFact(
        "application_health",
        _application_health,
        _rank("none", "tcp", "http", "https"),
        (arm.EXTENSIONS, arm.HEALTH_PROTOCOL),
    ),
    ComparedFact(
        "external_health_policy", lambda posture: posture.external_health_policy, _more, (arm.EXTERNAL_HEALTH,)
    ),
    ComparedFact("automatic_repairs", lambda posture: posture.automatic_repairs, _more, (arm.REPAIRS,)),
    ComparedFact(
        "windows_automatic_updates",
        lambda posture: _flag(posture.windows_automatic_updates),
        paths=(arm.WINDOWS_UPDATES,),
    ),
    ComparedFact("patch_mode", _patch_mode, paths=(arm.WINDOWS_PATCH_MODE, arm.LINUX_PATCH_MODE)),
    ComparedFact("extensions", _extensions, paths=(arm.EXTENSIONS,)),
    ComparedFact("lifecycle_hooks", _hooks, paths=(arm.HOOKS,)),
    ComparedFact("managed_by", lambda posture: posture.managed_by, paths=(arm.MANAGED_BY,)),
    ComparedFact("upgrades_itself", None, _headline_safety),
)

_BY_NAME: Mapping[str, ComparedFact] = {fact.name: fact for fact in COMPARED}
