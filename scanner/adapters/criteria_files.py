"""The files an operator edits, policy and exemptions, read into what judges a scan."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.adapters.published_lists import read_published_lists
from scanner.errors import SettingsError
from scanner.judging.exemptions import ExemptionBook, parse_exemptions
from scanner.judging.judge import Context
from scanner.judging.policy import Policy, parse_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Policy and exemptions, and the version of both that goes with every scan."""

    policy: Policy
    exemptions: ExemptionBook
    version: str

    def at(self, moment: datetime) -> Context:
        """Judge as of a moment (UTC)."""
        return Context(policy=self.policy, exemptions=self.exemptions, now=moment, published=read_published_lists())


def read_judging(policy_file: Path | None, exemptions_file: Path | None) -> Judging:
    """Read both files; ``None`` is the built-in policy, and no exemptions but tags. Raises ``SettingsError``."""
    policy_text = "" if policy_file is None else _read(policy_file, "policy")
    exemptions_text = "" if exemptions_file is None else _read(exemptions_file, "exemption")
    policy = Policy() if policy_file is None else parse_policy(policy_text, str(policy_file))
    book = ExemptionBook() if exemptions_file is None else parse_exemptions(exemptions_text, str(exemptions_file))
    fingerprint = hashlib.sha256(f"{policy.fingerprint}\n{exemptions_text}".encode()).hexdigest()
    return Judging(policy=policy, exemptions=book, version=fingerprint[:12])


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The {what} file {path} cannot be read: {error}.") from error
