"""The facts for own rules that are read beside the row: instances, published images, rollouts. Only a scan reads them."""

from collections.abc import Callable, Mapping
from datetime import datetime

from scanner.facts import arm_paths as arm
from scanner.facts.depth import ScaleSet
from scanner.facts.evidence import JsonValue
from scanner.facts.instances import Instances
from scanner.facts.since import Since, is_mixed
from scanner.rules.conditions import FactKind
from scanner.rules.criteria import Criteria
from scanner.rules.image_questions import running_versions
from scanner.rules.instance_questions import has_none
from scanner.rules.own_fact import OwnFact, whole_days
from scanner.rules.own_image_age import new_image_since, oldest_image_since, runs_model_image

type Read = Callable[[ScaleSet], JsonValue]
_BEHIND = "properties.latestModelApplied"
_HELD = "properties.protectionPolicy.protectFromScaleSetActions"
_RUNNING = "properties.storageProfile.imageReference.exactVersion"


def _fact(kind: FactKind, meaning: str, read: Read, *paths: str) -> OwnFact:
    return OwnFact(kind, meaning, lambda scale_set, _criteria: read(scale_set), paths)


def _counted(meaning: str, read: Callable[[Instances], int | None], *paths: str) -> OwnFact:
    """Make a fact that counts instances: 0 where there are none at all."""

    def count(scale_set: ScaleSet) -> JsonValue:
        if has_none(scale_set):
            return 0
        return None if scale_set.depth.instances is None else read(scale_set.depth.instances)

    return _fact(FactKind.NUMBER, meaning, count, *paths)


def _behind_image(scale_set: ScaleSet) -> JsonValue:
    if has_none(scale_set):
        return 0
    instances = scale_set.depth.instances
    return None if instances is None or not runs_model_image(scale_set) else instances.behind_image


def _days_behind_image(scale_set: ScaleSet, _criteria: Criteria) -> JsonValue:
    behind, instances, since = _behind_image(scale_set), scale_set.depth.instances, scale_set.depth.since.behind_image
    if behind == 0:
        return 0
    is_known = instances is not None and bool(instances.behind_image)
    read_at = None if instances is None else instances.census_read_at
    return whole_days(since, read_at) if is_known and since is not None and read_at is not None else None


def _running(instances: Instances) -> int | None:
    power = {} if instances.census is None else instances.census.power
    return None if not power or power.get("") else power.get("running", 0)


def _unhealthy(instances: Instances) -> int | None:
    listing = instances.listing
    return None if listing is None or not listing.is_whole else listing.unhealthy


def _lasting(
    meaning: str,
    is_so: Callable[[Instances], bool | None],
    since: Callable[[Since], datetime | None],
    read_at: Callable[[Instances], datetime | None],
    *paths: str,
) -> OwnFact:
    """Make a fact that says for how many days something was so when it was read last; 0: it is not so."""

    def days(scale_set: ScaleSet, _criteria: Criteria) -> JsonValue:
        instances = scale_set.depth.instances
        so = False if has_none(scale_set) else None if instances is None else is_so(instances)
        if so is False:
            return 0
        start, end = since(scale_set.depth.since), None if instances is None else read_at(instances)
        return None if so is None or start is None or end is None else whole_days(start, end)

    return OwnFact(FactKind.NUMBER, meaning, days, paths, lambda scale_set: since(scale_set.depth.since))


def _some(count: int | None) -> bool | None:
    return None if count is None else count > 0


def _age(meaning: str, since: Callable[[ScaleSet], datetime | None], *paths: str) -> OwnFact:
    def days(scale_set: ScaleSet, criteria: Criteria) -> JsonValue:
        start = since(scale_set)
        return None if start is None else whole_days(start, criteria.moment)

    return OwnFact(FactKind.NUMBER, meaning, days, paths, since)


def _versions(scale_set: ScaleSet) -> JsonValue:
    found = running_versions(scale_set)
    return None if found is None else sorted(found)


def _newest(scale_set: ScaleSet) -> JsonValue:
    newest = scale_set.depth.newest
    return None if newest is None else newest.version or ""


def _mixed(scale_set: ScaleSet) -> JsonValue:
    if has_none(scale_set):
        return False
    return None if scale_set.depth.instances is None else is_mixed(scale_set.depth.instances)


def _rolling_upgrade(scale_set: ScaleSet) -> JsonValue:
    upgrade = scale_set.depth.rolling_upgrade
    return None if upgrade is None or upgrade.status is None else upgrade.status.value


def _last_os_upgrade(scale_set: ScaleSet) -> JsonValue:
    attempts = scale_set.depth.attempts
    if not attempts:
        return None if attempts is None else ""
    return None if attempts[0].status is None else attempts[0].status.value


def _repairs(scale_set: ScaleSet) -> JsonValue:
    reading = None if scale_set.depth.instances is None else scale_set.depth.instances.reading
    state = None if reading is None or reading.repairs is None else reading.repairs.state
    return None if state is None else state.value


def _probe(part: Callable[[ScaleSet], str | None]) -> Read:
    """Read a part of the probe; empty where it is known that the model names none."""
    return lambda scale_set: "" if scale_set.posture.health_probe is False else part(scale_set)


def _windows(scale_set: ScaleSet) -> JsonValue:
    windows = scale_set.depth.windows
    return None if windows is None else sorted({window.configuration_id for window in windows})


DEPTH_FACTS: Mapping[str, OwnFact] = {
    "instances": _counted("instances that there are, whatever their power state", lambda found: found.total),
    "instances_running": _counted("instances whose power state is running", _running, "instanceView.statuses"),
    "instances_behind_model": _counted(
        "instances behind the model that nothing holds back (as VMSS-010)", lambda found: found.behind, _BEHIND
    ),
    "instances_held_back": _counted("instances that upgrades pass over (as VMSS-016)", lambda found: found.held, _HELD),
    "instances_behind_image": _fact(
        FactKind.NUMBER,
        "instances on an older image version than the newest of their region (as VMSS-033)",
        _behind_image,
        _RUNNING,
    ),
    "instances_unhealthy": _counted("unhealthy instances (as VMSS-042)", _unhealthy, "instanceView.vmHealth"),
    "days_behind_model": _lasting(
        "whole days for which instances are behind the model; 0 where none is",
        lambda found: _some(found.behind),
        lambda since: since.behind_model,
        lambda found: found.behind_read_at,
        _BEHIND,
    ),
    "days_held_back": _lasting(
        "whole days for which instances are held back; 0 where none is",
        lambda found: _some(found.held),
        lambda since: since.held,
        lambda found: found.held_read_at,
        _HELD,
    ),
    "days_behind_image": OwnFact(
        FactKind.NUMBER,
        "whole days for which a newer version than an instance runs can be had; 0 where none is behind",
        _days_behind_image,
        (_RUNNING,),
        lambda scale_set: scale_set.depth.since.behind_image,
    ),
    "mixed_image_versions": _fact(
        FactKind.FLAG, "whether instances run different versions of one image (as VMSS-034)", _mixed, _RUNNING
    ),
    "running_image_versions": _fact(
        FactKind.LIST, "the versions of the model's image that instances run", _versions, _RUNNING
    ),
    "newest_image_version": _fact(
        FactKind.TEXT, "the newest version of the image in the region; empty where the region offers none", _newest
    ),
    "new_image_age_days": _age(
        "whole days since the version that a new instance gets could first be had: its publication in a gallery; of a"
        " platform image since it was first seen, and not read where it was there before",
        new_image_since,
        arm.IMAGE,
    ),
    "oldest_image_age_days": _age(
        "the same of the oldest version that instances run; not read where that is not known of each",
        oldest_image_since,
        _RUNNING,
    ),
    "rolling_upgrade": _fact(
        FactKind.TEXT,
        "status of the latest rolling upgrade: `never`, `rolling_forward`, `rolling_back`, `completed`, `cancelled` or"
        " `faulted`; read where upgrades roll",
        _rolling_upgrade,
        "rollingUpgrades/latest",
    ),
    "last_os_upgrade": _fact(
        FactKind.TEXT,
        "status of the last OS image upgrade in Azure's history of two months, likewise; empty where there is none",
        _last_os_upgrade,
        "osUpgradeHistory",
    ),
    "automatic_repairs_state": _fact(
        FactKind.TEXT,
        "state of the automatic repairs: `running`, `not_running` or `suspended`",
        _repairs,
        "orchestrationServices",
    ),
    "health_probe_protocol": _fact(
        FactKind.TEXT,
        "protocol of the load balancer probe: `http`, `https` or `tcp`; empty where there is none",
        _probe(lambda scale_set: None if scale_set.depth.probe is None else scale_set.depth.probe.protocol.value),
        arm.PROBE,
    ),
    "health_probe_path": _fact(
        FactKind.TEXT,
        "path that it asks for; empty where there is none",
        _probe(lambda scale_set: None if scale_set.depth.probe is None else scale_set.depth.probe.path),
        arm.PROBE,
    ),
    "maintenance_configurations": _fact(
        FactKind.LIST,
        "ids of the maintenance configurations for OS images that are assigned, in lower case; also one whose scope was"
        " not read",
        _windows,
        "Microsoft.Maintenance/configurationAssignments",
    ),
}
