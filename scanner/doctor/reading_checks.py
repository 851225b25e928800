"""What the identity can read: Resource Graph, the subscriptions asked for, Compute; and the clock."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from scanner.adapters.azure.compute_clients import ComputeClients
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.graph_client import query_text
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.adapters.azure.token_claims import TokenClaims
from scanner.doctor.arm import Arm
from scanner.doctor.check import Check, Result, failed, ok, skipped, warning
from scanner.doctor.fixes import grant, no_answer, token_refused
from scanner.doctor.instance_checks import NAMES as INSTANCES
from scanner.doctor.instance_checks import check_instances
from scanner.errors import CallFailure, ReadFailedError
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.plain_text import plain
from scanner.ports.tables import Beside
from scanner.settings import Settings

_READER = "Reader"
_LATE = "Resource Graph may take hours to see a new grant; if it is older than that, Reader may be missing."
_AGAIN = "Run the doctor again in some minutes; if it stays, see Azure's status page and the message."
_NAMED = 5
_RECENT = timedelta(hours=1)
_ALLOWED_SKEW, _NOTED_SKEW = 300.0, 60.0
_BESIDE = {
    Beside.GALLERY_IMAGES: "image definitions and versions in galleries",
    Beside.PROBES: "load balancers",
    Beside.ASSIGNMENTS: "maintenance assignments",
}
_SCALE_SETS = "resources | where type =~ 'microsoft.compute/virtualmachinescalesets' | project id | order by id asc"


def check_reading(
    settings: Settings, connection: Connection, who: TokenClaims, now: Callable[[], datetime]
) -> Iterator[Check]:
    """Check what a scan reads, in its order; what rests on an answer that did not come is skipped."""
    with closing(Arm(connection)) as arm:
        try:
            listed: dict[str, str] | CallFailure = arm.subscriptions()
        except Exception as error:  # noqa: BLE001 - every failure is reported; Resource Graph may answer all the same
            listed = read_failure(error)
        yield _clock(arm.azure_time, now())
        readable: Mapping[str, str] = {}
        try:
            readable = _coverage(settings, connection)
            yield _subscriptions(settings, readable, who)
        except ReadFailedError as error:
            yield _not_read(error, settings, who)
        if not readable:
            names = ("scope", "changes", "compute", *INSTANCES, "beside")
            yield from [skipped(name, "No subscription can be read.") for name in names]
            return
        yield _scope(settings, readable, listed, who)
        yield _changes(settings, connection, now())
        compute = _compute(settings, connection, arm)
        yield compute
        if compute.result is Result.FAILED:
            yield from [skipped(name, "Compute does not answer: see above.") for name in INSTANCES]
        else:
            yield from check_instances(connection, arm, _graph_scope(settings), sorted(readable))
        yield _beside(settings, arm)


def _fleet(settings: Settings, connection: Connection) -> ResourceGraphFleet:
    return ResourceGraphFleet(
        connection, subscriptions=settings.subscriptions, management_groups=settings.management_groups
    )


def _coverage(settings: Settings, connection: Connection) -> Mapping[str, str]:
    with closing(_fleet(settings, connection)) as fleet:
        return fleet.coverage().subscriptions


def _changes(settings: Settings, connection: Connection, moment: datetime) -> Check:
    try:
        with closing(_fleet(settings, connection)) as fleet:
            count = sum(len(page) for page in fleet.changes(moment - _RECENT))
    except ReadFailedError as error:
        return warning(
            "changes",
            f"Who changed a scale set cannot be read: {plain(str(error), 400)}",
            "Scans go on without it, and VMSS-083 is unknown. A cloud that has no resourcechanges table stays so; else give the"
            " identity Reader, or the custom role its new actions: azd provision.",
        )
    return ok("changes", f"{count} changes of scale sets in the last hour.")


def _clock(azure_time: datetime | None, now: datetime) -> Check:
    if azure_time is None:
        return skipped("clock", "Azure's answers gave no time.")
    skew = (now - azure_time).total_seconds()
    told = f"This machine is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Azure."
    if abs(skew) <= _NOTED_SKEW:
        return ok("clock", told)
    make = failed if abs(skew) > _ALLOWED_SKEW else warning
    return make(
        "clock",
        told,
        "Let the machine set its clock by NTP: a wrong clock makes tokens be refused and rows carry a wrong time.",
        "timedatectl set-ntp true",
    )


def _subscriptions(settings: Settings, readable: Mapping[str, str], who: TokenClaims) -> Check:
    if not readable:
        return failed(
            "subscriptions",
            "Resource Graph answers, but shows the identity no subscription.",
            f"Grant Reader on the subscriptions or a management group to watch. {_LATE}",
            grant(_READER, _wanted_scope(settings), who),
        )
    return ok("subscriptions", f"{len(readable)} can be read: {_list_of(readable)}.")


def _not_read(error: ReadFailedError, settings: Settings, who: TokenClaims) -> Check:
    said = error.failure
    if said is None:  # the call went well, its answer did not
        return failed("subscriptions", plain(str(error), 600), _AGAIN)
    if said.status == 401:
        return token_refused("subscriptions", said)
    if said.status == 403:
        return failed(
            "subscriptions",
            f"None of the subscriptions asked for can be read: {said}",
            f"Grant Reader on the subscriptions or a management group to watch. {_LATE}",
            grant(_READER, _wanted_scope(settings), who),
        )
    if said.status is None and not said.is_sign_in:
        return no_answer("subscriptions", "VMSS_ARM_ENDPOINT", settings.arm_endpoint, said)
    if said.status == 429:
        fix = "The identity's quota of Resource Graph is used up: wait, or give other programs another identity."
    else:
        fix = _AGAIN
    return failed("subscriptions", plain(str(error), 600), fix)


def _scope(
    settings: Settings, readable: Mapping[str, str], listed: Mapping[str, str] | CallFailure, who: TokenClaims
) -> Check:
    if isinstance(listed, CallFailure):
        listed_ids: Mapping[str, str] = {}
        note = f" Resource Manager's own list was not read: {listed}"
    else:
        listed_ids, note = listed, ""
    missing = [each for each in settings.subscriptions if each not in readable]
    if missing:
        late = [each for each in missing if each in listed_ids]
        why = f"Resource Manager lists {', '.join(late)}, so the grant may be new. {_LATE}" if late else (
            "Grant Reader there, or remove what is misspelt or in another tenant from VMSS_SUBSCRIPTIONS."
        )  # fmt: skip
        return failed(
            "scope",
            f"Asked for and not readable: {', '.join(missing[:_NAMED])}"
            f"{f' and {len(missing) - _NAMED} more' if len(missing) > _NAMED else ''}.{note}",
            why,
            grant(_READER, f"/subscriptions/{missing[0]}", who),
        )
    unseen = {each: name for each, name in listed_ids.items() if each not in readable}
    if unseen and not settings.subscriptions and not settings.management_groups:
        return warning(
            "scope",
            f"Resource Manager lists {len(unseen)} more that Resource Graph does not answer for: {_list_of(unseen)}.",
            f"{_LATE} Reader on single resource groups does not count: coverage is judged by subscription.",
        )
    asked = "All that was asked for" if settings.subscriptions else "All of the scope"
    return ok("scope", f"{asked} can be read.{note}")


def _compute(settings: Settings, connection: Connection, arm: Arm) -> Check:
    try:
        count, rows = arm.query(_SCALE_SETS, _graph_scope(settings), 1)
        found = parse_resource_id(rows[0].get("id")) if rows else None
        if found is None or not found.is_scale_set:
            return skipped("compute", "There is no scale set to ask for.")
        with closing(ComputeClients(connection)) as clients:
            client = clients.of(found.subscription)
            client.virtual_machine_scale_sets.get(found.resource_group, found.name)
            refused = _refused_rollouts(client, found)
    except Exception as error:  # noqa: BLE001 - every failure is reported
        said = read_failure(error)
        if said.status is None:
            return no_answer("compute", "VMSS_ARM_ENDPOINT", settings.arm_endpoint, said)
        return failed(
            "compute",
            f"Compute did not answer for a scale set that Resource Graph shows: {said}",
            "Reader on the subscription covers it. Until it answers, no scale set is reported as removed. 404: Resource Graph"
            " is behind, ask again later.",
        )
    if refused is not None:
        return warning(
            "compute",
            f"It answers for a scale set, and not for its rolling upgrades: {refused}",
            "Rollouts are not read until it does. A custom role needs the actions of infra/read-actions.json: azd provision.",
        )
    return ok("compute", f"It answered for one of {count:,} scale sets.")


def _refused_rollouts(client: Any, found: ResourceId) -> CallFailure | None:
    try:
        client.virtual_machine_scale_set_rolling_upgrades.get_latest(found.resource_group, found.name)
    except Exception as error:  # noqa: BLE001 - every failure is reported
        said = read_failure(error)
        return None if said.status == 404 else said  # 404: it never had one
    return None


def _beside(settings: Settings, arm: Arm) -> Check:
    """Count what lies beside the scale sets, as far as the identity sees it."""
    try:
        counts = {name: arm.query(query_text(what), _graph_scope(settings), 1)[0] for what, name in _BESIDE.items()}
    except Exception as error:  # noqa: BLE001 - every failure is reported
        said = read_failure(error)
        return warning(
            "beside",
            f"Resource Graph did not answer for what lies beside the scale sets: {said}",
            f"Scans go on with what they knew, and the rules that need it are unknown. {_AGAIN}",
        )
    seen = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return ok("beside", f"Seen: {seen}. 0 where there are some: the identity may not read them.")


def _graph_scope(settings: Settings) -> dict[str, Any]:
    if settings.subscriptions:
        return {"subscriptions": list(settings.subscriptions[:300])}
    return {"managementGroups": list(settings.management_groups)} if settings.management_groups else {}


def _wanted_scope(settings: Settings) -> str:
    if settings.subscriptions:
        return f"/subscriptions/{settings.subscriptions[0]}"
    if settings.management_groups and re.fullmatch(r"[\w.()-]{1,90}", settings.management_groups[0], re.ASCII):
        return f"/providers/Microsoft.Management/managementGroups/{settings.management_groups[0]}"
    return "/subscriptions/<subscription id>"


def _list_of(subscriptions: Mapping[str, str]) -> str:
    named = [plain(name or identifier, 60) for identifier, name in sorted(subscriptions.items())]
    return ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")
