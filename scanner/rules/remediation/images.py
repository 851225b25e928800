"""Remediations of the rules about the image of the model."""

from collections.abc import Mapping

from scanner.facts import arm_paths as arm
from scanner.facts.posture import ImageSource, OrchestrationMode, Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.edits import Edit, Plan, Remove, Set, terraform_value

_OTHER_KIND = (
    "Azure does not change the kind of image of an existing scale set: publish the image to a gallery (az sig "
    "image-version create), create a new scale set from its image definition, move the load, and delete this one."
)


def move_image(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-002: track the newest version, and take maxSurge away where it excludes the upgrade."""
    if _is_unversioned(posture):
        return _republish()
    edits, terraform = _unpinned(posture)
    notes = ["New instances get the newest image from then on; existing ones when they are upgraded."] if edits else []
    if posture.max_surge and posture.orchestration_mode is OrchestrationMode.FLEXIBLE:
        edits.append(Set(arm.MAX_SURGE, value=False))
        terraform.append("rolling_upgrade_policy { maximum_surge_instances_enabled = false }")
        notes.append("Without maxSurge a batch is upgraded in place: fewer instances carry the load meanwhile.")
    return Plan(edits=tuple(edits), terraform="; ".join(terraform), restarts=_restarts(posture), note=" ".join(notes))


def track_newest_version(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-030: take away what fixes the version."""
    edits, terraform = _unpinned(posture)
    if posture.image is not None and posture.image.version is None:
        # Whatever it is: beside a service artifact reference the version is fixed until it is the newest one.
        edits, terraform = [Set(f"{arm.IMAGE}.version", "latest")], ['source_image_reference { version = "latest" }']
    notes = ["New instances get the newest image from then on; existing ones when they are upgraded or reimaged."]
    if posture.service_artifact_reference:
        edits.insert(0, Remove(arm.ARTIFACT.removesuffix(".id")))
        terraform.append("remove the service artifact reference (azapi: azurerm has no argument for it)")
        notes.append("The service artifact no longer decides which version new instances get.")
    return Plan(edits=tuple(edits), terraform="; ".join(terraform), restarts=_restarts(posture), note=" ".join(notes))


def use_gallery(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-031."""
    return _republish()


def approve_source(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-032: which approved image fits is a decision, and the kind of image cannot change."""
    platform = posture.image is not None and posture.image.source is ImageSource.PLATFORM
    return Plan(
        bicep=arm.IMAGE,
        terraform="source_image_reference" if platform else "source_image_id",
        note=(
            "No command: which approved image fits is a decision. Have the source reviewed and add it to approved_images in "
            "policy.toml, or choose an image of an approved source; from the same kind of image the model can be changed, "
            f"else: {_OTHER_KIND[0].lower()}{_OTHER_KIND[1:]}"
        ),
    )


_BICEP_VERSION = "properties.publishingProfile of the Microsoft.Compute/galleries/images/versions resource"


def replicate_image(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-035: the gallery's version has to change, not the scale set."""
    region = posture.location or "the scale set's region"
    return Plan(
        bicep=f"{_BICEP_VERSION}: targetRegions with {region}, excludeFromLatest: false",
        terraform=f"azurerm_shared_image_version: target_region for {region}, exclude_from_latest = false",
        note=(
            "No command: it is the gallery that changes, and its owner decides. Add the region to the newest version (az sig"
            " image-version update --add publishingProfile.targetRegions name=<region>), or take its exclusion from latest"
            " away. Copies take minutes to hours; with automatic OS image upgrade the instances follow by themselves."
        ),
    )


def leave_old_image(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-036."""
    return _newer_version(
        "Its owner has to publish a version with a later end of life, or to move the date where it is wrong."
    )


def leave_withdrawn_image(_posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-038."""
    return _newer_version(
        "Do not scale in before: instances that go cannot be created again. A soft-deleted version of your own gallery can be"
        " restored meanwhile."
    )


def _newer_version(first: str) -> Plan:
    return Plan(
        bicep=f"{arm.IMAGE}.id: the image definition, or a version that can be used",
        terraform="source_image_id = the image definition, or a version that can be used",
        note=(
            f"No command: which version comes next is a decision. {first} Then let the model follow the image definition"
            " without a version, or name the new one, and bring the instances to it."
        ),
    )


def replace_platform_image(posture: Posture, _criteria: Criteria) -> Plan:
    """VMSS-037: the newest version where an old one is fixed, another SKU where the newest itself is deprecated."""
    edits, terraform = _unpinned(posture)
    if edits:
        return Plan(
            edits=tuple(edits),
            terraform="; ".join(terraform),
            restarts=_restarts(posture),
            note=(
                "New instances get the newest version from then on. If that one is deprecated too, its publisher ends the"
                " image: choose another offer or SKU, which the deprecation notice names as the alternative."
            ),
        )
    return Plan(
        bicep=f"{arm.IMAGE}: publisher, offer and sku of an image that is not deprecated",
        terraform="source_image_reference { … } of an image that is not deprecated",
        note=(
            "No command: which image comes next is a decision. az vm image show --urn names the alternative that the"
            " publisher offers (imageDeprecationStatus.alternativeOption). Test it, change offer and SKU in the model, and"
            " bring the instances to it before the date: afterwards scale-out fails."
        ),
    )


def _republish() -> Plan:
    return Plan(
        bicep=f"{arm.IMAGE}.id: the image definition in a gallery, in a new scale set",
        terraform="source_image_id = the image definition in a gallery, in a new scale set",
        note=f"No command: a managed image or a VHD has no versions. {_OTHER_KIND}",
    )


def _is_unversioned(posture: Posture) -> bool:
    unversioned = {ImageSource.MANAGED_IMAGE, ImageSource.VHD}
    return posture.image is not None and posture.image.source in unversioned


def _unpinned(posture: Posture) -> tuple[list[Edit], list[str]]:
    """Make the edit that takes the version away, where one is fixed: an id without it, or ``latest``."""
    if posture.image is None or not posture.image.pinned:
        return [], []
    reference = posture.reported[arm.IMAGE].value
    told = reference if isinstance(reference, Mapping) else {}
    for key in ("id", "sharedGalleryImageId", "communityGalleryImageId"):
        value = told.get(key)
        if isinstance(value, str) and value.strip():
            if posture.image.source is ImageSource.PLATFORM:
                return _by_publisher(key, value)
            definition = _definition(value)
            return [Set(f"{arm.IMAGE}.{key}", definition)], [f"source_image_id = {terraform_value(definition)}"]
    return [Set(f"{arm.IMAGE}.version", "latest")], ['source_image_reference { version = "latest" }']


def _by_publisher(key: str, identifier: str) -> tuple[list[Edit], list[str]]:
    """Name a platform image by publisher, offer and SKU, where its version's path in a location was its id."""
    parts = identifier.strip("/").split("/")
    named = dict(zip([part.lower() for part in parts[0::2]], parts[1::2], strict=False))
    found = {"publisher": named["publishers"], "offer": named["offers"], "sku": named["skus"], "version": "latest"}
    terraform = "; ".join([f"{name} = {terraform_value(value)}" for name, value in found.items()])
    edits: list[Edit] = [Remove(f"{arm.IMAGE}.{key}")]
    edits += [Set(f"{arm.IMAGE}.{name}", value) for name, value in found.items()]
    return edits, [f"source_image_reference {{ {terraform} }}"]


def _definition(identifier: str) -> str:
    """Cut the version off the id of an image version; Azure's spelling of the rest is kept."""
    head, separator, _version = identifier.rstrip("/").rpartition("/")
    kept, name, versions = head.rpartition("/")
    return kept if separator and name and versions.lower() == "versions" else identifier


def _restarts(posture: Posture) -> str:
    if posture.automatic_os_upgrade:
        return "The OS disks of all instances are replaced, batch by batch, by the next automatic OS image upgrade."
    return ""
