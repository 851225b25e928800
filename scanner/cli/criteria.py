"""What a command judges by: the files that were named, those of the current folder, or what is built in; and its name for it."""

import argparse
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner import __version__
from scanner.adapters import criteria_files
from scanner.facts.evidence import JsonValue
from scanner.plain_text import plural
from scanner.rules import RULES
from scanner.rules.criteria import Criteria

POLICY_FILE, EXEMPTIONS_FILE, RULES_FOLDER = Path("policy.toml"), Path("exemptions.toml"), Path("rules.d")
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
            f"Judged by {len(RULES)} rules of version {__version__}{self._own()}, {policy}, {exemptions} (criteria"
            f" {self.criteria.version})."
        )

    def _own(self) -> str:
        return f" and {plural(len(self.criteria.own), 'own rule')}" if self.criteria.own else ""

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
            "catalogue": {"version": __version__, "rules": len(RULES) + len(self.criteria.own)},
            "lists": [{"name": name, "date": date} for name, date in dates],
        }


def read_criteria(options: argparse.Namespace, moment: datetime) -> JudgedBy:
    """Read the policy and the exemptions, to judge as of a moment (UTC).

    Raises ``SettingsError`` that names the file and what is wrong in it.
    """
    policy = options.policy or (POLICY_FILE if POLICY_FILE.is_file() else None)
    exemptions = options.exemptions or (EXEMPTIONS_FILE if EXEMPTIONS_FILE.is_file() else None)
    criteria = criteria_files.read_criteria(policy, exemptions, moment, own_rules_path(options))
    return JudgedBy(criteria=criteria, policy_file=policy, exemptions_file=exemptions)


def own_rules_path(options: argparse.Namespace) -> Path | None:
    """Name the file or folder of own rules: as given, or that of the current folder where it is there."""
    given: Path | None = options.rules
    return given or (RULES_FOLDER if RULES_FOLDER.is_dir() else None)
