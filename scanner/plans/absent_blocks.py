"""Blocks of a planned scale set that are taken for absent, and turn out to be made when the plan is applied."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace

from scanner.plans.gaps import gaps_of
from scanner.plans.planned import Planned
from scanner.plans.values import AFTER_APPLY


def with_hidden(planned: Planned, arguments: Iterable[str]) -> Planned:
    """Make these arguments unknown: the sources make them with ``dynamic``, of a number known only after apply."""
    document = deepcopy(dict(planned.document))
    properties = document.get("properties")
    profile = properties.get("virtualMachineProfile") if isinstance(properties, dict) else None
    if not isinstance(properties, dict) or not isinstance(profile, dict):
        return planned
    for argument in arguments:
        if argument == "extension":
            profile["extensionProfile"] = {"extensions": AFTER_APPLY}
        elif argument == "automatic_instance_repair":
            properties["automaticRepairsPolicy"] = AFTER_APPLY
        elif argument == "gallery_application":
            profile["applicationProfile"] = {"galleryApplications": AFTER_APPLY}
    return replace(planned, document=document, gaps=gaps_of(document))
