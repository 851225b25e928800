"""The page of the policy, from the declarations of its keys. ``docs/generate.py`` writes it as ``docs/policy.md``."""

import json
from collections.abc import Iterator
from typing import Any

from scanner.rules.policy import Policy
from scanner.rules.policy_keys import Key, keys_of
from scanner.rules.policy_tables import Table


def page() -> str:
    """Render every key with its default, what it may be, and the rules that it decides in."""
    lines = [
        "# The policy",
        "",
        "`policy.toml` beside `function_app.py`, or `--policy FILE` on the command line, says what is expected of the",
        "fleet. A key that is left out has its default. A wrong file stops the scan, with every wrong key in the message.",
        "",
        "| key | default | what it may be | meaning | rules |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{place}` | {_default(key, value)} | {_cell(key.kind.allowed)} | {_cell(key.meaning)} | {_rules(key)} |"
        for place, key, value in _keys(Policy(), "")
    ]
    return "\n".join(lines) + "\n"


def _keys(table: Any, prefix: str) -> Iterator[tuple[str, Key, Any]]:
    for name, (key, item) in keys_of(type(table)).items():
        value = getattr(table, item.name)
        if isinstance(key.kind, Table):
            yield from _keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", key, value


def _default(key: Key, value: Any) -> str:
    plain = key.kind.plain(value)
    return "none" if plain in ([], {}) else f"`{_cell(json.dumps(plain))}`"


def _rules(key: Key) -> str:
    return ", ".join(f"[{rule}](rules/{rule}.md)" for rule in key.rules)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
