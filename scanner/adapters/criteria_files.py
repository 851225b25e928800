"""The files an operator edits, policy and exemptions, read into what a scan judges by."""

import hashlib
from datetime import datetime
from pathlib import Path

from scanner.adapters.published_lists import read_published_lists
from scanner.errors import SettingsError
from scanner.judging.exemption_file import parse_exemptions
from scanner.judging.policy_file import fingerprint, parse_policy
from scanner.rules.criteria import Criteria
from scanner.rules.exemption import ExemptionBook
from scanner.rules.policy import Policy


def read_criteria(policy_file: Path | None, exemptions_file: Path | None, moment: datetime) -> Criteria:
    """Read both files; ``None`` is the built-in policy, and no exemptions but tags. Raises ``SettingsError``."""
    policy_text = "" if policy_file is None else _read(policy_file, "policy")
    exemptions_text = "" if exemptions_file is None else _read(exemptions_file, "exemption")
    policy = Policy() if policy_file is None else parse_policy(policy_text, str(policy_file))
    book = ExemptionBook() if exemptions_file is None else parse_exemptions(exemptions_text, str(exemptions_file))
    version = hashlib.sha256(f"{fingerprint(policy)}\n{exemptions_text}".encode()).hexdigest()[:12]
    return Criteria(policy=policy, exemptions=book, published=read_published_lists(), version=version, moment=moment)


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The {what} file {path} cannot be read: {error}.") from error
