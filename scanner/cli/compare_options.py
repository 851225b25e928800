"""The words of ``compare``."""

from scanner.cli.help import Commands, add_command
from scanner.cli.source_options import add_source

BY = ("environment", "region", "ring")


def add_compare(commands: Commands) -> None:
    """Add the command."""
    compare = add_command(
        commands,
        "compare",
        "scanner.cli.compare_command",
        "show how the scale sets of an application differ between environments, regions or rings",
        more="For each application one row for every setting that is not the same everywhere. Reads the same sources as"
        " report. - means that no scale set there has the setting, ? that it was not read.",
        examples=[
            "vmss-posture compare --by environment",
            "vmss-posture compare --by region --application shop --settings settings.json",
            "vmss-posture compare --by ring --format json > rings.json",
        ],
        codes={1: "with --fail: something differs"},
    )
    add_source(compare)
    compare.add_argument("--by", choices=BY, default=BY[0], help="what is compared (default: environment)")
    compare.add_argument("--application", metavar="NAME", help="this one only, without case")
    compare.add_argument("--all", action="store_true", dest="shows_all", help="settings that are the same too")
    compare.add_argument("--format", choices=("table", "json"), default="table", help="(default: table)")
    compare.add_argument("--fail", action="store_true", help="exit 1 when something differs")
