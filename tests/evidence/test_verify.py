"""Evidence of the demo's week, altered in every way we could think of: each is found, and the last with the anchor."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner import __version__
from scanner.adapters.bundle_files import open_bundle
from scanner.cli import main
from scanner.cli.evidence_maker import declared
from scanner.errors import UnreadableError
from scanner.events.snapshot_rows import snapshot_id
from scanner.evidence.manifest import MANIFEST_FILE
from scanner.evidence.rows import SNAPSHOT_FILE
from scanner.evidence.verify import Verification, verify
from tests.evidence.forging import Altered, Forger, hash_of, remake, sign
from tests.evidence.week import Week

PERIOD = ("--from", "2026-11-09", "--to", "2026-11-15")


@pytest.fixture(scope="module")
def bundle(week: Week, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make evidence of the week from its exported rows."""
    folder = tmp_path_factory.mktemp("evidence") / "bundle"
    assert main(["evidence", *PERIOD, "--rows", str(week.exported), "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def forger(bundle: Path, tmp_path: Path) -> Forger:
    """Alter copies of it."""
    return Forger(bundle, tmp_path)


def checked(bundle: Path, anchor: str = "") -> Verification:
    """Check a bundle."""
    with open_bundle(bundle) as opened:
        return verify(opened, anchor, declared(), __version__)


def newest(bundle: Path) -> str:
    """Name the hash of the newest snapshot."""
    found = checked(bundle).chain.newest
    assert found is not None
    return found.hash


def test_a_bundle_that_was_not_touched_is_consistent(bundle: Path) -> None:
    """Seven snapshots, each following the one before; without an anchor nothing more is said."""
    found = checked(bundle)
    assert found.problems == []
    assert [snapshot.at[8:10] for snapshot in found.chain.snapshots] == ["09", "10", "11", "12", "13", "14", "15"]
    assert found.anchored == ""


def test_an_anchor_vouches_for_what_is_before_it(bundle: Path) -> None:
    """The newest hash for all snapshots, an older one up to itself, the manifest's for every file."""
    snapshots = checked(bundle).chain.snapshots
    assert "vouches for the snapshots up to it." in checked(bundle, newest(bundle)).anchored
    assert checked(bundle, snapshots[4].hash.upper()).anchored.endswith("Of the 2 after it, it says nothing.")
    assert "every file" in checked(bundle, hash_of(bundle / MANIFEST_FILE)).anchored


def _drop_row(rows: Altered) -> None:
    rows.snapshot.remove(rows.of(2)[1])


def _change_row(rows: Altered) -> None:
    rows.of(2)[1]["Outcomes"]["VMSS-001"] = "passed"


def _change_approver(rows: Altered) -> None:
    exempt = next(row for row in rows.snapshot if row.get("Exemptions"))
    exempt["Exemptions"][0]["owner"] = "somebody-else"


def _add_row(rows: Altered) -> None:
    row = rows.of(2)[-1]
    rows.snapshot.insert(rows.snapshot.index(row) + 1, {**row, "ScaleSetId": row["ScaleSetId"] + "-2"})


def _add_row_twice(rows: Altered) -> None:
    row = rows.of(2)[1]
    rows.snapshot.insert(rows.snapshot.index(row), row)


def _reorder_rows(rows: Altered) -> None:
    first, second = (rows.snapshot.index(row) for row in rows.of(2)[:2])
    rows.snapshot[first], rows.snapshot[second] = rows.snapshot[second], rows.snapshot[first]


def _reorder_snapshots(rows: Altered) -> None:
    first, second = (rows.events.index(event) for event in rows.completed[2:4])
    rows.events[first], rows.events[second] = rows.events[second], rows.events[first]


def _drop_snapshot(rows: Altered) -> None:
    gone = rows.of(2)
    rows.events.remove(rows.completed[2])
    rows.snapshot = [row for row in rows.snapshot if row not in gone]


def _drop_event_only(rows: Altered) -> None:
    rows.events.remove(rows.completed[2])


def _drop_rows_only(rows: Altered) -> None:
    gone = rows.of(2)
    rows.snapshot = [row for row in rows.snapshot if row not in gone]


def _move_date(rows: Altered) -> None:
    for row in rows.of(2):
        row["SnapshotAt"] = "2026-11-11T21:00:00.000000Z"
    rows.completed[2]["DetectedAt"] = "2026-11-11T21:00:00.000000Z"


def _move_date_with_its_ids(rows: Altered) -> None:
    moved = snapshot_id("2026-11-11T21:00:00.000Z")
    for row in rows.of(2):
        row |= {"SnapshotAt": "2026-11-11T21:00:00.000000Z", "SnapshotId": moved}
    rows.completed[2] |= {"DetectedAt": "2026-11-11T21:00:00.000000Z", "ScanId": moved}


def _move_reading(rows: Altered) -> None:
    rows.of(2)[1]["LastReadAt"] = "2026-11-11T19:59:00.000000Z"


def _exchange_rows(rows: Altered) -> None:
    one, other = rows.of(2)[1], rows.of(3)[1]
    one["Outcomes"], other["Outcomes"] = {**other["Outcomes"], "VMSS-001": "passed"}, one["Outcomes"]


def _repeat_old_rows(rows: Altered) -> None:
    older, at = rows.of(0), rows.completed[3]["DetectedAt"]
    number = snapshot_id(at[:23] + "Z")
    new = [{**row, "SnapshotAt": at, "SnapshotId": number} for row in older]
    place = rows.snapshot.index(rows.of(3)[0])
    rows.snapshot = [row for row in rows.snapshot if row["SnapshotAt"] != at]
    rows.snapshot[place:place] = new


def _start_anew(rows: Altered) -> None:
    rows.completed[3]["PreviousHash"] = ""


ALTERATIONS = {
    "a row changed": (_change_row, "have the hash"),
    "an approver changed": (_change_approver, "have the hash"),
    "a time of reading moved": (_move_reading, "have the hash"),
    "a row dropped": (_drop_row, "6 rows were written and 5 are here"),
    "a row added": (_add_row, "6 rows were written and 7 are here"),
    "a row twice": (_add_row_twice, "or twice"),
    "rows reordered": (_reorder_rows, "not in the order of their scale sets"),
    "snapshots reordered": (_reorder_snapshots, "the order was changed"),
    "a snapshot missing": (_drop_snapshot, "follows a snapshot that is not here"),
    "the event of a snapshot missing": (_drop_event_only, "that no event completes"),
    "the rows of a snapshot missing": (_drop_rows_only, "None of its 6 rows is there"),
    "a date moved": (_move_date, "the date was changed"),
    "a date moved with all ids": (_move_date_with_its_ids, "have the hash"),
    "rows exchanged between snapshots": (_exchange_rows, "have the hash"),
    "an older snapshot in place of another": (_repeat_old_rows, "have the hash"),
    "the chain cut": (_start_anew, "starts anew here"),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_alteration_is_found(forger: Forger, name: str) -> None:
    """Also where tables and manifest were made to fit: the chain tells, in words that name the snapshot."""
    change, said = ALTERATIONS[name]
    problems = checked(forger.alter(change)).problems
    assert any(said in problem for problem in problems), problems
    assert any("2026-11-1" in problem for problem in problems)


@pytest.mark.parametrize("change", [_change_row, _drop_row, _add_row, _drop_snapshot, _repeat_old_rows])
def test_hashes_computed_anew_are_found_with_the_anchor(
    forger: Forger, bundle: Path, change: Callable[[Altered], None]
) -> None:
    """Whoever computes all hashes anew is consistent in himself, and not what was written down before."""
    anchor = newest(bundle)
    forged = forger.alter(change, rehash=True)
    alone = checked(forged)
    assert (alone.problems, alone.anchored) == ([], "")
    problems = checked(forged, anchor).problems
    assert len(problems) == 1
    assert "hashed anew" in problems[0]


def test_an_edited_table_is_found_though_the_manifest_fits(forger: Forger) -> None:
    """Tables are made again from the rows."""
    for name in ("tables/results.csv", "tables/gaps.json", "index.html"):
        copy = forger.copy()
        file = copy / name
        file.write_bytes(file.read_bytes().replace(b"failed", b"passed").replace(b"scan partial", b"scan complete"))
        assert checked(copy).problems[0].startswith(f"{name} is not the file that the manifest names")
        sign(copy)
        assert [problem.split(" is ")[0] for problem in checked(copy).problems] == [name]


def test_files_that_are_missing_or_added_are_found(forger: Forger) -> None:
    """What the manifest names is there, and nothing else."""
    copy = forger.copy()
    (copy / "tables/gaps.csv").unlink()
    (copy / "note.txt").write_text("see?")
    assert checked(copy).problems == [
        "tables/gaps.csv is missing.",
        "note.txt is not in the manifest: it was added.",
    ]


def test_a_row_written_otherwise_is_found(forger: Forger) -> None:
    """Each line is what was hashed: an auditor can hash the file without our code."""
    copy = forger.copy()
    file = copy / SNAPSHOT_FILE
    file.write_bytes(file.read_bytes().replace(b'"OpenHigh":', b'"OpenHigh": ', 1))
    remake(copy)
    assert any("is not written as rows are hashed" in problem for problem in checked(copy).problems)


def test_rows_of_the_wrong_kind_are_a_problem_and_no_crash(forger: Forger) -> None:
    """Who alters rows may make them anything."""
    copy = forger.copy()
    file = copy / SNAPSHOT_FILE
    for text in (b"[]\n", b"{\n", b'{"Outcomes":[1],"Exemptions":"x"}\n', b"\xff\n"):
        file.write_bytes(text)
        sign(copy)
        assert checked(copy).problems


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_byte_that_is_changed_is_found(forger: Forger, data: st.DataObject) -> None:
    """Whichever byte of whichever file: a problem is named, or the bundle cannot be read."""
    copy = forger.copy() if forger.copies == 0 else forger.folder / "copy-1"
    names = sorted(item for item in copy.rglob("*") if item.is_file())
    file = data.draw(st.sampled_from(names))
    content = file.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[place]))
    file.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
    try:
        manifest = hash_of(forger.bundle / MANIFEST_FILE)
        assert checked(copy, manifest).problems
    except UnreadableError:
        pass
    finally:
        file.write_bytes(content)


def test_the_command_answers_with_its_exit_code(
    forger: Forger, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 and the verdict; 1 and every problem; 2 where there is no bundle."""
    assert main(["evidence", "verify", str(bundle)]) == 0
    assert "Consistent in itself, not anchored" in " ".join(capsys.readouterr().out.split())
    forged = forger.alter(_change_row)
    assert main(["evidence", "verify", str(forged), "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], len(said["problems"])) == ("broken", 1)
    assert main(["evidence", "verify", str(bundle), "--anchor", newest(bundle)]) == 0
    assert "vouches for the snapshots up to it" in " ".join(capsys.readouterr().out.split())
    assert main(["evidence", "verify", str(bundle.parent / "none")]) == 2
    assert "cannot be read as a bundle" in capsys.readouterr().err
