"""Evaluates template expressions. What a template alone does not tell is ``Unknown``; nothing is guessed, nothing raises."""

from collections.abc import Callable, Mapping
from typing import Any

from scanner.plans.templates.expression import BrokenExpressionError, Call, Literal, Member, Node, is_expression, parse
from scanner.plans.templates.functions import FUNCTIONS, LONGEST
from scanner.plans.templates.lambdas import filled, lambda_scope
from scanner.plans.templates.objects import NotEvaluatedError, member
from scanner.plans.templates.resource_ids import RESOURCE_IDS
from scanner.plans.templates.scope import Default, Scope, declared, has, look
from scanner.plans.templates.unknown import Unknown, find_unknown, reason_of, text_of

MOST_TURNS = 800
"""Turns of a loop: Azure allows no more. https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-resources."""
_KEEP_UNKNOWN_PARTS = frozenset({"createarray", "createobject", "array", "concat", "union", "items", "shallowmerge"})
"""Functions that can be answered although an element of their arguments is not known."""


class Evaluator:
    """Evaluates values of templates, with a bound on the work that a document may cause."""

    def __init__(self, steps: int = 2_000_000) -> None:
        self._steps = steps
        self._parsed: dict[str, Node | None] = {}

    def value(self, raw: Any, scope: Scope) -> Any:
        """Evaluate a JSON value, with everything in it."""
        self._steps -= 1
        if self._steps < 0:
            return Unknown("too much work", "the template needs too much work to evaluate")
        if isinstance(raw, str):
            return self._text(raw, scope)
        if isinstance(raw, Mapping):
            return self._object(raw, scope)
        return [self.value(item, scope) for item in raw] if isinstance(raw, list) else raw

    def turns(self, copy: object, scope: Scope) -> tuple[str, int | None]:
        """Read a loop: its name, and how often it turns (``None``: not known)."""
        name = self.value(look(copy, "name"), scope)
        count = self.value(look(copy, "count"), scope)
        known = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MOST_TURNS
        return (name if isinstance(name, str) else ""), (count if known else None)

    def _text(self, raw: str, scope: Scope) -> Any:
        if not is_expression(raw):
            return raw[1:] if raw.startswith("[[") and not raw.endswith("]") else raw
        if raw not in self._parsed:
            try:
                self._parsed[raw] = parse(raw)
            except (BrokenExpressionError, RecursionError):
                self._parsed[raw] = None
        if (node := self._parsed[raw]) is None:
            return Unknown(f"broken {raw}", "an expression that is not well-formed")
        try:
            return self._node(node, scope)
        except RecursionError:
            return Unknown(f"deep {raw}", "an expression that is nested too deeply")

    def _object(self, raw: Mapping[str, Any], scope: Scope) -> Any:
        made: dict[str, Any] = {}
        for name, item in raw.items():
            if isinstance(name, str) and name.lower() == "copy" and isinstance(item, list):
                made |= self._loops(item, scope)
            elif isinstance(name, str) and is_expression(name):
                key = self._text(name, scope)
                made[key if isinstance(key, str) else name] = self.value(item, scope)
            else:
                made[name] = self.value(item, scope)
        return made

    def _loops(self, loops: list[Any], scope: Scope) -> dict[str, Any]:
        """Evaluate the loops that make a property each."""
        made: dict[str, Any] = {}
        for loop in loops:
            name, count = self.turns(loop, scope)
            if not name:
                continue
            if count is None:
                made[name] = Unknown(f"loop {name}", f"the number of {name} is not known")
            else:
                made[name] = [self.value(look(loop, "input"), scope.inside(name, index)) for index in range(count)]
        return made

    def _node(self, node: Node, scope: Scope) -> Any:
        self._steps -= 1
        if self._steps < 0:
            return Unknown("too much work", "the template needs too much work to evaluate")
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Member):
            return self._member(node, scope)
        lazy = _LAZY.get(node.name)
        return self._call(node, scope) if lazy is None else lazy(self, node.arguments, scope)

    def _member(self, node: Member, scope: Scope) -> Any:
        of, key = self._node(node.of, scope), self._node(node.key, scope)
        if isinstance(of, Unknown) or isinstance(key, Unknown):
            return Unknown(f"{text_of(of)}.{text_of(key)}", reason_of(of, key))
        try:
            return member(of, key, safe=node.safe)
        except NotEvaluatedError:
            return Unknown(f"{text_of(of)[:200]}.{key}", f"there is no property {key}")

    def _call(self, node: Call, scope: Scope) -> Any:
        arguments = [self._node(argument, scope) for argument in node.arguments]
        if node.name in RESOURCE_IDS:
            return RESOURCE_IDS[node.name](arguments)
        text = f"{node.name}({','.join(map(text_of, arguments))})"[:2_000]
        if node.name not in FUNCTIONS:
            return Unknown(text, f"{node.name} is evaluated at deployment")
        direct = next((item for item in arguments if isinstance(item, Unknown)), None)
        if direct is not None:
            joined = "".join(map(text_of, arguments)) if node.name == "concat" else filled(node.name, arguments)
            return Unknown(joined or text, direct.reason)
        inner = find_unknown(arguments) if node.name not in _KEEP_UNKNOWN_PARTS else None
        return _applied(node.name, arguments, text) if inner is None else Unknown(text, inner.reason)

    def _if(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        if len(arguments) != 3:
            return Unknown("if", "if takes three arguments")
        condition = self._node(arguments[0], scope)
        if condition is True or condition is False:
            return self._node(arguments[1 if condition else 2], scope)
        branches = [self._node(branch, scope) for branch in arguments[1:]]
        if not any(isinstance(branch, Unknown) for branch in branches) and branches[0] == branches[1]:
            return branches[0]
        text = f"if({text_of(condition)},{text_of(branches[0])},{text_of(branches[1])})"[:2_000]
        return Unknown(text, reason_of(condition))

    def _and(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        return self._until(arguments, scope, decides=False)

    def _or(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        return self._until(arguments, scope, decides=True)

    def _until(self, arguments: tuple[Node, ...], scope: Scope, *, decides: bool) -> Any:
        values = [self._node(argument, scope) for argument in arguments]
        if any(value is decides for value in values):
            return decides
        if all(isinstance(value, bool) for value in values):
            return not decides
        return Unknown(f"and/or({','.join(map(text_of, values))})"[:2_000], reason_of(*values))

    def _coalesce(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        for argument in arguments:
            value = self._node(argument, scope)
            if value is not None:
                return value
        return None

    def _parameters(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        name = self._name(arguments, scope)
        return name if isinstance(name, Unknown) else self._remembered("parameter", name, scope)

    def _variables(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        name = self._name(arguments, scope)
        return name if isinstance(name, Unknown) else self._remembered("variable", name, scope)

    def _name(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        name = self._node(arguments[0], scope) if len(arguments) == 1 else None
        return name if isinstance(name, str | Unknown) else Unknown("no name", "a name that is no text")

    def _remembered(self, kind: str, name: str, scope: Scope) -> Any:
        """Evaluate a parameter or variable once, in its template's own scope."""
        template, key = scope.template, f"{kind} {name.lower()}"
        if key in template.known:
            return template.known[key]
        if key in template.running:
            return Unknown(f"{template.prefix}{key}", f"{kind} {name} refers to itself")
        template.running.add(key)
        try:
            found = self._parameter(name, scope) if kind == "parameter" else self._variable(name, scope)
        finally:
            template.running.discard(key)
        template.known[key] = found
        return found

    def _parameter(self, name: str, scope: Scope) -> Any:
        found = declared(scope.template, name)
        return self.value(found.raw, Scope(scope.template)) if isinstance(found, Default) else found

    def _variable(self, name: str, scope: Scope) -> Any:
        variables, own = scope.template.variables, Scope(scope.template)
        for loop in look(variables, "copy") or [] if isinstance(look(variables, "copy"), list) else []:
            if str(look(loop, "name")).lower() == name.lower():
                return self._loops([loop], own).get(str(look(loop, "name")))
        if not has(variables, name):
            return Unknown(f"{scope.template.prefix}variable {name.lower()}", f"variable {name} is not declared")
        return self.value(look(variables, name), own)

    def _copy_index(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        values = [self._node(argument, scope) for argument in arguments]
        loop = next((value for value in values if isinstance(value, str)), "")
        offset = next((value for value in values if isinstance(value, int)), 0)
        index = scope.loops.get(loop.lower(), Unknown(f"copyIndex({loop})", "copyIndex stands in no loop"))
        return index + offset if isinstance(index, int) else index

    def _word(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        name = self._name(arguments, scope)
        return scope.words.get(name, Unknown("lambda", "a lambda's argument")) if isinstance(name, str) else name

    def _map(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        turned = self._turned(arguments, scope)
        return turned if isinstance(turned, Unknown) else [result for _, result in turned]

    def _filter(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        turned = self._turned(arguments, scope)
        if isinstance(turned, Unknown):
            return turned
        if not all(isinstance(result, bool) for _, result in turned):
            return Unknown("filter", "which items a filter keeps is not known")
        return [item for item, result in turned if result]

    def _turned(self, arguments: tuple[Node, ...], scope: Scope) -> Any:
        items = self._node(arguments[0], scope) if len(arguments) == 2 else None
        body = arguments[1] if len(arguments) == 2 else None
        word = body.arguments[0] if isinstance(body, Call) and body.name == "lambda" and body.arguments else None
        if not (isinstance(items, list) and isinstance(body, Call) and isinstance(word, Literal)):
            return Unknown("map or filter", reason_of(items))
        names = [str(node.value) for node in body.arguments[:-1] if isinstance(node, Literal)]
        return [
            (item, self._node(body.arguments[-1], lambda_scope(scope, names, item, at)))
            for at, item in enumerate(items)
        ]


def _applied(name: str, arguments: list[Any], text: str) -> Any:
    """Apply a function; where Azure would refuse the arguments, what it makes is not known."""
    try:
        result = FUNCTIONS[name](*arguments)
    except (NotEvaluatedError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        return Unknown(text, f"{name} cannot be evaluated with these arguments")
    if isinstance(result, str | list | dict) and len(result) > LONGEST:
        return Unknown(text, f"{name} makes too long a value")
    return result


_LAZY: Mapping[str, Callable[[Evaluator, tuple[Node, ...], Scope], Any]] = {
    "and": Evaluator._and,  # noqa: SLF001 - methods of the class above
    "coalesce": Evaluator._coalesce,  # noqa: SLF001
    "copyindex": Evaluator._copy_index,  # noqa: SLF001
    "filter": Evaluator._filter,  # noqa: SLF001
    "if": Evaluator._if,  # noqa: SLF001
    "lambdavariables": Evaluator._word,  # noqa: SLF001
    "map": Evaluator._map,  # noqa: SLF001
    "or": Evaluator._or,  # noqa: SLF001
    "parameters": Evaluator._parameters,  # noqa: SLF001
    "variables": Evaluator._variables,  # noqa: SLF001
}
