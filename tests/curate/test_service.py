"""`library.curate`: each method, its run as a value, and what is done with that."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import Library
from engine.common.progress import CancelToken
from engine.curate.run import CurationRun, SemDedupCurve
from engine.errors import Cancelled, InvalidQuery, PathNotFound, UsageError
from engine.types import Kind, Modality
from tests import media_files as make
from tests.docs.blocks import ROOT, blocks, run_python

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kept(tmp_path_factory, settings) -> Path:
    """Sixteen pictures in two folders, one in the wrong one and one there twice; six sounds.

    A library knows its files by their paths: each test has copies at the place of the first.
    """
    place = tmp_path_factory.mktemp("place") / "here"
    media = place / "media"
    for colour in ("red", "blue"):
        for number in range(7):
            make.picture(media / colour / f"{number}.png", colour, (40 + number, 30))
    make.picture(media / "red" / "wrong.png", "blue", (64, 30))
    shutil.copy(media / "red" / "0.png", media / "blue" / "again.png")
    for number in range(6):
        make.sound(media / f"{number}.wav", (200 + 10 * number, 2.0))
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as made:
        assert made.index([media]).added == 22
    return place.rename(place.with_name("kept"))


@pytest.fixture
def tmp_path(kept) -> Iterator[Path]:
    """The place of the library and its media, and of what a test writes."""
    place = kept.with_name("here")
    shutil.copytree(kept, place)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def library(tmp_path, settings) -> Iterator[Library]:
    with Library.open(tmp_path / "library", settings=settings) as opened:
        yield opened


@pytest.fixture
def run(library) -> CurationRun:
    return library.curate.duplicates(exact=True)


def paths(library: Library) -> set[str]:
    return {asset.path for asset in library.store.assets()}


# --- methods ------------------------------------------------------------------------


def test_duplicates_are_groups_with_the_keeper_first(library, run):
    ((keeper, copy),) = run.groups
    assert (keeper.verdict, copy.verdict) == ("keeper", "duplicate")
    assert {Path(keeper.path).name, Path(copy.path).name} == {"0.png", "again.png"}
    assert run.line == f"1 duplicates in 1 groups, {run.facts['MB']:.1f} MB"
    assert run.details["bytes"] == Path(copy.path).stat().st_size
    assert run.command == "library.curate.duplicates(exact=True)"
    assert run.matching() == (copy,) and run.matching("keeper") == (keeper,)


def test_duplicates_below_a_path_and_of_a_kind(library, tmp_path):
    alone = library.curate.duplicates(tmp_path / "media" / "red", kinds="image", exact=True)
    assert len(alone) == 0 and alone.settings["kinds"] == ["image"]
    by_cosine = library.curate.duplicates(kinds=[Kind.IMAGE], by_cosine=True)
    assert by_cosine.facts["duplicates"] > 1
    with pytest.raises(PathNotFound, match="nothing of the library is at"):
        library.curate.duplicates(tmp_path / "nothing")
    with pytest.raises(InvalidQuery, match="no kind called 'text'"):
        library.curate.duplicates(kinds="text")


def test_leaks(library, tmp_path):
    run = library.curate.leaks([tmp_path / "media"], exact=True, kinds=["image"])
    assert [finding.verdict for finding in run.findings] == ["held", "leak"]
    assert run.line == "1 leaks between blue, red"
    with pytest.raises(UsageError, match="by folder or by tag"):
        library.curate.leaks(split_by="moon")


def test_semdedup_and_its_curve(library, tmp_path):
    curve = library.curate.semdedup_curve()
    assert isinstance(curve, SemDedupCurve) and curve.moments == 16
    assert all(0 <= share <= 1 for _, share in curve.points)
    assert "polyline" in curve.report(tmp_path / "curve.html").read_text()
    assert library.curate.runs() == []
    run = library.curate.semdedup(eps=0.3)
    assert run.facts["to go"] == len(run) > 0
    assert pickle.loads(pickle.dumps(curve)) == curve


def test_outliers(library):
    run = library.curate.outliers(threshold=0, top=3)
    assert run.settings["modalities"] == [Modality.IMAGE, Modality.SOUND]
    assert [f.score for f in run.findings] == sorted((f.score for f in run.findings), reverse=True)
    assert len(run) == 3 and run.groups == ()
    assert len(library.curate.outliers("image", measure="lof", where="kind = image")) < 16
    with pytest.raises(UsageError, match="no modality called 'smell'"):
        library.curate.outliers("smell")
    with pytest.raises(UsageError, match="by distance or lof"):
        library.curate.outliers(measure="inches")


def test_clusters(library):
    run = library.curate.clusters(Modality.IMAGE, k=2)
    assert sum(map(len, run.groups)) == len(run) == 16
    assert [cluster["group"] for cluster in run.details["clusters"]] == [1, 2]
    assert all(group[0].verdict == "representative" for group in run.groups)


def test_clusters_of_a_modality_with_fewer_files_are_fewer(library):
    run = library.curate.clusters(k=7)
    assert "6 of sound make 6 groups, and not 7" in run.notes
    assert run.settings["k"] == 7
    with pytest.raises(UsageError, match="k=99: of 16 of image there can be 1 to 16 clusters"):
        library.curate.clusters(k=99)


def test_quality(library, tmp_path):
    run = library.curate.quality("image", limits={"tiny": 10})
    assert run.facts["checked"] == 16 and "tiny" not in {f.verdict for f in run.findings}
    (tmp_path / "media" / "red" / "1.png").write_bytes(b"no picture any more")
    broken = library.curate.quality("image")
    assert broken.facts["could not be read"] == 1
    assert "1.png" in broken.problems[0]
    with pytest.raises(UsageError, match="no verdict called 'ugly'"):
        library.curate.quality(limits={"ugly": 1})


def test_captions(library, tmp_path):
    table = tmp_path / "captions.csv"
    table.write_text("path,caption\nmedia/red/1.png,red\nmedia/red/2.png,green\n")
    run = library.curate.captions(table, threshold=5)
    assert (run.kind, run.facts["captions"]) == ("captions", 2)
    assert run.command == f"library.curate.captions({str(table)!r}, threshold=5)"
    with pytest.raises(UsageError, match="has a caption"):
        library.curate.captions()


def test_mislabeled(library):
    run = library.curate.mislabeled(modality="image", top=2)
    assert {Path(finding.path).name for finding in run.findings} == {"again.png", "wrong.png"}


def test_select(library, tmp_path):
    run = library.curate.select(
        4, modality="image", balance="label", manifest=tmp_path / "chosen.json"
    )
    assert len(run) == 4 and run.details["quotas"] == {"blue": 2, "red": 2}
    assert "library.curate.select(4, modality='image'" in (tmp_path / "chosen.json").read_text()
    assert library.curate.select(4, modality="image", seed=3).findings == (
        library.curate.select(4, modality="image", seed=3).findings
    )
    with pytest.raises(UsageError, match="no method 'dice'"):
        library.curate.select(2, modality="image", method="dice")
    with pytest.raises(UsageError, match="balanced by tag, cluster or label"):
        library.curate.select(2, modality="image", balance="weight")


# --- the run as a value -------------------------------------------------------------


def test_a_run_pickles_and_says_how_to_get_its_library_back(library, run, tmp_path):
    copy = pickle.loads(pickle.dumps(run))
    assert copy == run and repr(copy) == repr(run) and copy.groups == run.groups
    assert copy.to_parquet(tmp_path / "found.parquet").exists()
    assert "<figure" in copy._repr_html_()
    for call in (lambda: copy.apply("tag"), copy.undo, lambda: copy.report(tmp_path / "x.html")):
        with pytest.raises(UsageError, match=r"library\.curate\.run\(1\)"):
            call()
    again = library.curate.run(copy.run_id)
    assert (again.findings, again.command) == (run.findings, run.command)
    assert again.line == "2 findings"


def test_what_a_prompt_and_a_notebook_show(run):
    first, *lines = repr(run).splitlines()
    assert first == f"CurationRun 1, duplicates: {run.line}"
    assert len(lines) == 2 and "keeper" in lines[0] and "again.png" in "".join(lines)
    html = run._repr_html_()
    assert html.count("data:image/jpeg") == 2 and "<script" not in html


def test_reports_of_new_runs_and_of_those_read_back(library, run, tmp_path):
    page = run.report(tmp_path / "new.html").read_text()
    assert "data:image/jpeg" in page and "In figures" in page
    old = library.curate.run(1).report(tmp_path / "old.html").read_text()
    assert "data:image/jpeg" in old and "Group 1: 2 files" in old
    library.curate.quality("image")
    assert "How often" in library.curate.run(2).report(tmp_path / "quality.html").read_text()
    with pytest.raises(UsageError, match="there is no folder"):
        run.report(tmp_path / "nowhere" / "x.html")


def test_tables(run, tmp_path):
    table = run.to_pandas()
    assert list(table["verdict"]) == ["keeper", "duplicate"]
    assert list(table["path"]) == [finding.path for finding in run.findings]
    rows = pq.read_table(run.to_parquet(tmp_path / "found")).to_pylist()
    assert [row["why"] for row in rows] == [finding.why for finding in run.findings]


def test_findings_are_written_beside_the_run(library, tmp_path):
    run = library.curate.duplicates(exact=True, out=tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_text().count("\n") == len(run) + 1
    with pytest.raises(UsageError, match="findings are written as"):
        library.curate.duplicates(out="found.txt")
    assert len(library.curate.runs()) == 1


# --- acting -------------------------------------------------------------------------


def test_tags_are_given_and_taken_back(library, run):
    assert run.apply("tag").done == 1
    assert library.store.tag_counts() == {"duplicate": 1}
    assert library.search("red", where="tags has duplicate").hits
    assert run.undo().problems == ()
    assert library.store.tag_counts() == {}


def test_files_are_moved_and_come_back(library, run, tmp_path):
    before, to = paths(library), tmp_path / "spare"
    assert library.curate.apply(run.run_id, "move", to=to).done == 1
    assert len(list(to.iterdir())) == 1 and paths(library) != before
    (summary,) = library.curate.runs()
    assert {str(state): n for state, n in summary.acts_in_order()} == {"done": 2}
    assert library.curate.undo(dry_run=True).dry_run
    assert library.curate.undo().run_id == run.run_id
    assert paths(library) == before and not to.exists()
    with pytest.raises(UsageError, match="nothing to undo"):
        library.curate.undo()


def test_links_of_what_stays(library, run, tmp_path):
    done = run.apply("link", to=tmp_path / "links", verdicts="keeper", symbolic=False)
    (link,) = (tmp_path / "links").iterdir()
    assert done.done == 1 and not link.is_symlink()
    assert link.name == Path(run.groups[0][0].path).name


@pytest.mark.parametrize(
    ("action", "options", "line"),
    [
        ("burn", {}, "'burn' is no action"),
        ("move", {}, "move needs a folder: to=FOLDER"),
        ("tag", {"to": "x"}, "a folder is for move and link"),
        ("tag", {"tag": " "}, "a tag is empty"),
    ],
)
def test_actions_that_make_no_sense(run, action, options, line):
    with pytest.raises(UsageError, match=line):
        run.apply(action, **options)


# --- watching -----------------------------------------------------------------------


class Watcher:
    """A progress that counts, and cancels after so many items."""

    def __init__(self, most: int | None = None) -> None:
        self.tasks: list[str] = []
        self.items, self.most, self.token = 0, most, CancelToken()

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self.tasks.append(task)

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self.items += items
        if self.items == self.most:
            self.token.cancel()

    def message(self, text: str) -> None:
        self.tasks.append(text)


def test_progress_is_reported(library):
    watcher = Watcher()
    library.curate.quality("image", progress=watcher)
    assert (watcher.tasks, watcher.items) == (["checking"], 16)
    watcher = Watcher()
    library.curate.select(3, modality="image", progress=watcher)
    assert (watcher.tasks, watcher.items) == (["choosing"], 2), "the first is drawn"


def test_a_cancelled_call_records_nothing(library):
    watcher = Watcher(most=3)
    with pytest.raises(Cancelled):
        library.curate.quality("image", progress=watcher, cancel=watcher.token)
    assert watcher.items == 3
    assert library.curate.runs() == []


# --- docs ---------------------------------------------------------------------------


def test_the_example_of_the_docs_runs(library, tmp_path, monkeypatch, capsys):
    (block,) = blocks((ROOT / "docs" / "curate.md").read_text())
    library.close()
    (tmp_path / "library").rename(tmp_path / "photos.library")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    run_python(block.text, names)
    assert "is there" in capsys.readouterr().out
    assert (tmp_path / "duplicates.html").exists() and (tmp_path / "duplicates.parquet").exists()
    assert names["later"].findings == names["run"].findings
