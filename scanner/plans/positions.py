"""The lines at which sources declare what a plan names. Sources are not evaluated: the plan is the truth.

https://developer.hashicorp.com/terraform/language/syntax/configuration,
https://learn.microsoft.com/azure/azure-resource-manager/bicep/file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_BICEP_RESOURCE = re.compile(
    r"^[ \t]*resource[ \t]+([A-Za-z_][A-Za-z0-9_]*)[ \t]+'microsoft\.compute/virtualmachinescalesets@[^']*'([^=]*)=",
    re.IGNORECASE | re.MULTILINE,
)
_BICEP_NAME = re.compile(r"^\s*name:\s*'([^'$\\]+)'\s*$", re.MULTILINE)
_NOT_CODE = re.compile(r"'''.*?'''|/\*.*?\*/|//[^\n]*", re.DOTALL)
_JSON_TYPE = re.compile(r'"type"\s*:\s*"microsoft\.compute/virtualmachinescalesets"', re.IGNORECASE)


@dataclass(slots=True)
class TerraformFile:
    """What a ``.tf`` file declares, by line."""

    resources: dict[tuple[str, str], int] = field(default_factory=dict)
    """By type and label."""
    dynamic: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Blocks of a resource that a ``dynamic`` block makes: a plan's configuration does not show them."""
    modules: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """Of each module call, as written."""


def terraform_file(text: str) -> TerraformFile | None:
    """Read the blocks of a file; ``None``: it is not Terraform's language, or python-hcl2 is not installed."""
    try:
        import hcl2
    except ImportError:
        return None
    try:
        tree = hcl2.parses_to_tree(text if text.endswith("\n") else f"{text}\n")
    except Exception:  # noqa: BLE001 - whatever the parser raises, a file that it cannot read has no positions
        return None
    found = TerraformFile()
    for block in _blocks(tree):
        words = _words(block)
        line = int(getattr(block.meta, "line", 0) or 0)
        if len(words) == 3 and words[0] == "resource":
            key = (words[1], words[2])
            found.resources.setdefault(key, line)
            found.dynamic[key] = frozenset(name[1] for inner in _blocks(block) if _is_dynamic(name := _words(inner)))
        elif len(words) == 2 and words[0] == "module":
            found.modules.setdefault(words[1], line)
            source = _source(block)
            if source:
                found.sources[words[1]] = source
    return found


def _blocks(node: Any) -> list[Any]:
    """List the blocks directly in a file or a block."""
    bodies = [child for child in node.children if getattr(child, "data", "") == "body"]
    return [child for body in bodies for child in body.children if getattr(child, "data", "") == "block"]


def _words(block: Any) -> list[str]:
    """Read the type and the labels of a block."""
    words: list[str] = []
    for child in block.children:
        kind = getattr(child, "data", "")
        if kind == "body":
            break
        if kind in {"identifier", "string"}:
            words.append("".join(map(str, child.scan_values(lambda _: True))).strip('"'))
    return words


def _is_dynamic(words: list[str]) -> bool:
    return len(words) == 2 and words[0] == "dynamic"


def _source(block: Any) -> str:
    """Read the source of a module call, where it is a text."""
    for body in block.children:
        for attribute in getattr(body, "children", []):
            if getattr(attribute, "data", "") == "attribute":
                text = "".join(map(str, attribute.scan_values(lambda _: True)))
                match = re.fullmatch(r'source\s*=\s*"([^"$]+)"', text.strip())
                if match:
                    return match[1]
    return ""


def bicep_lines(text: str) -> list[tuple[str, str, int]]:
    """List the scale sets that a Bicep file deploys: symbol, name where it is a literal, and line."""
    code = _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    found: list[tuple[str, str, int]] = []
    for match in _BICEP_RESOURCE.finditer(code):
        if "existing" in match[2].split():
            continue
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        end = code.find("\nresource ", match.end())
        name = _BICEP_NAME.search(code, match.end(), end if end > 0 else len(code))
        found.append((match[1], name[1] if name else "", code.count("\n", 0, start) + 1))
    return found


def json_line(text: str) -> int | None:
    """Find the line of the only scale set of a template's text; ``None``: there are several, or none."""
    found = list(_JSON_TYPE.finditer(text))
    return text.count("\n", 0, found[0].start()) + 1 if len(found) == 1 else None


def module_folders(document: object) -> Mapping[str, str]:
    """Read ``.terraform/modules/modules.json``: the folder of each module, by the dotted path of its calls."""
    modules = document.get("Modules") if isinstance(document, dict) else None
    return {
        item["Key"]: item["Dir"]
        for item in (modules if isinstance(modules, list) else [])
        if isinstance(item, dict) and isinstance(item.get("Key"), str) and isinstance(item.get("Dir"), str)
    }
