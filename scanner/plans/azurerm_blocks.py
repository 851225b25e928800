"""Blocks that azurerm's scale sets share, in ARM's form."""

from scanner.plans.values import SENSITIVE, Tree, block, default, known, mapped


def top(values: Tree, properties: object, sku: object) -> dict[str, object]:
    """Write the resource around its properties. No ``tags`` and no ``identity`` are none."""
    identity = block(values.get("identity"))
    return known({
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "name": values.get("name"),
        "location": values.get("location"),
        "tags": default(values.get("tags"), otherwise={}),
        "zones": values.get("zones"),
        "sku": sku,
        "identity": mapped(identity, lambda item: known({"type": item.get("type")})) if identity else {"type": "None"},
        "properties": properties,
    })  # fmt: skip


def rolling_policy(values: Tree) -> object:
    """Translate ``rolling_upgrade_policy``."""
    return mapped(
        block(values.get("rolling_upgrade_policy")),
        lambda policy: known({
            "maxBatchInstancePercent": policy.get("max_batch_instance_percent"),
            "maxUnhealthyInstancePercent": policy.get("max_unhealthy_instance_percent"),
            "maxUnhealthyUpgradedInstancePercent": policy.get("max_unhealthy_upgraded_instance_percent"),
            "pauseTimeBetweenBatches": policy.get("pause_time_between_batches"),
            "enableCrossZoneUpgrade": policy.get("cross_zone_upgrades_enabled"),
            "prioritizeUnhealthyInstances": policy.get("prioritize_unhealthy_instances_enabled"),
            "maxSurge": policy.get("maximum_surge_instances_enabled"),
        }),
    )  # fmt: skip


def repairs_policy(values: Tree) -> object:
    """Translate ``automatic_instance_repair``."""
    return mapped(
        block(values.get("automatic_instance_repair")),
        lambda repair: known({"enabled": repair.get("enabled"), "gracePeriod": repair.get("grace_period")}),
    )


def probe_of(identifier: object) -> object:
    """Read the probe: an id that is known after apply is a probe all the same; a sensitive one may be none."""
    if identifier is None or identifier == "":
        return None
    return identifier if identifier == SENSITIVE else {"id": identifier}


def image_of(values: Tree) -> object:
    """Translate the image: an id goes before publisher, offer and SKU."""
    identifier = values.get("source_image_id")
    if identifier is not None and identifier != "":
        return {"id": identifier}
    return mapped(block(values.get("source_image_reference")), image_reference)


def image_reference(reference: Tree) -> dict[str, object]:
    """Translate a reference to an image."""
    return known({name: reference.get(name) for name in ("id", "publisher", "offer", "sku", "version")})


def either(values: Tree, *names: str) -> object:
    """Read an attribute that was renamed between versions of the provider."""
    return next((values[name] for name in names if values.get(name) is not None), None)
