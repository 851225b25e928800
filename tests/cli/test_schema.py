"""The JSON of ``scan`` and ``check`` is what ``docs/scan.schema.json`` says, for whatever was read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from scanner.cli import main
from tests.cli.test_check import GOOD, PINNED, check, write

SCHEMA = json.loads((Path(__file__).parent.parent.parent / "docs" / "scan.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


def problems_of(document: Any) -> list[str]:
    """Say where a document departs from the schema."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_one() -> None:
    """It is valid itself."""
    Draft202012Validator.check_schema(SCHEMA)


def test_a_report_is_as_documented(tmp_path: Path) -> None:
    """With findings, exemptions, a template without id, and a problem."""
    exempt = {**PINNED, "tags": {"upgrade-posture-exempt": "rules=VMSS-030; until=2126-01-01; reason=r; owner=o"}}
    template = {name: value for name, value in GOOD.items() if name != "id"} | {"name": "[parameters('name')]"}
    done = check(write(tmp_path, [GOOD, PINNED, exempt, template, 7]), "--format", "json")
    document = json.loads(done.stdout)
    assert problems_of(document) == []
    assert document["schema_version"] == 1
    assert len(document["scale_sets"]) == 4
    verdicts = {item["rule_id"]: item for item in document["scale_sets"][2]["verdicts"]}
    assert verdicts["VMSS-030"]["exemption"] == {
        "source": "tag",
        "reason": "r",
        "owner": "o",
        "ticket": None,
        "until": "2126-01-01",
    }
    assert verdicts["VMSS-002"]["remediation"]["commands"]
    assert "remediation" not in verdicts["VMSS-001"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda scale_set: scale_set.pop("labels"), id="a part is missing"),
        pytest.param(lambda scale_set: scale_set.update(surprise=1), id="a part is not known"),
        pytest.param(lambda scale_set: scale_set.update(upgrades_itself="perhaps"), id="a word is not known"),
        pytest.param(lambda scale_set: scale_set["verdicts"][1].pop("remediation"), id="a finding without remediation"),
        pytest.param(lambda scale_set: scale_set.update(ready_to_enable=True), id="half of the readiness"),
    ],
)
def test_a_departure_from_the_schema_is_seen(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The schema is strict enough to notice a part that is missing, unknown, or of another kind."""
    document = json.loads(check(write(tmp_path, PINNED), "--format", "json").stdout)
    change(document["scale_sets"][0])
    assert problems_of(document) != []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.data())
def test_any_document_gives_a_report_as_documented(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    """Whatever stands in place of a part of a scale set."""
    document: dict[str, Any] = json.loads(json.dumps(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        place: Any = document
        while isinstance(place, dict) and place:
            name = data.draw(st.sampled_from(sorted(place)))
            if not isinstance(place[name], dict) or not data.draw(st.booleans()):
                place[name] = data.draw(JSON)
                break
            place = place[name]
    assert main(["check", write(tmp_path, [document]), "--format", "json"]) in {0, 1, 2}
    assert problems_of(json.loads(capsys.readouterr().out)) == []
