"""Exports, opened by other people's readers: csv and DuckDB, openpyxl, and the published schemas."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import openpyxl
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from scanner.facts.people import Naming, People
from scanner.formats.csv_rows import csv_lines
from scanner.formats.excel import write_workbook
from scanner.formats.known_json import json_parts
from scanner.formats.known_results import junit_stream, markdown_text, sarif_stream
from scanner.formats.known_rows import FINDING_COLUMNS, SCALE_SET_COLUMNS, finding_rows, scale_set_row
from scanner.formats.markdown import SHOWN
from scanner.formats.ocsf import VERSION, ocsf_lines
from scanner.overview.people import without_names
from scanner.overview.scale_set import KnownFinding, KnownScaleSet
from scanner.plain_text import FORMULA_MARK as MARK
from scanner.plain_text import plain
from scanner.rules.verdict import Outcome
from scanner.state.state import ExemptionNote
from tests.formats import test_junit, test_sarif
from tests.overview.fleets import AT, HOSTILE, hostile_fleet, named, story
from tests.overview.test_figures import known

ABOUT = {"made_at": AT, "as_of": AT, "source": "a test", "version": "1", "people": "name"}
CONTROLS = {"VMSS-001": ("CIS Controls 8.1: 7.3", "=1+1")}
ROOT = Path(__file__).parents[2]


@cache
def fleet() -> tuple[KnownScaleSet, ...]:
    """Make a fleet with everything: the story, and every hostile name."""
    return (*story()[1].overview().scale_sets, *hostile_fleet())


# --- CSV ----------------------------------------------------------------------------------------------------------


def scale_set_csv(items: Iterable[KnownScaleSet]) -> str:
    """Write scale sets as CSV."""
    return "".join(csv_lines(SCALE_SET_COLUMNS, map(scale_set_row, items)))


def finding_csv(items: Iterable[KnownScaleSet]) -> str:
    """Write findings as CSV."""
    return "".join(csv_lines(FINDING_COLUMNS, (row for item in items for row in finding_rows(item, CONTROLS))))


@pytest.mark.parametrize("write", [scale_set_csv, finding_csv])
def test_csv_has_a_cell_for_every_column(write: Callable[[Iterable[KnownScaleSet]], str], tmp_path: Path) -> None:
    """For Python's reader and for DuckDB's, which take the same texts out of it."""
    text = write(fleet())
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode())
    read = duckdb.read_csv(str(path), all_varchar=True, header=True).fetchall()
    assert [tuple(cell or "" for cell in row) for row in read] == [tuple(row) for row in rows[1:]]
    assert text.endswith("\r\n")


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("before", ["", " ", "   "])
def test_no_cell_of_csv_is_a_formula(case: str, before: str) -> None:
    """What a spreadsheet would run is marked as text; without the mark it is what it was."""
    name = before + HOSTILE[case]
    text = scale_set_csv([named(name)]) + finding_csv([named(name)])
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell.lstrip(" ").startswith(
                ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
            )
    (found,) = csv.DictReader(io.StringIO(scale_set_csv([named(name)]), newline=""))
    assert found["ScaleSetName"].removeprefix(MARK) == plain(name, 32_000)


def test_numbers_stay_numbers() -> None:
    """A count has no mark, and a fact that was not read says so."""
    (row,) = csv.DictReader(io.StringIO(scale_set_csv([known("web", "no", "high", "high", "low")]), newline=""))
    assert (row["OpenHigh"], row["OpenLow"], row["Fact.image"]) == ("2", "1", "not read")


def test_findings_are_rows_of_their_own() -> None:
    """With the controls for which their rule is evidence, and with the exemption that covers them."""
    note = ExemptionNote(reason="agreed", owner="web", until="2026-12-01", source="file", ticket="T-1")
    exempt = KnownFinding(rule_id="VMSS-020", severity="medium", reason="", exemption=note)
    item = known("web", "no", findings=(KnownFinding(rule_id="VMSS-001", severity="high", reason="off"), exempt))
    rows = list(csv.DictReader(io.StringIO(finding_csv([item]), newline="")))
    assert [(row["RuleId"], row["State"], row["ExemptUntil"]) for row in rows] == [
        ("VMSS-001", "open", ""),
        ("VMSS-020", "exempt", "2026-12-01"),
    ]
    assert rows[0]["Controls"] == "CIS Controls 8.1: 7.3; =1+1"


# --- Excel ----------------------------------------------------------------------------------------------------------


def workbook(items: Iterable[KnownScaleSet], **options: Any) -> Any:
    """Write a workbook and open it as another program does."""
    file = io.BytesIO()
    write_workbook(file, items, ABOUT, CONTROLS, **options)
    file.seek(0)
    return openpyxl.load_workbook(file)


def test_a_workbook_has_texts_and_numbers_and_nothing_else() -> None:
    """No formula, no link, no macro, whatever the names are; the cells are those of the CSV."""
    book = workbook(fleet())
    assert book.sheetnames == ["Scale sets", "Findings", "About"]
    for sheet in book.worksheets:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
        assert [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink] == []
    assert book["Scale sets"].max_row == len(fleet()) + 1
    names = [cell.value for cell in book["Scale sets"]["B"]][1:]
    assert names == [plain(item.name, 32_000) for item in fleet()]
    assert dict(book["About"].iter_rows(values_only=True)) == ABOUT


def test_a_sheet_that_is_full_goes_on_in_another() -> None:
    """Excel takes about a million rows."""
    book = workbook([known(f"web-{number}", "no", "high") for number in range(7)], most=4)
    assert book.sheetnames[:3] == ["Scale sets", "Findings", "Scale sets 2"] or "Scale sets 3" in book.sheetnames
    found = [
        row[0]
        for name in book.sheetnames
        if name.startswith("Scale sets")
        for row in book[name].iter_rows(min_row=2, values_only=True)
    ]
    assert len(found) == 7


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [fleet, tuple], ids=["everything", "nothing"])
def test_json_is_as_its_schema_says(items: Callable[[], tuple[KnownScaleSet, ...]]) -> None:
    """Every field that is written is described, and the other way round."""
    schema = json.loads((ROOT / "docs" / "export.schema.json").read_text(encoding="utf-8"))
    document = json.loads("".join(json_parts(items(), ABOUT, CONTROLS, ["one state cannot be read"])))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert len(document["scale_sets"]) == len(items())
    assert document["problems"] == ["one state cannot be read"]


# --- OCSF -----------------------------------------------------------------------------------------------------------


@cache
def ocsf(version: str) -> jsonschema.Draft202012Validator:
    """Read the published schema of Compliance Finding, with the cloud profile."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version)).get_class_schema("compliance_finding", ["cloud"])
    return jsonschema.Draft202012Validator(schema)


def findings(*items: KnownScaleSet) -> list[dict[str, Any]]:
    """Write findings and read them."""
    return [json.loads(line) for line in ocsf_lines(items, AT, "1.2.3", CONTROLS)]


def test_every_finding_is_valid_by_the_published_schema() -> None:
    """Whatever the names are; the check finds an event that is not."""
    events = findings(*fleet())
    assert len(events) > 100
    assert {event["metadata"]["version"] for event in events} == {VERSION}
    for event in events:
        ocsf(VERSION).validate(event)
    for broken in ({"severity_id": 77}, {"time": "now"}, {"invented": 1}, {"class_uid": 2004}):
        assert not ocsf(VERSION).is_valid({**events[0], **broken}), broken


def test_older_lakes_have_what_they_require() -> None:
    """Up to 1.4 standards, up to 1.3 a title."""
    for event in findings(*fleet()):
        assert event["compliance"]["standards"]
        assert event["finding_info"]["title"]


NOTE = ExemptionNote(reason="agreed", owner="web", until="2026-12-01", source="file")
MEANINGS = [
    pytest.param("passed", None, (1, 1, None), id="passed"),
    pytest.param("failed", "high", (4, 3, 1), id="failed, high"),
    pytest.param("failed", "medium", (3, 3, 1), id="failed, medium"),
    pytest.param("failed", "low", (2, 3, 1), id="failed, low"),
    pytest.param("failed", "exempt", (2, 3, 3), id="exempt is suppressed"),
    pytest.param("unknown", None, (1, 2, None), id="unknown is a warning, not a failure"),
    pytest.param("not_applicable", None, None, id="what does not apply is no finding"),
]


@pytest.mark.parametrize(("outcome", "severity", "expected"), MEANINGS)
def test_an_outcome_has_its_meaning(
    outcome: str, severity: str | None, expected: tuple[int, int, int | None] | None
) -> None:
    """Severity, compliance status, and status of the finding."""
    finding = KnownFinding(
        rule_id="VMSS-001",
        severity="low" if severity == "exempt" else severity or "",
        reason="off",
        exemption=NOTE if severity == "exempt" else None,
    )
    item = known("web", "no", outcomes={"VMSS-001": outcome}, findings=(finding,) if severity else ())
    events = findings(item)
    found = [(event["severity_id"], event["compliance"]["status_id"], event.get("status_id")) for event in events]
    assert found == ([] if expected is None else [expected])


def test_a_finding_is_named_by_rule_and_scale_set() -> None:
    """The same in every export, whatever the case of the id, so that a lake can follow it."""
    item = known("web", "no", "high", outcomes={"VMSS-001": "failed"})
    (first,), (second,) = findings(item), findings(known("WEB", "no", "low", outcomes={"VMSS-001": "failed"}))
    assert first["finding_info"]["uid"] == second["finding_info"]["uid"]
    assert first["compliance"]["standards"] == list(CONTROLS["VMSS-001"])


# --- the gate's formats ---------------------------------------------------------------------------------------------


def test_sarif_is_valid_as_a_stream() -> None:
    """Every answer, and what could not be read, although that is known at the end only."""
    problems: list[str] = []

    def read() -> Iterator[KnownScaleSet]:
        yield from fleet()
        problems.append("one state cannot be read")

    document = json.loads("".join(sarif_stream(read(), "1.2.3", problems)))
    test_sarif.validator().validate(document)
    (run,) = document["runs"]
    assert len(run["results"]) == sum(
        len({*item.outcomes, *[each.rule_id for each in item.findings]}) for item in fleet()
    )
    assert run["invocations"][0]["executionSuccessful"] is False


def test_junit_is_valid_as_a_stream() -> None:
    """A suite for each scale set, and one for what could not be read."""
    text = "".join(junit_stream(fleet(), ["one state cannot be read"]))
    test_junit.schema().validate(text)
    assert text.count("<testsuite ") == len(fleet()) + 1


def test_a_summary_counts_all_and_lists_the_worst() -> None:
    """However many there are."""
    items = [known(f"web-{number:04}", "no", "low", outcomes={"VMSS-001": "failed"}) for number in range(SHOWN + 100)]
    worst = known("worst", "no", "high", outcomes={"VMSS-001": "failed", "VMSS-040": "unknown"})
    text = markdown_text([*items, worst], "1", [])
    assert f"{SHOWN + 101} scale sets, **{SHOWN + 101} open findings**, 0 exempt, 1 answers unknown" in text
    assert text.index("worst") < text.index("web")
    assert "… and 101 more." in text


# --- streams --------------------------------------------------------------------------------------------------------


class Counted(dict[str, Any]):
    """Facts and evidence of a scale set, which know how many of their kind there are at a time."""

    alive = 0
    most = 0

    def __init__(self) -> None:
        super().__init__(path="image", value="x")
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)

    def __del__(self) -> None:
        Counted.alive -= 1


def many(count: int) -> Iterator[KnownScaleSet]:
    """Make scale sets when they are asked for."""
    for number in range(count):
        finding = KnownFinding(rule_id="VMSS-001", severity="high", reason="off", evidence=(Counted(),))
        outcomes = {"VMSS-001": "failed", "VMSS-040": "unknown"}
        yield known(f"web-{number}", "no", facts=Counted(), outcomes=outcomes, findings=(finding,))


WRITERS: dict[str, Callable[[Iterator[KnownScaleSet]], Iterable[object]]] = {
    "csv": lambda items: csv_lines(SCALE_SET_COLUMNS, map(scale_set_row, items)),
    "findings": lambda items: csv_lines(FINDING_COLUMNS, (row for item in items for row in finding_rows(item, {}))),
    "json": lambda items: json_parts(items, ABOUT, {}, []),
    "ocsf": lambda items: ocsf_lines(items, AT, "1", {}),
    "sarif": lambda items: sarif_stream(items, "1", []),
    "junit": lambda items: junit_stream(items, []),
    "markdown": lambda items: [markdown_text(items, "1", [])],
    "xlsx": lambda items: workbook(items).sheetnames,
}


@pytest.mark.parametrize("with_names", [True, False])
@pytest.mark.parametrize("name", WRITERS)
def test_memory_does_not_grow_with_the_fleet(name: str, *, with_names: bool) -> None:
    """Whatever the format, a few scale sets are there at a time; a summary keeps what it lists."""
    Counted.alive = Counted.most = 0
    people = People(naming=Naming.PSEUDONYM, key="k")
    items = many(1_000) if with_names else (without_names(item, people) for item in many(1_000))
    for _ in WRITERS[name](items):
        pass
    assert Counted.most <= (2 * SHOWN + 10 if name == "markdown" else 6)


# --- people ---------------------------------------------------------------------------------------------------------


def test_addresses_of_people_become_pseudonyms() -> None:
    """Wherever they stand, the same person the same; teams, ids and everything else stay."""
    note = ExemptionNote(reason="asked ann@x.example", owner="ann@x.example", until="2026-12-01", source="tag")
    finding = KnownFinding(
        rule_id="VMSS-083",
        severity="medium",
        reason="Ann.Lee+ops@sub.x.example changed it; bob's team asked ann@x.example.",
        evidence=({"path": "changedBy", "value": ["ann@x.example"]},),
        exemption=note,
        remediation="# ask ann@x.example",
    )
    item = known("web", "no", owner="ANN@x.example", findings=(finding,), facts={"x": {"by": "ann@x.example"}})
    shown = without_names(item, People(naming=Naming.PSEUDONYM, key="k"))
    text = json_text_of(shown)
    assert "@" not in text
    pseudonym = shown.owner
    assert pseudonym.startswith("pseudonym:")
    assert text.count(pseudonym) == 7
    assert "bob's team" in text
    assert without_names(item, People(naming=Naming.PSEUDONYM, key="another")).owner != pseudonym
    assert json_text_of(without_names(item, People(naming=Naming.NAME))) == json_text_of(item)
    assert without_names(item, People(naming=Naming.NONE)).owner == ""
    assert without_names(known("web", owner="team-shop"), People(naming=Naming.NONE)).owner == "team-shop"


def json_text_of(item: KnownScaleSet) -> str:
    """Write one scale set."""
    return "".join(json_parts([item], ABOUT, {}, []))


def test_outcomes_are_known() -> None:
    """The words that a source may hold are those of the rules."""
    assert {outcome for item in fleet() for outcome in item.outcomes.values()} <= {each.value for each in Outcome}
