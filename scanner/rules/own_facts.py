"""The facts that the operator's own rules may read: each documented once, with how it is read from a posture."""

from collections.abc import Callable, Mapping

from scanner.facts import arm_paths as arm
from scanner.facts.compared import COMPARED
from scanner.facts.evidence import JsonValue
from scanner.facts.posture import Posture
from scanner.rules.conditions import FactKind
from scanner.rules.own_depth_facts import DEPTH_FACTS
from scanner.rules.own_fact import OwnFact
from scanner.rules.policy import TagNames

TAG = "tag."
"""What a fact begins with that is any tag of the scale set."""


def fact_named(name: str) -> OwnFact | None:
    """Find a fact; any ``tag.NAME`` is one."""
    if name.startswith(TAG) and name != TAG:
        tag = name.removeprefix(TAG)
        return _of_row(FactKind.TEXT, "", lambda posture: _tag(posture, tag), arm.TAGS)
    return OWN_FACTS.get(name)


def _tag(posture: Posture, name: str) -> str | None:
    """Read a tag; empty where it is known that there is none."""
    has = posture.has_tag(name)
    return None if has is None else posture.tags[name] if has else ""


def _of_row(kind: FactKind, meaning: str, read: Callable[[Posture], JsonValue], *paths: str) -> OwnFact:
    return OwnFact(kind, meaning, lambda scale_set, _criteria: read(scale_set.posture), paths)


def _label(meaning: str, name: Callable[[TagNames], str]) -> OwnFact:
    return OwnFact(
        FactKind.TEXT,
        meaning,
        lambda scale_set, criteria: _tag(scale_set.posture, name(criteria.policy.tags)),
        (arm.TAGS,),
    )


def _compared(kind: FactKind, name: str, meaning: str) -> OwnFact:
    fact = _COMPARED[name]
    assert fact.read is not None  # noqa: S101 - the headline alone has no reader, and it is not listed here
    return _of_row(kind, meaning, fact.read, *fact.paths)


def _image(posture: Posture, part: str) -> JsonValue:
    return None if posture.image is None else str(getattr(posture.image, part) or "")


_COMPARED = {fact.name: fact for fact in COMPARED}
_TEXTS: Mapping[str, str] = {
    "orchestration_mode": "`uniform` or `flexible`",
    "upgrade_mode": "`manual`, `automatic` or `rolling`",
    "os_type": "`linux` or `windows`",
    "image": "the image in one line, such as `platform:canonical/ubuntu-24_04-lts/server/latest`",
    "service_artifact_reference": "resource id in lower case, or `none`",
    "application_health": "how the Application Health extension asks: `http`, `https`, `tcp`, or `none`",
    "patch_mode": "`manual`, `automatic_by_os`, `automatic_by_platform` or `image_default`",
}
_FLAGS: Mapping[str, str] = {
    "automatic_os_upgrade": "whether automatic OS image upgrade is on",
    "automatic_rollback_disabled": "whether an instance that does not recover keeps the new OS disk",
    "use_rolling_upgrade_policy": "whether automatic OS image upgrades use the rolling upgrade policy",
    "os_rolling_upgrade_deferral": "whether OS image upgrades are deferred",
    "max_surge": "whether new instances are made before old ones go",
    "overprovision": "whether more instances are started than asked for",
    "image_pinned": "whether the model fixes a version of the image",
    "health_probe": "whether there is a load balancer probe",
    "external_health_policy": "whether health is reported from outside",
    "automatic_repairs": "whether automatic repairs are on",
    "windows_automatic_updates": "`enableAutomaticUpdates` of Windows; not read where it is not set",
}
_NUMBERS: Mapping[str, str] = {
    "max_batch_instance_percent": "the batch of a rolling upgrade, in percent",
    "max_unhealthy_instance_percent": "how many instances may be unhealthy, in percent",
    "max_unhealthy_upgraded_instance_percent": "how many upgraded instances may be unhealthy, in percent",
    "pause_between_batches_seconds": "the pause between two batches, in seconds",
}
_LISTS: Mapping[str, str] = {
    "extensions": "each as `publisher/type`, with ` (automatic upgrade off)` behind it where that is so",
    "lifecycle_hooks": "each as `type: default action`",
}

ROW_FACTS: Mapping[str, OwnFact] = {
    "name": _of_row(FactKind.TEXT, "name of the scale set", lambda posture: posture.name),
    "resource_group": _of_row(FactKind.TEXT, "its resource group", lambda posture: posture.resource_group),
    "subscription": _of_row(FactKind.TEXT, "id of its subscription", lambda posture: posture.subscription_id),
    "location": _of_row(FactKind.TEXT, "Azure region, without spaces", lambda posture: posture.location, "location"),
    "environment": _label("the environment, by the tag that the policy names", lambda tags: tags.environment),
    "application": _label("the application, likewise", lambda tags: tags.application),
    "ring": _label("the ring, likewise", lambda tags: tags.ring),
    "owner": _label("the owner, likewise", lambda tags: tags.owner),
    "workload": _label("the workload, likewise", lambda tags: tags.workload),
    "capacity": _of_row(FactKind.NUMBER, "instances asked for", lambda posture: posture.capacity, arm.CAPACITY),
    **{name: _compared(FactKind.TEXT, name, meaning) for name, meaning in _TEXTS.items()},
    "image_source": _of_row(
        FactKind.TEXT,
        "`platform`, `gallery`, `shared-gallery`, `community-gallery`, `managed-image` or `vhd`",
        lambda posture: _image(posture, "source"),
        arm.IMAGE,
    ),
    "image_owner": _of_row(
        FactKind.TEXT,
        "publisher of a platform image, or the gallery",
        lambda posture: _image(posture, "owner"),
        arm.IMAGE,
    ),
    "image_version": _of_row(
        FactKind.TEXT,
        "`latest` or a version; empty where the image has none, or it was not reported",
        lambda posture: _image(posture, "version"),
        arm.IMAGE,
    ),
    **{name: _compared(FactKind.FLAG, name, meaning) for name, meaning in _FLAGS.items()},
    "has_identity": _of_row(
        FactKind.FLAG,
        "whether the scale set has a managed identity",
        lambda posture: posture.has_identity,
        arm.IDENTITY,
    ),
    **{name: _compared(FactKind.NUMBER, name, meaning) for name, meaning in _NUMBERS.items()},
    **{name: _compared(FactKind.LIST, name, meaning) for name, meaning in _LISTS.items()},
}
"""Facts of the scale set's own row: known wherever a model is judged."""

OWN_FACTS: Mapping[str, OwnFact] = {**ROW_FACTS, **DEPTH_FACTS}
