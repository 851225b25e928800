"""A synthetic fleet: as large as asked for, deterministic for a seed, most of it healthy."""

import math
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from emulator.estate import fleet_problems, fleet_shapes, surroundings
from emulator.estate.containers import ResourceGroup, Subscription
from emulator.estate.estate import Estate
from emulator.estate.images import ImageCatalogue
from emulator.estate.instance_documents import capacity_of, reference_of
from emulator.estate.instances import InstanceState, Run, Runs, joined, total, write_reference
from emulator.estate.newest_images import is_pinned

ENVIRONMENTS = ("dev", "staging", "production")
REGIONS = ("westeurope", "northeurope")
APPLICATIONS = (
    "checkout", "catalogue", "billing", "search", "identity", "payments", "reporting", "ingest", "gateway", "pricing",
    "stock", "returns", "mail", "media", "fraud", "loyalty",
)  # fmt: skip
TEAMS = ("platform", "storefront", "finance", "data", "logistics")
OLD_VERSION = "22.04.202508010"
NEW_VERSION = "22.04.202511030"


class FleetError(ValueError):
    """The fleet cannot be made as asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """What fleet is wanted."""

    seed: int = 1
    subscriptions: int = 3
    scale_sets: int = 100
    instances: int | None = None
    """Instances of each scale set; ``None``: as many as its capacity says; 0: none."""
    troubled: float = 0.3
    """Share of the scale sets that have a problem."""
    surroundings: bool = False
    """Whether what the scale sets refer to is there too: gallery versions, and the load balancer with its probe."""

    def __post_init__(self) -> None:
        """Refuse what makes no fleet."""
        if self.subscriptions < 1 or self.scale_sets < 0 or (self.instances or 0) < 0 or not 0 <= self.troubled <= 1:
            raise FleetError(f"not a fleet: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One scale set's place: what it belongs to."""

    application: str
    environment: str
    region: str
    shape: fleet_shapes.Shape
    subscription: str


def create(plan: FleetPlan, estate: Estate, images: ImageCatalogue) -> dict[str, Any]:
    """Add the fleet to the estate; answer what it consists of: counts by shape, ids by problem."""
    random = Random(plan.seed)  # noqa: S311 - deterministic on purpose, nothing secret
    subscriptions = [
        Subscription(
            id=str(uuid.UUID(int=random.getrandbits(128), version=4)),
            name=f"sub-{ENVIRONMENTS[index % 3]}-{index + 1:02d}",
            management_group=f"mg-{index % 2 + 1}",
        )
        for index in range(plan.subscriptions)
    ]
    shapes: Counter[str] = Counter()
    problems: dict[str, list[str]] = {}
    documents: list[dict[str, Any]] = []
    instances: dict[str, Runs] = {}
    for number, slot in enumerate(_slots(plan, random, [item.id for item in subscriptions])):
        document, problem = _scale_set(number, slot, plan, random)
        documents.append(document)
        shapes[slot.shape.__name__] += 1
        if problem:
            problems.setdefault(problem, []).append(document["id"])
        if plan.instances != 0:
            instances[document["id"]] = _instances(document, plan.instances, f"{plan.seed}/{number}")
    with estate.lock:
        for subscription in subscriptions:
            estate.put_subscription(subscription)
        estate.load([_group(document) for document in documents], documents, instances)
    _publish(images)
    if plan.surroundings:
        surroundings.create(estate, REGIONS, (OLD_VERSION, NEW_VERSION))
    return {
        "subscriptions": [item.id for item in subscriptions],
        "scale_sets": len(documents),
        "instances": sum(total(runs) for runs in instances.values()),
        "shapes": dict(sorted(shapes.items())),
        "problems": dict(sorted(problems.items())),
    }


def _slots(plan: FleetPlan, random: Random, subscriptions: list[str]) -> Iterator[_Slot]:
    """Deal the scale sets out to applications, so that environments and regions of one resemble each other."""
    per_application = len(ENVIRONMENTS) * len(REGIONS)
    shapes, weights = zip(*fleet_shapes.SHAPES, strict=True)
    left = plan.scale_sets
    for index in range(math.ceil(plan.scale_sets / per_application)):
        base = APPLICATIONS[index % len(APPLICATIONS)]
        application = base if index < len(APPLICATIONS) else f"{base}-{index // len(APPLICATIONS) + 1}"
        shape = random.choices(shapes, weights)[0]
        for place in range(min(left, per_application)):
            environment = ENVIRONMENTS[place % 3]
            yield _Slot(
                application=application,
                environment=environment,
                region=REGIONS[place // 3],
                shape=shape,
                subscription=subscriptions[(index * 3 + place % 3) % len(subscriptions)],
            )
        left -= per_application


def _scale_set(number: int, slot: _Slot, plan: FleetPlan, random: Random) -> tuple[dict[str, Any], str]:
    document = slot.shape(random)
    shape = slot.shape.__name__
    name = f"vmss-{slot.application}-{slot.environment}-{slot.region[:2]}"
    group = f"rg-{slot.application}-{slot.environment}"
    if shape == "aks":
        group = f"MC_{group}_aks_{slot.region}"
    tags = {
        "environment": slot.environment,
        "application": slot.application,
        "ring": {"dev": "0", "staging": "1", "production": "2"}[slot.environment],
        "owner": f"{random.choice(TEAMS)}@contoso.example",
    }
    if shape not in fleet_shapes.SERVICE_OWNED:
        document["tags"] = tags
    if "sku" in document:
        document["sku"]["capacity"] = random.choice((5, 6, 8, 10, 12, 20))
    problem = ""
    if shape not in fleet_shapes.SERVICE_OWNED and random.random() < plan.troubled:
        chosen = random.choice(fleet_problems.PROBLEMS)
        if shape != "flexible" or chosen.__name__ not in fleet_problems.UNIFORM_ONLY:
            chosen(document)
            problem = chosen.__name__
    properties = document["properties"]
    properties["provisioningState"] = "Succeeded"
    properties["uniqueId"] = str(uuid.UUID(int=random.getrandbits(128), version=4))
    properties["timeCreated"] = f"2024-{1 + number % 12:02d}-{1 + number % 28:02d}T08:00:00+00:00"
    head = {
        "id": f"/subscriptions/{slot.subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.Compute/virtualMachineScaleSets/{name}",
        "name": name,
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "location": slot.region,
        "zones": ["1", "2", "3"],
    }
    return head | document, problem


def _group(document: dict[str, Any]) -> ResourceGroup:
    """Make a scale set's resource group; that of a node pool belongs to its cluster."""
    _, _, subscription, _, name, *_ = document["id"].split("/")
    owner = ""
    if name.startswith("MC_"):
        group = name.split("_")[1]
        owner = (
            f"/subscriptions/{subscription}/resourcegroups/{group}/providers/"
            "Microsoft.ContainerService/managedClusters/aks"
        )
    return ResourceGroup(subscription_id=subscription, name=name, location=document["location"], managed_by=owner)


def _instances(document: dict[str, Any], count: int | None, seed: str) -> Runs:
    """Make the instances of a scale set: most on the newest version, the first ones on the one before."""
    random = Random(seed)  # noqa: S311 - deterministic on purpose, nothing secret
    wanted = capacity_of(document) if count is None else count
    reference = reference_of(document)
    base = InstanceState(reference=write_reference(reference), exact_version=NEW_VERSION)
    older = sum(random.random() < 0.1 for _ in range(wanted))
    if is_pinned(reference):
        return joined([Run(first=0, count=wanted, state=replace(base, exact_version=_pinned_version(reference)))])
    return joined([
        Run(first=0, count=older, state=replace(base, exact_version=OLD_VERSION)),
        Run(first=older, count=wanted - older, state=base),
    ])  # fmt: skip


def _pinned_version(reference: Mapping[str, Any]) -> str:
    definition = str(reference.get("id", ""))
    return definition.rpartition("/")[2] if definition else str(reference["version"])


def _publish(images: ImageCatalogue) -> None:
    for region in REGIONS:
        for image in fleet_shapes.PLATFORM_IMAGES:
            for version in (OLD_VERSION, NEW_VERSION):
                images.publish(
                    location=region,
                    publisher=image["publisher"],
                    offer=image["offer"],
                    sku=image["sku"],
                    version=version,
                )
