"""The JSON of ``scan`` and ``check``: one object, as ``docs/scan.schema.json`` describes it, one scale set a line."""

import sys
from collections.abc import Iterable, Mapping

from scanner.cli.fleet import SCHEMA_VERSION, JudgedScaleSet
from scanner.facts.evidence import JsonValue
from scanner.formats.strict_json import strict_json


def print_json(judged_by: Mapping[str, JsonValue], scale_sets: Iterable[JudgedScaleSet], **others: JsonValue) -> None:
    """Print the document; ``others`` are the parts that only one of the commands has, before the scale sets."""
    if sys.stdout is None:
        raise OSError("standard output is closed")
    write = sys.stdout.write
    write("{\n")
    for name, value in {"schema_version": SCHEMA_VERSION, "judged_by": judged_by, **others}.items():
        write(f'"{name}": {strict_json(value)},\n')
    write('"scale_sets": [')
    for index, item in enumerate(scale_sets):
        write((",\n" if index else "\n") + strict_json(item.document()))
    write("\n]\n}\n")
