"""Naming what a document is when it is not scale sets as Azure reports them: each kind with what to export instead.

``RECOGNISERS`` is asked from first to last about a whole document; the answers about single rows are below it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_MODEL = frozenset({"properties", "upgradePolicy", "virtualMachineProfile"})
_CUT_OBJECT = re.compile(
    r"@\{.*\}"  # an object of PowerShell
    r"|System\.(Collections\.[\w.`\[\], ]+|Object(\[\])?|String\[\])"  # a .NET type in place of its value
    r"|Microsoft\.Azure\.(Management|Commands)\.[\w.`\[\], +]+",
    re.DOTALL,
)
_FREE_TEXT = frozenset({"tags", "Tags", "settings", "protectedSettings", "protectedSettingsFromKeyVault", "customData"})
"""Blocks whose values are a person's own texts."""
HOW_TO_EXPORT = "Export with: az vmss list --output json > fleet.json"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A kind of document that is known, and not judged as it is."""

    name: str
    """With its article, for example "a Terraform plan"."""
    advice: str
    """What to do, as a sentence."""


type Recogniser = Callable[[Mapping[str, object]], Recognised | None]


def _terraform(document: Mapping[str, object]) -> Recognised | None:
    if not _TERRAFORM_PLAN.isdisjoint(document) and "format_version" in document:
        return Recognised("a Terraform plan", f"Apply it, then export what Azure reports. {HOW_TO_EXPORT}")
    if "terraform_version" in document:
        return Recognised("a Terraform state", f"It is not what Azure reports. {HOW_TO_EXPORT}")
    return None


_TERRAFORM_PLAN = frozenset({"planned_values", "resource_changes"})


def _arm_template(document: Mapping[str, object]) -> Recognised | None:
    schema = document.get("$schema")
    if not isinstance(schema, str):
        return None
    if re.search(r"deploymentTemplate\.json", schema, re.IGNORECASE):
        return Recognised("an ARM template", f"Deploy it, or check one of its resources alone. {HOW_TO_EXPORT}")
    if re.search(r"deploymentParameters\.json", schema, re.IGNORECASE):
        return Recognised("the parameters of an ARM template", HOW_TO_EXPORT)
    return None


def _what_if(document: Mapping[str, object]) -> Recognised | None:
    inner = document.get("properties")
    changes = document.get("changes", inner.get("changes") if isinstance(inner, dict) else None)
    if isinstance(changes, list) and all(isinstance(item, dict) and "changeType" in item for item in changes):
        return Recognised(
            "the result of a what-if deployment", f"Deploy, then export what Azure reports. {HOW_TO_EXPORT}"
        )
    return None


def _sarif(document: Mapping[str, object]) -> Recognised | None:
    if "runs" in document and str(document.get("version", "")).startswith("2."):
        return Recognised("a SARIF report", f"It holds results of a tool, and no scale set. {HOW_TO_EXPORT}")
    return None


def _report_of_ours(document: Mapping[str, object]) -> Recognised | None:
    if "schema_version" in document and "judged_by" in document:
        return Recognised("a report of vmss-posture", f"It holds answers, and not what was judged. {HOW_TO_EXPORT}")
    return None


def _az_vmss_in_powershell(document: Mapping[str, object]) -> Recognised | None:
    if "VirtualMachineProfile" in document or "UpgradePolicy" in document:
        return Recognised(
            "an answer of Get-AzVmss in PowerShell",
            'It spells properties and values in its own way. Export with: Search-AzGraph -Query "resources | where type'
            " =~ 'microsoft.compute/virtualmachinescalesets'\" | ConvertTo-Json -Depth 100; or az vmss list --output json",
        )
    return None


RECOGNISERS: tuple[Recogniser, ...] = (
    _report_of_ours,
    _terraform,
    _arm_template,
    _what_if,
    _sarif,
    _az_vmss_in_powershell,
)


def recognise(document: object) -> Recognised | None:
    """Name a document, or an item of one, that is of a known kind and not a scale set; ``None``: it may be one."""
    if not isinstance(document, Mapping):
        return None
    return next((known for recogniser in RECOGNISERS if (known := recogniser(document)) is not None), None)


def is_projection(row: Mapping[str, object]) -> bool:
    """Whether a row is some chosen columns of a scale set: it has neither an id nor any part of the model."""
    return row.get("id") is None and _MODEL.isdisjoint(row)


def cut_paths(row: object) -> Iterator[str]:
    """Yield the paths of values that PowerShell's ``ConvertTo-Json`` turned into text, as they lay deeper than ``-Depth``.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/convertto-json#-depth
    """
    stack: list[tuple[str, object]] = [("", row)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            parts = [
                (f"{path}.{name}" if path else str(name), item)
                for name, item in value.items()
                if not (name in _FREE_TEXT and isinstance(item, dict))
            ]
            stack.extend(reversed(parts))
        elif isinstance(value, list):
            stack.extend((f"{path}[{index}]", item) for index, item in reversed(list(enumerate(value))))
        elif isinstance(value, str) and value[:1] in {"@", "S", "M"} and _CUT_OBJECT.fullmatch(value):
            yield path
