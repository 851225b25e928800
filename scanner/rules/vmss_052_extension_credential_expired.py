"""An address in the settings of an extension carries a signature (SAS) that has ended.

The extension then cannot fetch what it needs: the first batch of an OS image upgrade is left failed, and reimages and
new instances fail too. Looked at is every http or https address with a `sig` in a public setting of an extension, and
in the `configurationReference` of a gallery application. It ends with `se`, or earlier with `ske`, the end of the key
that signed it. The evidence names the extension or application, the field and the end, and never the address.

On a scale set with a managed identity it is *unknown* instead: the extension may fetch by that. An end that is missing
(a stored access policy, `si`, may carry it), unreadable, or given twice with two values is *unknown* as long as none
has passed. So are settings that were not read. Protected settings are never returned by Azure, so a storage key there
is not seen. Without such an address the rule is not applicable. Passed means *not ended*, not *valid*: a signature may
have been revoked.
"""

from datetime import UTC, datetime

from scanner.facts.arm_paths import APPLICATION_CONFIGURATION, EXTENSION_SETTINGS, IDENTITY
from scanner.facts.evidence import Evidence
from scanner.facts.extensions import Credential
from scanner.facts.posture import Posture
from scanner.rules.criteria import Criteria
from scanner.rules.remediation.extensions import renew_address
from scanner.rules.rule import Rule
from scanner.rules.verdict import Answer, Outcome, Severity


def check(posture: Posture, criteria: Criteria) -> Answer:
    """Compare the ends of credentials with the moment of judging."""
    found, unread = posture.credentials.found, posture.credentials.unread
    now = criteria.moment.astimezone(UTC)
    ended = [item for item in found if item.ends and item.ends[0] <= now]
    later = min([end for item in found for end in item.ends if end > now], default=None)
    if ended:
        return _ended(posture, ended, later)
    unclear = [item for item in found if not item.is_whole]
    if unread or unclear:
        evidence = (*[_evidence(item) for item in unclear], *[Evidence(path, None) for path in unread])
        holders = ", ".join(dict.fromkeys(item.holder for item in unclear))
        reason = (
            f"When the address that {holders} uses ends is not known."
            if holders
            else "Not all settings that may hold an address with a signature were read."
        )
        return Answer(Outcome.UNKNOWN, reason, evidence, later, is_unread=not unclear)
    evidence = tuple([_evidence(item) for item in found])
    if not found:
        return Answer(Outcome.NOT_APPLICABLE, "No setting holds an address with a signature.", evidence)
    return Answer(Outcome.PASSED, "No address with a signature has ended.", evidence, later)


def _ended(posture: Posture, ended: list[Credential], later: datetime | None) -> Answer:
    evidence = tuple([_evidence(item) for item in ended])
    what = "; ".join(dict.fromkeys(f"{item.holder} uses an address that ended {_text(item.ends[0])}" for item in ended))
    reason = f"{what[:1].upper()}{what[1:]}."
    if posture.has_identity is False:
        return Answer(Outcome.FAILED, reason, evidence, later)
    evidence = (*evidence, *posture.evidence(IDENTITY))
    if posture.has_identity:
        reason = f"{reason} The managed identity of the scale set may take its place."
        return Answer(Outcome.UNKNOWN, reason, evidence, later)
    reason = f"{reason} Whether the scale set has a managed identity, which may take its place, was not read."
    return Answer(Outcome.UNKNOWN, reason, evidence, later)


def _evidence(item: Credential) -> Evidence:
    ends = f"ends {_text(item.ends[0])}" if item.ends else "an end that is not known"
    return Evidence(item.path, f"{item.holder}: {ends}")


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


RULE = Rule(
    id="VMSS-052",
    name="extension-credential-expired",
    severity=Severity.HIGH,
    blocks_os_upgrade=True,
    title="Addresses that extensions fetch from carry signatures that have not ended.",
    rationale="The next OS image upgrade fails on its first batch, and no new or reimaged instance comes up.",
    remediation=renew_address,
    arm_properties=(
        EXTENSION_SETTINGS,
        APPLICATION_CONFIGURATION,
        IDENTITY,
    ),
    references=(
        "https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-upgrade",
        "https://learn.microsoft.com/azure/storage/common/storage-sas-overview",
    ),
    check=check,
    documentation=__doc__ or "",
)
