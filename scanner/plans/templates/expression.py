"""The syntax of template expressions. https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions."""

import re
from dataclasses import dataclass

type Node = Literal | Call | Member


class BrokenExpressionError(Exception):
    """A text is no expression, although it stands in square brackets. Never leaves this room."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; the name in lower case."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A property or an item of a value; ``safe``: null where it is absent."""

    of: Node
    key: Node
    safe: bool


_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?[0-9]+)|([A-Za-z_$][A-Za-z0-9_$]*)|(\.\?|\[\?|[()\[\].,]))")


def is_expression(text: str) -> bool:
    """Whether a text of a template is an expression: in square brackets, and not escaped by a second one."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[") and len(text) > 2


def parse(text: str) -> Node:
    """Parse an expression with its square brackets. Raises ``BrokenExpressionError``."""
    parser = _Parser(text[1:-1])
    node = parser.expression()
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise BrokenExpressionError
            self._tokens.append(match[match.lastindex or 0])
            position = match.end()
        self._at = 0

    def expression(self) -> Node:
        node = self._primary()
        while self._peek() in {".", "[", ".?", "[?"}:
            opener = self._next()
            safe = opener.endswith("?")
            if opener.startswith("."):
                name = self._next()
                if not re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", name):
                    raise BrokenExpressionError
                if self._peek() == "(":  # a function of a namespace of the template's author
                    self._arguments()
                    node = Call("a function of the template", ())
                    continue
                node = Member(node, Literal(name), safe)
            else:
                key = self.expression()
                self._expect("]")
                node = Member(node, key, safe)
        return node

    def expect_end(self) -> None:
        if self._at != len(self._tokens):
            raise BrokenExpressionError

    def _primary(self) -> Node:
        token = self._next()
        if token.startswith("'"):
            return Literal(token[1:-1].replace("''", "'"))
        if token.lstrip("-").isdecimal():
            return Literal(int(token)) if len(token) < 20 else Literal(token)
        if not re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", token):
            raise BrokenExpressionError
        if self._peek() == ".":  # namespace.function(…)
            return Call("a function of the template", ())
        return Call(token.lower(), self._arguments())

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        found: list[Node] = []
        if self._peek() == ")":
            self._next()
            return ()
        while True:
            found.append(self.expression())
            separator = self._next()
            if separator == ")":
                return tuple(found)
            if separator != ",":
                raise BrokenExpressionError

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise BrokenExpressionError
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise BrokenExpressionError
