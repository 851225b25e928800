"""Scale sets in an ARM template, or in what Bicep compiles to: nested templates, loops, conditions and parameters.

https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax,
https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanner.plans.arm import EXTENSION, SCALE_SET, Found, put_together
from scanner.plans.planned import Place, PlanReading, Source
from scanner.plans.templates.evaluator import Evaluator
from scanner.plans.templates.scope import Raw, Scope, block, look, template_of
from scanner.plans.templates.unknown import Unknown, plain_json, text_of

TAGS_ELSEWHERE = "Tags that an Azure Policy adds are not in a template."
_DEPLOYMENT = "microsoft.resources/deployments"
_DEEPEST = 30
_PARTS = ("name", "location", "tags", "sku", "zones", "identity", "properties")
_LOOKED_AT = (SCALE_SET, EXTENSION, _DEPLOYMENT)


def is_template(document: Mapping[str, object]) -> bool:
    """Whether the document is a deployment template."""
    schema = str(look(document, "$schema")).lower()
    if "deploymenttemplate.json" in schema:
        return True
    return isinstance(look(document, "resources"), list | dict) and look(document, "contentVersion") is not None


def is_parameters(document: Mapping[str, object]) -> bool:
    """Whether the document is a parameter file."""
    schema = str(look(document, "$schema")).lower()
    return "deploymentparameters.json" in schema and isinstance(look(document, "parameters"), Mapping)


def parameters_in(document: Mapping[str, object]) -> dict[str, Any]:
    """Read the values of a parameter file by name in lower case; one from a key vault is not known."""
    found = block(document, "parameters")
    return {str(name).lower(): _given(str(name), entry) for name, entry in found.items()}


def _given(name: str, entry: object) -> Any:
    if isinstance(entry, Mapping) and look(entry, "value") is not None:
        return look(entry, "value")
    if isinstance(entry, Mapping) and any(str(key).lower() == "value" for key in entry):
        return None
    return Unknown(f"parameter {name.lower()}", f"the value of parameter {name} is kept elsewhere")


def read(document: Mapping[str, object], given: Mapping[str, Any] | None = None) -> PlanReading:
    """Read every scale set that the template deploys with these parameters."""
    walk = _Walk()
    scope = Scope(template_of(document, given or {}))
    try:
        found = list(walk.resources(look(document, "resources"), scope, _Around()))
    except RecursionError:
        return PlanReading(problems=("the template is nested too deeply to be read",))
    return PlanReading(
        planned=put_together(found, Source.TEMPLATE, TAGS_ELSEWHERE),
        problems=tuple(dict.fromkeys(walk.problems)),
        notes=tuple(dict.fromkeys(walk.notes)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """Where a resource stands: below which one, in which nested templates, and whether it is deployed."""

    parent_kind: str = ""
    parent_name: Any = ""
    path: tuple[str, ...] = ()
    depth: int = 0


@dataclass(slots=True)
class _Walk:
    evaluator: Evaluator = field(default_factory=Evaluator)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nested: int = 0

    def resources(self, raw: object, scope: Scope, around: _Around) -> Iterator[Found]:
        """Walk the resources of a template, by the shape that they have: a list, or an object of symbolic names."""
        if isinstance(raw, Mapping):
            pairs: list[tuple[str, object]] = [(str(name), item) for name, item in raw.items()]
        else:
            pairs = [("", item) for item in raw] if isinstance(raw, list) else []
        for symbol, item in pairs:
            if isinstance(item, Mapping):
                yield from self._turned(item, symbol, scope, around)

    def _turned(self, raw: Raw, symbol: str, scope: Scope, around: _Around) -> Iterator[Found]:
        if look(raw, "condition") is not None and self.evaluator.value(look(raw, "condition"), scope) is False:
            return
        kind = self._kind(raw, scope, around)
        inner = look(raw, "resources")
        if kind not in _LOOKED_AT and not inner:
            return
        copy = look(raw, "copy")
        if not isinstance(copy, Mapping):
            yield from self._one(raw, (kind, symbol), scope, around)
            return
        loop, count = self.evaluator.turns(copy, scope)
        if count is None:
            unknown = Unknown(f"copyIndex({loop})", f"how often {loop or 'the loop'} turns is not known")
            yield from self._one(raw, (kind, f"{symbol}[*]" if symbol else ""), scope.inside(loop, unknown), around)
            return
        for index in range(count):
            turn = f"{symbol}[{index}]" if symbol else ""
            yield from self._one(raw, (kind, turn), scope.inside(loop, index), around)

    def _kind(self, raw: Raw, scope: Scope, around: _Around) -> str:
        kind = self.evaluator.value(look(raw, "type"), scope)
        kind = kind.lower().strip("/") if isinstance(kind, str) else ""
        return f"{around.parent_kind}/{kind}" if around.parent_kind and "." not in kind.split("/")[0] else kind

    def _one(self, raw: Raw, known: tuple[str, str], scope: Scope, around: _Around) -> Iterator[Found]:
        kind, symbol = known
        name = self.evaluator.value(look(raw, "name"), scope)
        full = self._full_name(name, around)
        if kind == _DEPLOYMENT:
            yield from self._nested(raw, symbol or text_of(name), scope, around)
            return
        if kind in (SCALE_SET, EXTENSION):
            parts = [part for part in _PARTS if kind == SCALE_SET or part == "properties"]
            document = {part: self.evaluator.value(look(raw, part), scope) for part in parts}
            # A name that is not known stays out of the document: it is the address that tells people which it is.
            yield Found(
                kind=kind,
                name=text_of(full),
                named=not isinstance(full, Unknown),
                document=_known(document, raw),
                address=_address(around.path, symbol, name, raw),
                place=Place(module=around.path, name=_symbol(symbol) or _last(name)),
                deployed=look(raw, "existing") is not True,
            )
        inner = look(raw, "resources")
        if inner and around.depth < _DEEPEST:
            below = _Around(parent_kind=kind, parent_name=full, path=around.path, depth=around.depth + 1)
            yield from self.resources(inner, scope, below)

    def _full_name(self, name: Any, around: _Around) -> Any:
        if not around.parent_kind or (isinstance(name, str) and "/" in name):
            return name
        if isinstance(name, Unknown) or isinstance(around.parent_name, Unknown):
            if isinstance(name, Unknown) and "/" in name.text:
                return name
            return Unknown(f"{text_of(around.parent_name)}/{text_of(name)}", "the name is not known")
        return f"{around.parent_name}/{name}"

    def _nested(self, raw: Raw, symbol: str, scope: Scope, around: _Around) -> Iterator[Found]:
        properties = look(raw, "properties")
        template = look(properties, "template")
        if around.depth >= _DEEPEST:
            self.problems.append("the nested templates go too deep to be read")
        elif isinstance(template, Mapping):
            inner_scope = str(look(block(properties, "expressionEvaluationOptions"), "scope")).lower() == "inner"
            self.nested += 1
            within = self._inner(properties, template, scope) if inner_scope else scope
            below = _Around(path=(*around.path, symbol), depth=around.depth + 1)
            yield from self.resources(look(template, "resources"), within, below)
        elif look(properties, "templateLink") is not None:
            self.notes.append(f"the linked template of {symbol[:200]} is not in the file: judge it on its own")

    def _inner(self, properties: object, template: Raw, scope: Scope) -> Scope:
        """Make the scope of a nested template that sees its own parameters and variables only."""
        given: dict[str, Any] = {}
        for name, entry in block(properties, "parameters").items():
            value = self.evaluator.value(entry, scope)
            if isinstance(value, Unknown):
                given[str(name).lower()] = value
            else:
                given[str(name).lower()] = _given(str(name), value)
        return Scope(template_of(template, given, f"nested {self.nested} "))


def _known(document: Mapping[str, Any], raw: Raw) -> dict[str, object]:
    made = {part: plain_json(value) for part, value in document.items() if value is not None}
    version = look(raw, "apiVersion")
    if isinstance(version, str) and not version.startswith("["):
        made["apiVersion"] = version
    return made


def _symbol(symbol: str) -> str:
    return symbol.partition("[")[0]


def _last(name: object) -> str:
    return name.rpartition("/")[2] if isinstance(name, str) else ""


def _address(path: Sequence[str], symbol: str, name: Any, raw: Raw) -> str:
    """Name the resource as its author does: by symbol or name, or by the expression that makes the name."""
    own = symbol or (name if isinstance(name, str) else str(look(raw, "name")))
    return "/".join([*(part[:100] for part in path), own])[:400]
