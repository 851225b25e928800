"""A value that a template alone does not tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is not known before the deployment.

    ``text`` is the same for two values that the deployment makes from the same things, so names can be compared
    before they are known. ``reason`` is for people.
    """

    text: str
    reason: str

    def marker(self) -> str:
        """Write it as an expression, which the reader takes for a value that was not read."""
        return f"[{self.reason.replace('[', '(').replace(']', ')')[:160]}]"


def text_of(value: object) -> str:
    """Write a value, known or not, so that equal values have equal texts."""
    return value.text if isinstance(value, Unknown) else str(value)


def reason_of(*values: object) -> str:
    """Say why the first unknown of these is not known."""
    return next((value.reason for value in values if isinstance(value, Unknown)), "not known before the deployment")


def find_unknown(value: object) -> Unknown | None:
    """Find an unknown inside a value, however deep."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Unknown):
            return item
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return None


def plain_json(value: object) -> object:
    """Replace every unknown by its marker."""
    if isinstance(value, Unknown):
        return value.marker()
    if isinstance(value, dict):
        return {name: plain_json(item) for name, item in value.items()}
    return [plain_json(item) for item in value] if isinstance(value, list) else value
