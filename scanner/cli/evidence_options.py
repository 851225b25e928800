"""The words of ``vmss-posture evidence``."""

from pathlib import Path

from scanner.cli.help import Commands, add_command
from scanner.cli.values import day
from scanner.clouds import CLOUDS

INTERACTIVE_DAYS = 90
"""What a deployment keeps for queries at once, unless VMSS_RETENTION_DAYS says otherwise."""


def add_evidence(commands: Commands) -> None:
    """Add the command, and ``evidence verify``."""
    evidence = add_command(
        commands,
        "evidence",
        "scanner.cli.evidence_command",
        "write evidence for an auditor: population, rules, results, exceptions, changes, gaps, and what proves them",
        more="A folder, or a zip file where --out ends in .zip, that only you can read. Rows come from Log Analytics, with"
        " your own rights (role Log Analytics Reader; needs the extra evidence), or from files of exported rows. What is"
        " missing is named in its table of gaps.",
        examples=[
            "vmss-posture evidence --at 2026-11-20 --workspace ID --out evidence.zip",
            "vmss-posture evidence --from 2026-11-01 --to 2026-11-30 \\",
            "    --workspace ID --policy policy.toml --out november",
            "vmss-posture evidence --at 2026-11-15 --rows out --out evidence",
            "vmss-posture evidence verify evidence.zip --anchor HASH",
        ],
        codes={1: "written, but the chain of the rows is broken: something was changed, or is missing"},
    )
    evidence.add_argument("--at", type=day, metavar="DATE", help="that day (YYYY-MM-DD, UTC)")
    evidence.add_argument("--from", dest="first", type=day, metavar="DATE", help="first day of a period")
    evidence.add_argument("--to", dest="last", type=day, metavar="DATE", help="last day of the period")
    evidence.add_argument("--out", type=Path, metavar="PATH", help="folder or .zip file, which must not be there yet")
    evidence.add_argument(
        "--rows",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="exported rows: files of JSON Lines, or folders of them",
    )
    evidence.add_argument("--workspace", metavar="ID", help="id of the Log Analytics workspace (a GUID)")
    evidence.add_argument("--deployment", metavar="NAME", help="whose rows, where there are those of several")
    evidence.add_argument(
        "--names",
        choices=("pseudonym", "name"),
        default="pseudonym",
        help="how people appear that changed something (default: pseudonym)",
    )
    evidence.add_argument("--policy", type=Path, metavar="FILE", help="the policy that judged, to be enclosed")
    evidence.add_argument("--exemptions", type=Path, metavar="FILE", help="the exemption file, to be enclosed")
    evidence.add_argument("--rules", type=Path, metavar="FILE", help="the file of own rules, to be enclosed")
    evidence.add_argument(
        "--cloud",
        choices=tuple(CLOUDS),
        default="AzureCloud",
        metavar="NAME",
        help=f"{', '.join(CLOUDS)} (default: AzureCloud)",
    )
    evidence.add_argument("--query-endpoint", metavar="URL", help="another address of Log Analytics' query service")
    evidence.add_argument(
        "--interactive-days",
        type=int,
        default=INTERACTIVE_DAYS,
        metavar="N",
        help=f"days that the workspace answers at once (default: {INTERACTIVE_DAYS}); before them a search job is needed",
    )
    evidence.add_argument(
        "--search-results",
        metavar="NAME",
        help="read the results of search jobs of this name, as printed for older days",
    )
    actions = evidence.add_subparsers(title="actions", metavar="verify")
    verify = add_command(
        actions,
        "verify",
        "scanner.cli.verify_command",
        "check a bundle of evidence, offline",
        more="Files against the manifest, tables against the rows, the hash chain, and the anchor: a snapshot's hash or the"
        " manifest's that you know from elsewhere, such as a mail or an immutable blob. Without an anchor the answer is:"
        " consistent in itself, not anchored.",
        examples=["vmss-posture evidence verify evidence.zip --anchor HASH"],
        codes={1: "something was changed, or is missing; each problem is named"},
    )
    verify.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder or zip file")
    verify.add_argument("--anchor", default="", metavar="HASH", help="a hash that you know from elsewhere")
    verify.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
