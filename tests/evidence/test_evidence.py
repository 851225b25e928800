"""Evidence is made: whole, from either source, with its gaps named, and for its owner's eyes alone."""

import csv
import io
import json
import shlex
import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.client.client import Control
from emulator.client.estate import PORTAL_USER
from emulator.endpoint.faults import FaultKind
from scanner.adapters.azure.logs_query import WorkspaceRows
from scanner.cli import main
from scanner.cli.search_jobs import SEARCHED
from scanner.errors import ReadFailedError
from scanner.events.snapshot_chain import SnapshotHash
from scanner.events.snapshot_rows import snapshot_id
from scanner.evidence.people import Pseudonyms
from scanner.evidence.table_rows import Line
from scanner.evidence.tables import Table
from scanner.evidence.texts import csv_lines, json_lines
from tests.evidence.week import DEPLOYMENT, NEW, Week
from tests.world import EVENTS, SNAPSHOT, connection_to

PERIOD = ("--from", "2026-11-09", "--to", "2026-11-15")


def made(week: Week, folder: Path, *words: str, source: tuple[str, ...] = (), code: int = 0) -> Path:
    """Make a bundle of exported rows, unless another source is named; ``code`` 1: their chain is broken."""
    out = folder / "bundle"
    source = source or ("--rows", str(week.exported))
    assert main(["evidence", *words, *source, "--out", str(out)]) == code
    return out


def workspace(week: Week) -> tuple[str, ...]:
    """Name the workspace of the week as a source."""
    azure = week.azure
    return ("--workspace", azure.workspace_id, "--query-endpoint", azure.query_endpoint, "--interactive-days", "99999")


def table(bundle: Path, name: str) -> list[dict[str, Any]]:
    """Read a table as JSON."""
    rows: list[dict[str, Any]] = json.loads((bundle / f"tables/{name}.json").read_text(encoding="utf-8"))
    return rows


def test_a_workspace_and_its_export_make_the_same_rows(week: Week, tmp_path: Path) -> None:
    """Written by the service, answered by a query or exported: the same lines, and so the same hashes."""
    (tmp_path / "a").mkdir()
    exported = made(week, tmp_path, *PERIOD, "--names", "name")
    queried = made(week, tmp_path / "a", *PERIOD, "--names", "name", source=workspace(week))
    for name in ("rows/snapshot.jsonl", "rows/events.jsonl", "rows/scans.jsonl", "tables/results.csv"):
        assert (queried / name).read_bytes() == (exported / name).read_bytes(), name


def test_what_an_auditor_asks_for_is_there(week: Week, tmp_path: Path) -> None:
    """Population, completeness, coverage, rules, results, exceptions, changes, policies, gaps."""
    bundle = made(week, tmp_path, *PERIOD)
    population = {row["ScaleSetName"]: row for row in table(bundle, "population")}
    assert set(population) == {
        "shop-web",
        "shop-orders",
        "shop-billing",
        "shop-search",
        "shop-payments",
        "shop-staging",
    }
    assert population["shop-billing"]["RemovedAt"].startswith("2026-11-14T10")
    assert population["shop-billing"]["LastSnapshotAt"].startswith("2026-11-13")
    assert [row["IsVerified"] for row in table(bundle, "snapshots")] == [True] * 7
    assert {row["Status"] for row in table(bundle, "coverage")} == {"complete", "partial"}
    results = {(row["ScaleSetName"], row["RuleId"]): row for row in table(bundle, "results")}
    assert results["shop-orders", "VMSS-001"]["Outcome"] == "failed"
    assert results["shop-orders", "VMSS-001"]["ReadAt"].startswith("2026-11-14T10")
    assert results["shop-web", "VMSS-001"]["Outcome"] == "passed"
    (exception,) = table(bundle, "exceptions")
    assert (exception["ApprovedBy"], exception["Until"], exception["RuleId"]) == ("team-shop", "2026-11-12", "VMSS-001")
    rules = {row["RuleId"]: row for row in table(bundle, "rules")}
    assert rules["VMSS-001"]["ServiceVersions"] == ["test"]
    assert "PCI DSS 4.0.1: 6.3.3 (supports)" in rules["VMSS-001"]["Controls"]
    changed = [row for row in table(bundle, "changes") if row["EventType"] == "posture.drifted"]
    assert ("upgrade_mode", '"manual"') in {(row["Field"], row["After"]) for row in changed}
    assert [row["Scans"] for row in table(bundle, "policies")] == [13]
    exempt = [row for row in table(bundle, "compliance") if row["exempt"]]
    assert {row["SnapshotAt"][:10] for row in exempt} == {"2026-11-11", "2026-11-12"}


def test_lead_times_have_their_provenance(week: Week, tmp_path: Path) -> None:
    """Which version, when it could be had and how that is known, when the last instance had it; what is not known is a gap."""
    bundle = made(week, tmp_path, *PERIOD)
    (line,) = table(bundle, "lead-times")
    assert (line["ScaleSetName"], line["ResourceGroup"], line["Version"]) == ("shop-web", "rg-shop", NEW)
    assert line["PublishedIs"] == "first_seen"
    assert line["PublishedAt"].startswith("2026-11-10T")
    assert line["ReachedAt"].startswith("2026-11-14T10")
    assert line["Hours"] == round((_moment(line["ReachedAt"]) - _moment(line["PublishedAt"])).total_seconds() / 3600)
    gaps = {row["Kind"]: row["What"] for row in table(bundle, "gaps")}
    assert gaps["lead time not recorded"].startswith("Patch lead time of 4 scale sets: no instances were counted")
    assert "lead time not known" not in gaps
    folder = tmp_path / "rows"
    folder.mkdir()
    for file in week.exported.iterdir():
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for each in [lead for row in lines for lead in row.get("LeadTimes") or ()]:
            each |= {"published_at": None, "published_is": "before_first_seen", "hours": None}
        (folder / file.name).write_text("".join(json.dumps(row) + "\n" for row in lines))
    (tmp_path / "a").mkdir()
    before = made(week, tmp_path / "a", *PERIOD, source=("--rows", str(folder)), code=1)
    (line,) = table(before, "lead-times")
    assert (line["PublishedAt"], line["PublishedIs"], line["Hours"]) == (None, "before_first_seen", None)
    gaps = {row["Kind"]: row["What"] for row in table(before, "gaps")}
    assert gaps["lead time not known"].startswith("When 1 version of an image that reached the last instance")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_gaps_are_named(week: Week, tmp_path: Path) -> None:
    """A partial scan, a subscription not read, a day without scan."""
    kinds = [row["Kind"] for row in table(made(week, tmp_path, *PERIOD), "gaps")]
    for kind in ("scan partial", "subscription not read", "no scan", "not read lately"):
        assert kind in kinds


def test_a_day_without_a_snapshot_is_a_gap(week: Week, tmp_path: Path) -> None:
    """Where rows of a day were not exported, the day is named, and the chain says that a snapshot is missing."""
    folder = tmp_path / "rows"
    folder.mkdir()
    for file in week.exported.iterdir():
        kept = [line for line in file.read_text().splitlines() if not _is_of(json.loads(line), "2026-11-12")]
        (folder / file.name).write_text("\n".join(kept) + "\n")
    bundle = made(week, tmp_path, *PERIOD, source=("--rows", str(folder)), code=1)
    gaps = {(row["Kind"], row["From"][:10]) for row in table(bundle, "gaps")}
    assert ("no snapshot", "2026-11-12") in gaps
    assert ("chain", "2026-11-13") in gaps


def _is_of(row: dict[str, Any], day: str) -> bool:
    return str(row.get("SnapshotAt") or row.get("DetectedAt")).startswith(day) and (
        row["Type"] == SNAPSHOT or row.get("EventType") == "snapshot.completed"
    )


def test_one_day_takes_the_snapshot_that_was_in_force(
    week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The day's own; on a day without one, the last before it, and a note says so."""
    (tmp_path / "a").mkdir()
    bundle = made(week, tmp_path, "--at", "2026-11-11")
    assert [row["SnapshotAt"][:10] for row in table(bundle, "snapshots")] == ["2026-11-11"]
    assert {row["DetectedAt"][:10] for row in table(bundle, "changes")} == {"2026-11-11"}
    capsys.readouterr()
    folder = tmp_path / "rows"
    folder.mkdir()
    for file in week.exported.iterdir():
        kept = [line for line in file.read_text().splitlines() if not _is_of(json.loads(line), "2026-11-12")]
        (folder / file.name).write_text("\n".join(kept) + "\n")
    bundle = made(week, tmp_path / "a", "--at", "2026-11-12", source=("--rows", str(folder)))
    assert [row["SnapshotAt"][:10] for row in table(bundle, "snapshots")] == ["2026-11-11"]
    assert "the last one before, of 2026-11-11T20:00:00.000Z, is in its place" in " ".join(
        capsys.readouterr().out.split()
    )
    assert ("no snapshot", "2026-11-12") in {(row["Kind"], row["From"]) for row in table(bundle, "gaps")}


def test_rows_that_came_twice_are_there_once(week: Week, tmp_path: Path) -> None:
    """Log Analytics takes rows at least once; an attempt that was not completed is left out and named."""
    folder = tmp_path / "rows"
    folder.mkdir()
    attempt = ""
    for file in week.exported.iterdir():
        text = file.read_text()
        if file.name == "snapshot.jsonl":
            attempt = text.splitlines()[0].replace("2026-11-09T20:00:00", "2026-11-09T19:00:00") + "\n"
        (folder / file.name).write_text(text + text + attempt)
        attempt = ""
    (tmp_path / "a").mkdir()
    doubled = made(week, tmp_path, *PERIOD, source=("--rows", str(folder)))
    once = made(week, tmp_path / "a", *PERIOD)
    assert (doubled / "rows/snapshot.jsonl").read_bytes() == (once / "rows/snapshot.jsonl").read_bytes()
    notes = json.loads((doubled / "manifest.json").read_text())["notes"]
    assert any("1 row of a snapshot of 2026-11-09T19:00:00.000Z that was not completed" in note for note in notes)
    assert main(["evidence", "verify", str(doubled)]) == 0


def test_only_its_owner_can_read_it(week: Week, tmp_path: Path) -> None:
    """Folders 0700, files 0600; a zip file 0600, and its check is that of the folder."""
    bundle = made(week, tmp_path, *PERIOD)
    assert bundle.stat().st_mode & 0o777 == 0o700
    for item in bundle.rglob("*"):
        assert item.stat().st_mode & 0o777 == (0o700 if item.is_dir() else 0o600), item
    packed = tmp_path / "bundle.zip"
    assert main(["evidence", *PERIOD, "--rows", str(week.exported), "--out", str(packed)]) == 0
    assert packed.stat().st_mode & 0o777 == 0o600
    assert main(["evidence", "verify", str(packed)]) == 0
    with zipfile.ZipFile(packed) as archive:
        assert set(archive.namelist()) == {
            item.relative_to(bundle).as_posix() for item in bundle.rglob("*") if item.is_file()
        }


def test_the_policy_that_judged_is_enclosed(week: Week, tmp_path: Path) -> None:
    """With the fingerprint that scans carry, and how many of them it judged."""
    policy = tmp_path / "mine.toml"
    policy.write_text('[severities]\nVMSS-001 = "low"\n')
    bundle = made(week, tmp_path, *PERIOD, "--policy", str(policy))
    assert (bundle / "policy/policy.toml").read_text() == policy.read_text()
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert any("it judged 0 scans of the period" in note for note in manifest["notes"])
    assert manifest["policy"]["policy/policy.toml"].startswith("fingerprint ")


def test_older_days_need_a_search_job(week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints what to run, for each table, and exits with 2; nothing is written."""
    words = ["evidence", "--at", "2026-11-12", *workspace(week)[:4], "--interactive-days", "1"]
    assert main([*words, "--out", str(tmp_path / "bundle")]) == 2
    printed = capsys.readouterr().out
    assert printed.count("search-job create") == 3
    assert "--name VmssPostureSnapshotFrom20261105_SRCH" in printed
    assert "--search-results From20261105" in printed
    assert not (tmp_path / "bundle").exists()


def test_search_results_make_the_same_evidence(week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run what the command prints, in a workspace that has archived the week: the rows are those that were written."""
    (tmp_path / "a").mkdir()
    exported = made(week, tmp_path, *PERIOD, "--names", "name")
    source = workspace(week)[:4]
    bundle = tmp_path / "searched"
    control = week.azure.control
    control.archive(datetime(2026, 11, 20, tzinfo=UTC))
    try:
        capsys.readouterr()
        words = ("evidence", *PERIOD, *source, "--out", str(bundle))
        assert main([*words, "--interactive-days", "1"]) == 2
        printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
        *jobs, again = [line for line in printed if line.startswith(("az ", "vmss-"))]
        counted = [_run_search_job(control, shlex.split(job)) for job in jobs]
        assert min(counted) > 0
        assert main([*words, "--interactive-days", "99999"]) == 2
        assert "has no event" in capsys.readouterr().err, "the rows themselves are archived"
        asked = shlex.split(again)
        assert asked[:2] == ["vmss-posture", "evidence"]
        assert main([*asked[1:], *source[2:], "--names", "name"]) == 0
    finally:
        control.archive(None)
    for name in (
        "rows/snapshot.jsonl",
        "rows/events.jsonl",
        "rows/scans.jsonl",
        "tables/results.csv",
        "tables/gaps.csv",
    ):
        assert (bundle / name).read_bytes() == (exported / name).read_bytes(), name
    assert main(["evidence", "verify", str(bundle)]) == 0


def _run_search_job(control: Control, words: list[str]) -> int:
    """Do what ``az`` would: each option has one value."""
    assert words[:6] == ["az", "monitor", "log-analytics", "workspace", "table", "search-job"]
    given = dict(zip(words[7::2], words[8::2], strict=True))
    start, end = (datetime.fromisoformat(given[f"--{edge}-search-time"]) for edge in ("start", "end"))
    return control.search_job(given["--name"], given["--search-query"], start, end)


def test_results_that_were_cut_are_refused(week: Week) -> None:
    """A search job ends at its limit without a word: a table that is as large as it may lack rows."""
    control, tables = week.azure.control, SEARCHED.tables("Cut")
    start, end = datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    most = max([control.search_job(name, table.value, start, end) for table, name in tables.items()])

    def deployments(limit: int) -> Sequence[str]:
        with closing(connection_to(week.azure)) as connection:
            source = WorkspaceRows(
                connection,
                endpoint=week.azure.query_endpoint,
                audience=week.azure.query_endpoint,
                workspace_id=week.azure.workspace_id,
                tables=tables,
                search_limit=limit,
            )
            return source.deployments(start, end)

    assert deployments(most + 1) == [DEPLOYMENT]
    with pytest.raises(ReadFailedError, match="ended at its limit"):
        deployments(most)


def test_results_of_another_name_are_not_found(week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error of the workspace is said, and no bundle is left."""
    words = ["evidence", *PERIOD, *workspace(week)[:4], "--search-results", "Nowhere", "--out", str(tmp_path / "b")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "Search jobs make the tables VmssPostureEventsNowhere_SRCH" in said
    assert list(tmp_path.iterdir()) == []


def test_a_partial_answer_makes_no_evidence(week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Log Analytics that answers a part of the rows: exit 2, and no bundle is left behind."""
    control = week.azure.control
    control.add_fault("query", FaultKind.PARTIAL, count=None)
    try:
        assert main(["evidence", *PERIOD, *workspace(week), "--out", str(tmp_path / "bundle")]) == 2
    finally:
        control.clear_faults()
    assert "a part of the rows only" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--rows", "ROWS", "--out", "OUT"], "Name the days", id="no day"),
        pytest.param(["--from", "2026-11-09", "--rows", "ROWS", "--out", "OUT"], "Name the days", id="no last day"),
        pytest.param(["--at", "2026-11-09", "--to", "2026-11-10", "--rows", "ROWS", "--out", "OUT"], "days", id="both"),
        pytest.param(
            ["--from", "2026-11-10", "--to", "2026-11-09", "--rows", "ROWS", "--out", "OUT"], "before", id="to"
        ),
        pytest.param(["--at", "2999-01-01", "--rows", "ROWS", "--out", "OUT"], "future", id="tomorrow"),
        pytest.param(["--at", "2026-11-09", "--out", "OUT"], "--workspace ID or --rows", id="no source"),
        pytest.param(["--at", "2026-11-09", "--rows", "ROWS"], "--out is missing", id="nowhere to"),
        pytest.param(["--at", "2026-11-09", "--rows", "ROWS", "--out", "ROWS"], "there already", id="there already"),
        pytest.param(["--at", "2025-01-09", "--rows", "ROWS", "--out", "OUT"], "no event", id="no rows"),
        pytest.param(
            ["--at", "2026-11-09", "--rows", "ROWS", "--deployment", "x", "--out", "OUT"],
            f"are: {DEPLOYMENT}",
            id="whose",
        ),
        pytest.param(["--at", "2026-11-09", "--workspace", "name", "--out", "OUT"], "a GUID", id="a name"),
        pytest.param(["--at", "2026-11-09", "--rows", "NONE", "--out", "OUT"], "cannot be read", id="no such file"),
    ],
)
def test_wrong_words_are_refused(
    week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """The message says what would be right, and nothing is written."""
    places = {"ROWS": str(week.exported), "OUT": str(tmp_path / "out"), "NONE": str(tmp_path / "none.jsonl")}
    assert main(["evidence", *[places.get(word, word) for word in words]]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_rows_of_several_deployments_need_a_name(
    week: Week, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each deployment has a chain of its own."""
    folder = tmp_path / "rows"
    folder.mkdir()
    for file in week.exported.iterdir():
        text = file.read_text()
        (folder / file.name).write_text(text + text.replace(DEPLOYMENT, "other"))
    words = ["evidence", *PERIOD, "--rows", str(folder), "--out", str(tmp_path / "bundle")]
    assert main(words) == 2
    assert f"{DEPLOYMENT}, other" in capsys.readouterr().err
    assert main([*words, "--deployment", DEPLOYMENT]) == 0
    assert main(["evidence", "verify", str(tmp_path / "bundle")]) == 0


def test_a_file_that_holds_no_rows_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File and line are named."""
    file = tmp_path / "x.jsonl"
    file.write_text(f'{{"Type": "{EVENTS}", "DetectedAt": "2026-11-09T06:00:00Z"}}\n\n{{"a": 1}}\n')
    assert main(["evidence", "--at", "2026-11-09", "--rows", str(file), "--out", str(tmp_path / "b")]) == 2
    assert "line 3, is not an exported row" in capsys.readouterr().err


def test_no_cell_is_a_formula() -> None:
    """A text that a spreadsheet would run has an apostrophe in front; every cell comes back as it was read."""
    texts = [
        '=HYPERLINK("http://x")',
        "+1",
        "-1",
        "@x",
        "\tx",
        "\r=1",
        " =1",
        "\uff1d1",
        "'=1",
        'a"b,c\nd',
        "ok",
        "",
        "größe",
    ]
    rows: list[Line] = [{"Text": text, "Number": -1, "List": ["=a", "b"]} for text in texts]
    made_of = Table(name="t", about="", columns=("Text", "Number", "List"), rows=lambda: rows)
    read = list(csv.DictReader(io.StringIO(b"".join(csv_lines(made_of, rows)).decode(), newline="")))
    assert [row["Text"].removeprefix("'") for row in read] == texts
    assert [row["Text"][:1] for row in read[:9]] == ["'"] * 9
    assert {row["Number"] for row in read} == {"-1"}
    assert {row["List"] for row in read} == {"'=a; b"}
    assert json.loads(b"".join(json_lines(made_of, rows)))[0]["Text"] == texts[0]
    assert json.loads(b"".join(json_lines(made_of, []))) == []


def test_people_have_pseudonyms() -> None:
    """The same person has the same one within a bundle, wherever a text repeats the name, and another in the next."""
    row = {
        "ChangedBy": "Anna@shop.example",
        "ChangedByType": "User",
        "Summary": "web: changed by Anna@shop.example.",
        "Owner": "team@shop.example",
        "Changes": [{"ChangedBy": "0b1c-object-id", "ChangedByType": "User"}],
        "Evidence": [{"path": "changed_by", "value": "0b1c-object-id"}],
        "Revision": 2,
    }
    one = Pseudonyms("1").of_event(row)
    alias, other = one["ChangedBy"], one["Changes"][0]["ChangedBy"]
    assert one == {
        "ChangedBy": alias,
        "ChangedByType": "User",
        "Summary": f"web: changed by {alias}.",
        "Owner": "team@shop.example",
        "Changes": [{"ChangedBy": other, "ChangedByType": "User"}],
        "Evidence": [{"path": "changed_by", "value": other}],
        "Revision": 2,
    }
    assert alias.startswith("pseudonym:")
    assert alias != other
    assert Pseudonyms("1").of_event({"ChangedBy": "anna@shop.example"})["ChangedBy"] == alias
    assert Pseudonyms("2").of_event(row)["ChangedBy"] != alias
    application = {"ChangedBy": "7b1f-application-id", "ChangedByType": "Application"}
    assert Pseudonyms("1").of_event(application) == application


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Export a snapshot whose one row names a person in a finding, and the change that the finding is about."""
    at, deployment = "2026-11-09T20:00:00.000Z", "d"
    row = {
        "SnapshotAt": at,
        "SnapshotId": snapshot_id(at),
        "ScaleSetId": "/subscriptions/a/web",
        "ScaleSetName": "web",
        "Owner": "team@shop.example",
        "OpenFindings": [{"rule": "VMSS-083", "name": "n", "severity": "low", "reason": "Changed by eve@contoso.com."}],
        "Outcomes": {"VMSS-083": "failed"},
        "Deployment": deployment,
    }
    hashed = SnapshotHash()
    hashed.add(row)
    link = hashed.link(at=at, deployment=deployment, previous="")
    shared = {"Deployment": deployment, "DetectedAt": at}
    rows = [
        {**row, "Type": SNAPSHOT},
        {
            **shared,
            "Type": EVENTS,
            "EventType": "snapshot.completed",
            "EventId": "1",
            "ScanId": snapshot_id(at),
            "SnapshotRows": 1,
            "SnapshotHash": link.hash,
        },
        {**shared, "Type": EVENTS, "EventType": "posture.drifted", "EventId": "2", "ChangedBy": "eve@contoso.com"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in rows))
    return file


def test_no_file_of_a_bundle_names_who_changed_something(
    named: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in a finding of a snapshot either; the chain holds all the same, and the check says what it cannot vouch for."""
    bundle = tmp_path / "bundle"
    assert main(["evidence", "--at", "2026-11-09", "--rows", str(named), "--out", str(bundle)]) == 0
    assert not [item for item in bundle.rglob("*") if item.is_file() and b"eve@contoso.com" in item.read_bytes()]
    (line,) = (bundle / "rows/snapshot.jsonl").read_text().splitlines()
    assert json.loads(line)["Owner"] == "team@shop.example"
    hashed = json.loads((bundle / "rows/events.jsonl").read_text().splitlines()[0])["SnapshotHash"]
    capsys.readouterr()
    assert main(["evidence", "verify", str(bundle), "--anchor", hashed]) == 0
    assert "1 row with a pseudonym: the anchor vouches for their place" in " ".join(capsys.readouterr().out.split())
    plainly = tmp_path / "plainly"
    words = ["evidence", "--at", "2026-11-09", "--rows", str(named), "--names", "name", "--out", str(plainly)]
    assert main(words) == 0
    assert "eve@contoso.com" in (plainly / "rows/snapshot.jsonl").read_text()
    assert main(["evidence", "verify", str(plainly), "--anchor", hashed]) == 0
    assert "pseudonym" not in capsys.readouterr().out.split("manifest")[-2]


def test_a_workspace_makes_no_names_either(week: Week, tmp_path: Path) -> None:
    """The person who changed things in the portal is not in what a query answered."""
    bundle = made(week, tmp_path, *PERIOD, source=workspace(week))
    changed = [row for row in table(bundle, "changes") if row["ChangedBy"]]
    assert any(row["ChangedBy"].startswith("pseudonym:") for row in changed)
    assert not [
        item for item in bundle.rglob("*") if item.is_file() and PORTAL_USER.changed_by.encode() in item.read_bytes()
    ]
