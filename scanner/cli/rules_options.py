"""The words of the commands about rules."""

from collections.abc import Container
from pathlib import Path

from scanner.cli.help import Commands, add_command, add_own_rules


def add_rules(commands: Commands) -> None:
    """Add ``rules`` and ``rules test``."""
    rules = add_command(
        commands,
        "rules",
        "scanner.cli.rules_command",
        "list the rules, or test rules of your own",
        examples=["vmss-posture rules --format json", "vmss-posture rules test rules.d"],
    )
    rules.add_argument("--format", choices=("table", "json"), default="table", help="(default: table)")
    add_own_rules(rules)
    tests = add_command(
        rules.add_subparsers(title="actions", metavar="test"),
        "test",
        "scanner.cli.rules_test_command",
        "judge the cases of your own rules, each by its facts, and compare",
        more="A rule needs a case that passes and one that fails at least. How rules are written: docs/own-rules.md.",
        codes={1: "a case has another outcome, or is missing"},
    )
    tests.add_argument(
        "path",
        nargs="?",
        type=Path,
        default=Path("rules.d"),
        metavar="PATH",
        help="file or folder (default: ./rules.d)",
    )


def add_explain(commands: Commands, asked: Container[str]) -> None:
    """Add ``explain``."""
    explain = add_command(
        commands,
        "explain",
        "scanner.cli.explain_command",
        "explain a rule: what it expects, why, what it reads, and the remediation",
        examples=["vmss-posture explain VMSS-002", "vmss-posture explain image-version-pinned"],
    )
    if "explain" not in asked:
        return
    from scanner.cli.fleet_options import add_shell

    explain.add_argument("rule", metavar="RULE", help="id or name, for example VMSS-001")
    add_own_rules(explain)
    add_shell(explain)
