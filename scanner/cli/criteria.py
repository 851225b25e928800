"""What a command judges by: the files that were named, those of the current folder, or what is built in; and its name for it."""

import argparse
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner import __version__
from scanner.adapters import criteria_files
from scanner.facts.evidence import JsonValue
from scanner.rules import RULES
from scanner.rules.criteria import Criteria

POLICY_FILE, EXEMPTIONS_FILE = Path("policy.toml"), Path("exemptions.toml")
"""Read from the current folder where no other file is named, by ``scan``, ``check`` and ``doctor`` alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """Which policy, exemptions, rules and lists judged."""

    criteria: Criteria
    policy_file: Path | None
    exemptions_file: Path | None

    def sentence(self) -> str:
        """Say it on one line."""
        policy = f"policy {self.policy_file}" if self.policy_file else "the built-in policy"
        exemptions = f"exemptions {self.exemptions_file}" if self.exemptions_file else "no exemption file"
        return (
            f"Judged by {len(RULES)} rules of version {__version__}, {policy}, {exemptions} (criteria"
            f" {self.criteria.version})."
        )

    def document(self) -> dict[str, JsonValue]:
        """Write it for JSON."""
        published = self.criteria.published
        dates = (
            ("platform_images", published.platform_images_date),
            ("guest_patch_images", published.guest_patch_images_date),
            ("extension_types", published.extension_types_date),
        )
        return {
            "version": self.criteria.version,
            "at": self.criteria.moment.isoformat(),
            "policy": None if self.policy_file is None else str(self.policy_file),
            "exemptions": None if self.exemptions_file is None else str(self.exemptions_file),
            "catalogue": {"version": __version__, "rules": len(RULES)},
            "lists": [{"name": name, "date": date} for name, date in dates],
        }


def read_criteria(options: argparse.Namespace, moment: datetime) -> JudgedBy:
    """Read the policy and the exemptions, to judge as of a moment (UTC).

    Raises ``SettingsError`` that names the file and what is wrong in it.
    """
    policy = options.policy or (POLICY_FILE if POLICY_FILE.is_file() else None)
    exemptions = options.exemptions or (EXEMPTIONS_FILE if EXEMPTIONS_FILE.is_file() else None)
    criteria = criteria_files.read_criteria(policy, exemptions, moment)
    return JudgedBy(criteria=criteria, policy_file=policy, exemptions_file=exemptions)
