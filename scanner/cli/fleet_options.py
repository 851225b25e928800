"""The options that ``scan`` and ``check`` share: what judges, what is shown, and what closes the gate."""

import argparse
import sys
from difflib import get_close_matches
from pathlib import Path

from scanner.cli.answers import SHELLS
from scanner.cli.gate import FailOn
from scanner.cli.help import add_own_rules
from scanner.judging.judge import Headline
from scanner.rules import RULES, rule_by_id
from scanner.rules.rule import is_own_id
from scanner.rules.verdict import Severity

GATE_HEADLINES = ("blocked", "unknown")
_SEVERITIES = tuple(Severity)


def add_judging(command: argparse.ArgumentParser, default: str = "never") -> None:
    """Add the files that judge, and ``--fail-on`` with its default."""
    command.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="thresholds, tag names, lists (default: ./policy.toml if it is there, else built in)",
    )
    command.add_argument(
        "--exemptions",
        type=Path,
        metavar="FILE",
        help="exemptions, in addition to tags (default: ./exemptions.toml if it is there)",
    )
    add_own_rules(command)
    command.add_argument(
        "--fail-on",
        type=fail_on,
        default=fail_on(default),
        metavar="LIST",
        help="exit 1 when a finding of this severity or worse is open (high, medium or low), or the headline of a scale"
        f" set is blocked or unknown; a comma between two, or never (default: {default})",
    )


def add_filters(command: argparse.ArgumentParser) -> None:
    """Add the filters; each may be repeated, and one of its values has to match."""
    filters = command.add_argument_group("filters", "What is shown, and counts for --fail-on. Each may be repeated.")
    filters.add_argument(
        "--rule", type=_rule, action="append", default=[], metavar="RULE", help="a rule, where it failed or is unknown"
    )
    filters.add_argument("--owner", action="append", default=[], metavar="NAME", help="value of the owner tag")
    filters.add_argument(
        "--application", action="append", default=[], metavar="NAME", help="value of the application tag"
    )
    filters.add_argument(
        "--headline",
        action="append",
        default=[],
        choices=tuple(headline.value for headline in Headline),
        metavar="WORD",
        help="yes, blocked, no, in_guest, managed or unknown",
    )
    filters.add_argument(
        "--limit",
        type=limit,
        default=10,
        metavar="N",
        help="scale sets in each list of the table; 0 for all (default: 10)",
    )


def add_shell(command: argparse.ArgumentParser) -> None:
    """Add the shell for which remediations are written."""
    usual = "powershell" if sys.platform == "win32" else "posix"
    command.add_argument(
        "--shell",
        choices=tuple(SHELLS),
        default=usual,
        metavar="NAME",
        help=f"write commands for {' or '.join(f'{name} ({what})' for name, what in SHELLS.items())}"
        " (default: that of this system)",
    )


def fail_on(text: str) -> FailOn:
    """Read the value of ``--fail-on``."""
    words = [word.strip().lower() for word in text.split(",")]
    if words == ["never"]:
        return FailOn()
    severities = [word for word in words if word in _SEVERITIES]
    headlines = [word for word in words if word in GATE_HEADLINES]
    strange = [word for word in words if word not in {*_SEVERITIES, *GATE_HEADLINES}]
    if strange:
        raise argparse.ArgumentTypeError(
            f"{strange[0]!r} is not known; use never, or one of high, medium, low and any of blocked, unknown"
        )
    if len(severities) > 1:
        raise argparse.ArgumentTypeError(
            f"one severity is enough: {severities[-1]} or {severities[0]}, as worse ones count too"
        )
    worse = _SEVERITIES[: _SEVERITIES.index(Severity(severities[0])) + 1] if severities else ()
    return FailOn(severities=frozenset(worse), headlines=frozenset(headlines))


def _rule(text: str) -> str:
    try:
        return rule_by_id(text.strip()).id
    except KeyError:
        if is_own_id(text.strip().upper()):
            return text.strip().upper()
        names = [name for rule in RULES for name in (rule.id, rule.name)]
        near = get_close_matches(text, names, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "vmss-posture rules lists them"
        raise argparse.ArgumentTypeError(f"{text!r} is not a rule; {hint}") from None


def limit(text: str) -> int:
    """Read the value of ``--limit``."""
    if text.isdecimal() and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of scale sets; 0 means all")
