"""The documentation of the rules, rendered from the rules and their decision tables.

``python -m scanner.rule_pages`` writes ``docs/rules.md`` and ``docs/rules/``; with ``--check`` it writes nothing and
exits with 1 when a page is stale. Run it at the root of the repository: it reads ``tests/rules/tables``.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scanner.rules import RULES, Rule

_NOTE = "<!-- Written by `python -m scanner.rule_pages`; change the rule or its table instead. -->"
_OUTCOMES = {
    "passed": "looked at, and right",
    "failed": "looked at, and not right: a finding",
    "unknown": "a fact that decides was not reported, or Azure does not say what it means",
    "not applicable": "there is nothing to judge, or another service owns the rollout",
}


def pages(root: Path) -> dict[Path, str]:
    """Render every page, by its path under ``root``."""
    tables = root / "tests" / "rules" / "tables"
    docs = root / "docs"
    rendered = {docs / "rules.md": _index()}
    for rule in RULES:
        table = tomllib.loads((tables / f"{rule.id}.toml").read_text(encoding="utf-8"))
        rendered[docs / "rules" / f"{rule.id}.md"] = _page(rule, table["row"])
    base = json.loads((tables / "base.json").read_text(encoding="utf-8"))
    rendered[docs / "rules" / "base.md"] = _base(base)
    return rendered


def stale(root: Path) -> list[Path]:
    """List the pages that are missing, differ from what would be written, or belong to no rule."""
    rendered = pages(root)
    wrong = [path for path, text in rendered.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return wrong + sorted(set((root / "docs" / "rules").glob("*.md")) - rendered.keys())


def write(root: Path) -> None:
    """Write every page, and take away those that belong to no rule."""
    rendered = pages(root)
    for path in stale(root):
        if path in rendered:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rendered[path], encoding="utf-8")
        else:
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is its exit code."""
    parser = argparse.ArgumentParser(prog="python -m scanner.rule_pages", description="Write the pages of the rules.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a page is stale")
    parser.add_argument("--root", type=Path, default=Path(), help="root of the repository (default: here)")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.root)
        return 0
    found = stale(options.root)
    for path in found:
        sys.stderr.write(f"{path} is stale: run python -m scanner.rule_pages\n")
    return 1 if found else 0


def _index() -> str:
    lines = [_NOTE, "", "# Rules", "", "A rule answers one of four outcomes for a scale set:", ""]
    lines += [f"- **{name}**: {meaning}" for name, meaning in _OUTCOMES.items()]
    lines += ["", "A severity is the rule's own, unless `policy.toml` sets another.", ""]
    lines += ["| rule | name | severity | what is expected |", "| --- | --- | --- | --- |"]
    lines += [
        f"| [{rule.id}](rules/{rule.id}.md) | {rule.name} | {rule.severity} | {_cell(rule.title)} |" for rule in RULES
    ]
    return "\n".join(lines) + "\n"


def _page(rule: Rule, rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [_NOTE, "", f"# {rule.id} {rule.name}", "", f"Severity: **{rule.severity}**. {rule.title}", ""]
    lines += [rule.documentation.strip(), "", "## Why it matters", "", rule.rationale, ""]
    command, _, notes = rule.remediation.partition(" # ")
    lines += ["## What to do", "", "```sh", command, "```", "", _escaped(notes), ""]
    lines += ["## What it reads", "", *[f"- `{path}`" for path in rule.arm_properties], ""]
    lines += ["## Decisions", "", "Each row changes only what it names in [this scale set](base.md).", ""]
    lines += ["| case | changes | outcome |", "| --- | --- | --- |"]
    lines += [
        f"| {_cell(str(row['case']))} | {_changes(row)} | {str(row['outcome']).replace('_', ' ')} |" for row in rows
    ]
    lines += ["", "## References", "", *[f"- <{url}>" for url in rule.references]]
    return "\n".join(lines) + "\n"


def _base(document: object) -> str:
    text = json.dumps(document, indent=2)
    intro = "Every row of a decision table starts from this scale set and changes only what it names."
    return f"{_NOTE}\n\n# The scale set of the decision tables\n\n{intro}\n\n```json\n{text}\n```\n"


def _changes(row: Mapping[str, Any]) -> str:
    parts = [f"`{path}` absent" for path in row.get("unset", [])]
    changes = row.get("set", {})
    parts += [f"`{path}` = `{json.dumps(value, ensure_ascii=False)}`" for path, value in changes.items()]
    parts += [f"policy: `{row['policy']}`"] if "policy" in row else []
    if "exemptions" in row:
        # A line break of the page for each line of the file, so that what is shown is TOML.
        lines = [line.strip() for line in str(row["exemptions"]).splitlines() if line.strip()]
        parts += ["exemptions.toml:", *(f"`{line}`" for line in lines)]
    return _cell("<br>".join(parts)) if parts else "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*")


if __name__ == "__main__":
    sys.exit(main())
