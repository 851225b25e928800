"""What a scan reads of instances: Resource Graph's count of them, and Compute's word on one scale set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from scanner.adapters.azure.compute_clients import ComputeClients
from scanner.adapters.azure.connection import Connection
from scanner.adapters.azure.failure import read_failure
from scanner.adapters.azure.instance_census import GraphCensus
from scanner.adapters.azure.resource_graph import ResourceGraphFleet
from scanner.doctor.arm import Arm
from scanner.doctor.check import Check, ok, skipped, warning
from scanner.errors import CallFailure
from scanner.facts.resource_id import ResourceId, parse_resource_id
from scanner.plain_text import plain
from scanner.ports.instances import Counted

NAMES = ("instance counts", "instances")
_UNIFORM = (
    "resources | where type =~ 'microsoft.compute/virtualmachinescalesets'"
    " | where tostring(properties.orchestrationMode) =~ 'Uniform' | project id | order by id asc"
)
_ROLE = "Reader covers it; a custom role needs the actions of infra/read-actions.json: azd provision."
_OFFERED = {
    True: "offered",
    False: "not offered, so Compute is asked",
    None: "not known, as no Uniform instance was seen",
}


def check_instances(
    connection: Connection, arm: Arm, scope: Mapping[str, Any], readable: Sequence[str]
) -> Iterator[Check]:
    """Check the count in the first readable subscription, and Compute's answers about the first Uniform scale set."""
    try:
        _, rows = arm.query(_UNIFORM, dict(scope), 1)
        found = parse_resource_id(rows[0].get("id")) if rows else None
    except Exception as error:  # noqa: BLE001 - every failure is reported
        yield from _unanswered(read_failure(error))
        return
    subscription = readable[0] if found is None else found.subscription.lower()
    yield _counts(connection, subscription)
    yield _of_one(connection, found)


def _counts(connection: Connection, subscription: str) -> Check:
    with closing(ResourceGraphFleet(connection, subscriptions=(subscription,))) as fleet:
        counted = GraphCensus(fleet.graph).count({subscription: 0})
    if counted.problem:
        return warning(
            "instance counts",
            plain(counted.problem, 600),
            "Instances keep their last known counts, and what was never counted is unknown (VMSS-010, -033, -034)."
            " A cloud that has no table computeresources stays so for Uniform scale sets.",
        )
    return ok("instance counts", _told(counted, subscription))


def _told(counted: Counted, subscription: str) -> str:
    return (
        f"Instances of {len(counted.censuses):,} scale sets were counted in {subscription}. Columns of this cloud:"
        f" the model of an instance is {_OFFERED[counted.offers_model]}; its protection is"
        f" {_OFFERED[counted.offers_protection]}."
    )


def _of_one(connection: Connection, found: ResourceId | None) -> Check:
    if found is None or not found.is_scale_set:
        return skipped("instances", "There is no Uniform scale set to ask for.")
    with closing(ComputeClients(connection)) as clients:
        client = clients.of(found.subscription)
        group, name = found.resource_group, found.name
        asked: Mapping[str, Callable[[], object]] = {
            "instance view": lambda: client.virtual_machine_scale_sets.get_instance_view(group, name),
            "instances": lambda: _first_page(
                client.virtual_machine_scale_set_vms.list(group, name, expand="instanceView")
            ),
            "history of OS upgrades": lambda: _first_page(
                client.virtual_machine_scale_sets.get_os_upgrade_history(group, name)
            ),
        }
        refused = {what: said for what, ask in asked.items() if (said := _failure_of(ask)) is not None}
    if refused:
        told = "; ".join(f"{what}: {said}" for what, said in refused.items())
        return warning(
            "instances",
            f"Compute did not answer for a scale set's {plain(told, 600)}",
            f"What it does not answer is not read, and the rules that need it are unknown. {_ROLE}",
        )
    return ok("instances", f"Compute answered for the {', '.join(asked)} of {plain(found.name, 80)}.")


def _first_page(paged: Any) -> object:
    return next(iter(paged.by_page()), None)


def _failure_of(ask: Callable[[], object]) -> CallFailure | None:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - every failure is reported
        return read_failure(error)
    return None


def _unanswered(said: CallFailure) -> Iterator[Check]:
    for name in NAMES:
        yield skipped(name, f"Resource Graph did not answer which scale set to ask for: {said}")
