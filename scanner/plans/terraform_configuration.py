"""The configuration that a Terraform plan carries: which blocks a resource has, and what its arguments refer to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

type Node = Mapping[str, object]

_EMPTY: Node = {}
_DEEPEST = 20
"""Modules that a reference is followed through."""
_MODULE = re.compile(r'module\.([^.\["]+)(?:\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\])?')


def module_path(module_address: object) -> tuple[str, ...]:
    """List the names of the module calls of an address, without their indexes."""
    return tuple(_MODULE.findall(module_address)) if isinstance(module_address, str) else ()


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that a reference leads to: all its instances, as the configuration knows no index."""

    module: tuple[str, ...]
    type: str
    name: str
    index: str = ""
    """The index written beside the reference, with its brackets; empty: none was written."""


class Configuration:
    """The ``configuration`` of a plan. https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation."""

    __slots__ = ("_found", "_root")

    def __init__(self, configuration: object) -> None:
        root = configuration.get("root_module") if isinstance(configuration, dict) else None
        self._root = root if isinstance(root, dict) else None
        self._found: dict[tuple[str, ...], Mapping[tuple[str, str], Node]] = {}

    def expressions(self, module: tuple[str, ...], kind: str, name: str) -> Node | None:
        """Find the arguments and blocks of a resource; ``None``: the plan does not carry them."""
        if module not in self._found:
            self._found[module] = dict(_resources(self._module(module)))
        resource = self._found[module].get((kind, name))
        found = None if resource is None else resource.get("expressions")
        return found if isinstance(found, dict) else None

    def literals(self, module: tuple[str, ...], kind: str, name: str) -> frozenset[str]:
        """List the texts that the resource's configuration writes out."""
        return frozenset(_constants(self.expressions(module, kind, name)))

    def targets(self, module: tuple[str, ...], expression: object) -> list[Target]:
        """Follow the references of an argument to resources, through variables and outputs of modules."""
        found = dict.fromkeys(self._follow(module, _references(expression), 0))
        indexed = {(target.module, target.type, target.name) for target in found if target.index}
        # A plan lists x[0].id, x[0] and x for one reference: the last says less than the others.
        return [item for item in found if item.index or (item.module, item.type, item.name) not in indexed]

    def _module(self, path: tuple[str, ...]) -> Node:
        node: Node = self._root or _EMPTY
        for name in path:
            call = _at(_at(node, "module_calls"), name)
            node = _at(call, "module")
        return node

    def _follow(self, module: tuple[str, ...], references: list[str], depth: int) -> Iterator[Target]:
        if depth > _DEEPEST:
            return
        for reference in references:
            parts = re.split(r"\.(?![^\[]*\])", reference)
            if parts[0] == "module" and len(parts) >= 3:
                called = re.sub(r"\[.*\]$", "", parts[1])
                inner = (*module, called)
                output = _at(_at(self._module(inner), "outputs"), parts[2])
                yield from self._follow(inner, _references(output.get("expression")), depth + 1)
            elif parts[0] == "var" and module and len(parts) >= 2:
                call = _at(_at(self._module(module[:-1]), "module_calls"), module[-1])
                argument = _at(call, "expressions").get(parts[1])
                yield from self._follow(module[:-1], _references(argument), depth + 1)
            elif len(parts) >= 2 and parts[0] not in {
                "data",
                "each",
                "count",
                "local",
                "path",
                "var",
                "module",
                "self",
            }:
                name, bracket, index = parts[1].partition("[")
                yield Target(module, parts[0], name, f"{bracket}{index}")


def _resources(module: Node) -> Iterator[tuple[tuple[str, str], Node]]:
    found = module.get("resources")
    for resource in found if isinstance(found, list) else []:
        if isinstance(resource, dict) and resource.get("mode") != "data":
            yield (str(resource.get("type")), str(resource.get("name"))), resource


def _references(expression: object) -> list[str]:
    found = expression.get("references") if isinstance(expression, dict) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _constants(expressions: object) -> Iterator[str]:
    stack = [expressions]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            constant = item.get("constant_value")
            if isinstance(constant, str):
                yield constant
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _at(node: Node, name: str) -> Node:
    found = node.get(name)
    return found if isinstance(found, dict) else _EMPTY
