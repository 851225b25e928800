"""The files an operator edits, policy and exemptions, read into what a scan judges by."""

import hashlib
from datetime import datetime
from pathlib import Path

from scanner.adapters.published_lists import read_published_lists
from scanner.errors import SettingsError
from scanner.judging.exemption_file import parse_exemptions
from scanner.judging.own_rules_file import parse_own_rules
from scanner.judging.policy_file import fingerprint, parse_policy
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import ExemptionBook
from scanner.rules.own_rule import OwnRule
from scanner.rules.policy import Policy


def read_criteria(
    policy_file: Path | None, exemptions_file: Path | None, moment: datetime, rules: Path | None = None
) -> Criteria:
    """Read the files; ``None`` is the built-in policy, no exemptions but tags, no own rules. Raises ``SettingsError``.

    ``rules`` is a file of own rules, or a folder of such files.
    """
    own = () if rules is None else read_own_rules(rules)
    policy_text = "" if policy_file is None else _read(policy_file, "policy")
    exemptions_text = "" if exemptions_file is None else _read(exemptions_file, "exemption")
    policy = Policy() if policy_file is None else parse_policy(policy_text, str(policy_file), own)
    book = ExemptionBook() if exemptions_file is None else parse_exemptions(exemptions_text, str(exemptions_file), own)
    version = hashlib.sha256(f"{fingerprint(policy, own)}\n{exemptions_text}".encode()).hexdigest()[:12]
    return Criteria(
        policy=policy,
        exemptions=book,
        published=read_published_lists(),
        own=own,
        version=version,
        moment=moment,
    )


def read_own_rules(path: Path) -> tuple[OwnRule, ...]:
    """Read own rules from a file, or from the .toml files of a folder. Raises ``SettingsError``."""
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    return parse_own_rules({str(file): _read(file, "rules") for file in files})


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The {what} file {path} cannot be read: {error}.") from error
