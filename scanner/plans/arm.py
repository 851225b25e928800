"""Scale sets and their extensions among the resources of a plan in ARM's form, put together as Azure will."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scanner.plans.gaps import gaps_of
from scanner.plans.planned import Action, Place, Planned, Source
from scanner.plans.spelling import spelled
from scanner.plans.values import is_hidden

SCALE_SET = "microsoft.compute/virtualmachinescalesets"
EXTENSION = f"{SCALE_SET}/extensions"
_UNPLACED = "[an extension of the plan that may belong to this scale set]"


@dataclass(slots=True, kw_only=True)
class Found:
    """A scale set or an extension, as a plan names it."""

    kind: str
    """Resource type in lower case."""
    name: str
    """What tells it from others: a name or an id. An extension's has the scale set's before the last slash."""
    named: bool = True
    """``False``: the name is not known; two that are equal are the same all the same."""
    document: Mapping[str, object]
    address: str = ""
    action: Action = Action.UNKNOWN
    place: Place = field(default_factory=Place)
    deployed: bool = True
    """``False``: a scale set that exists and is only referred to."""


def put_together(found: Iterable[Found], source: Source, tags_may_be_added: str) -> tuple[Planned, ...]:
    """Give every scale set the extensions that stand beside it, and write it as ``scanner.reading`` takes it."""
    items = list(found)
    sets = [item for item in items if item.kind == SCALE_SET]
    documents = [_document(item) for item in sets]
    for item in items:
        if item.kind == EXTENSION:
            _add(item, sets, documents)
    return tuple([
        Planned(
            document=document,
            address=item.address or str(document.get("id") or document.get("name") or ""),
            source=source,
            action=item.action,
            place=item.place,
            gaps=gaps_of(document),
            tags_may_be_added=tags_may_be_added,
        )
        for item, document in zip(sets, documents, strict=True)
        if item.deployed
    ])  # fmt: skip


def _document(item: Found) -> dict[str, object]:
    document = spelled(item.document)
    made = dict(document) if isinstance(document, dict) else {}
    made["type"] = "Microsoft.Compute/virtualMachineScaleSets"
    for name in ("id", "name"):
        if is_hidden(made.get(name)) or not isinstance(made.get(name), str):
            made.pop(name, None)
    if not isinstance(made.get("properties"), Mapping | str):
        made["properties"] = {}
    _hide_disk_image(made["properties"])
    made.setdefault("tags", {})
    made.setdefault("identity", {"type": "None"})
    return made


def _hide_disk_image(properties: object) -> None:
    """Make the disk's image unknown where its address is: an empty one, as a parameter often is, would be none."""
    block = properties
    for name in ("virtualMachineProfile", "storageProfile", "osDisk"):
        block = block.get(name) if isinstance(block, dict) else None
    image = block.get("image") if isinstance(block, dict) else None
    if isinstance(block, dict) and isinstance(image, dict) and is_hidden(image.get("uri")):
        block["image"] = image["uri"]


def _add(extension: Found, sets: list[Found], documents: list[dict[str, object]]) -> None:
    owner = extension.name.rpartition("/")[0].lower()
    same = [at for at, item in enumerate(sets) if owner and item.name.lower() == owner]
    if not same:
        # Two names that are both known and differ are of different scale sets.
        same = [at for at, item in enumerate(sets) if not (item.named and extension.named)]
        _append_all(same, documents, _UNPLACED)
    else:
        document = spelled(extension.document)
        short = extension.name.rpartition("/")[2]
        properties = document.get("properties") if isinstance(document, dict) else None
        _append_all(same, documents, {"name": short, "properties": properties if properties is not None else {}})


def _append_all(places: list[int], documents: list[dict[str, object]], extension: object) -> None:
    for at in places:
        append_extension(documents[at], extension)


def append_extension(document: Mapping[str, object], extension: object) -> None:
    """Add an extension to a scale set; one of the same name, as an existing scale set lists it, is replaced."""
    profile: object = document
    for block in ("properties", "virtualMachineProfile"):
        profile = profile.get(block) if isinstance(profile, dict) else None
    if not isinstance(profile, dict):
        return
    holder = profile.get("extensionProfile")
    if holder is None:
        holder = profile["extensionProfile"] = {}
    if not isinstance(holder, dict):
        return
    if holder.get("extensions") is None:
        holder["extensions"] = []
    found = holder["extensions"]
    if isinstance(found, list):
        name = extension.get("name") if isinstance(extension, dict) else None
        if isinstance(name, str) and name and not is_hidden(name):
            found[:] = [item for item in found if not (isinstance(item, dict) and item.get("name") == name)]
        found.append(extension)
