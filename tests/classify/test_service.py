"""`library.classify` and `library.evaluate`: values that show themselves, write and undo."""

from __future__ import annotations

import pickle
import shutil

import pandas as pd
import pytest

from engine import Library
from engine.classify.results import NONE, read
from engine.common.progress import CancelToken
from engine.errors import Cancelled, PathNotFound, QuerySyntax, UsageError
from tests import media_files as make

pytestmark = pytest.mark.slow

COLOURS = ("red", "green", "blue")
LABELS = ["red", "green", "low tone"]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service") / "media"
    for colour in COLOURS:
        make.picture(folder / f"{colour}.png", colour)
    make.sound(folder / "deep.wav", (200, 2.0))
    return folder


@pytest.fixture(scope="module")
def indexed(media, settings, tmp_path_factory):
    path = tmp_path_factory.mktemp("indexed") / "library"
    with Library.open(path, create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    return path


@pytest.fixture
def library(indexed, settings, tmp_path):
    copy = shutil.copytree(indexed, tmp_path / "lib")
    with Library.open(copy, settings=settings) as opened:
        yield opened


def by_name(results):
    return {result.file.rpartition("/")[2]: result.label for result in results}


EXPECTED = {"red.png": "red", "green.png": "green", "blue.png": None, "deep.wav": "low tone"}


def test_a_list_of_labels_gives_each_file_its_label(library):
    found = library.classify(LABELS, unknown=True)
    assert by_name(found) == EXPECTED and len(found) == 4
    assert found.counts == {NONE: 1, "green": 1, "low tone": 1, "red": 1}
    assert found.labels == tuple(LABELS)
    assert found.indexed is None and found.run is None
    assert found.command == f"library.classify({LABELS!r}, unknown=True)"


def test_labels_may_be_described_by_a_mapping_or_a_file(library, tmp_path):
    described = library.classify({"warm": ["red"], "cold": "blue"}, kinds="image")
    assert by_name(described)["red.png"] == "warm" and by_name(described)["blue.png"] == "cold"
    assert described.command == (
        "library.classify({'warm': ['red'], 'cold': ['blue']}, kinds=['image'])"
    )
    (tmp_path / "labels.txt").write_text("warm: red\ncold: blue\n")
    assert library.classify(tmp_path / "labels.txt", kinds="image").results == described.results


def test_kinds_and_paths_choose_the_files(library, media):
    assert len(library.classify(LABELS, kinds="audio")) == 1
    assert len(library.classify(LABELS, kinds=["image", "audio"])) == 4
    assert set(by_name(library.classify(LABELS, paths=media / "red.png"))) == {"red.png"}
    only = library.classify(LABELS, paths=[media / "red.png", media / "deep.wav"], kinds="image")
    assert set(by_name(only)) == {"red.png"}


def test_filters_choose_the_files(library, media):
    assert set(by_name(library.classify(LABELS, where="kind = audio"))) == {"deep.wav"}
    narrow = library.classify(LABELS, kinds="image", where=["path like *green*", "kind != audio"])
    assert set(by_name(narrow)) == {"green.png"}
    assert "where=['path like *green*', 'kind != audio']" in narrow.command
    with pytest.raises(QuerySyntax):
        Library.check_classify(LABELS, where="kind is of no sort")


def test_tags_of_a_file_of_results_from_a_threshold_on(library, tmp_path):
    out = tmp_path / "out.jsonl"
    sure = {r.label: r.probability for r in library.classify(LABELS, unknown=True) if r.label}
    library.classify(LABELS, unknown=True, out=out)
    threshold = sorted(sure.values())[1]
    run = library.apply_tags(out, threshold=threshold)
    expected = {label: 1 for label, odds in sure.items() if odds >= threshold}
    assert library.store.tag_counts() == expected and len(expected) < 3
    assert run.settings["tagged from"] == threshold
    run.undo()
    run = library.apply_tags(out, labels=["red"], command="mine")
    assert library.store.tag_counts() == {"red": 1} and run.command == "mine"
    run.undo()
    assert library.store.tag_counts() == {}


def test_new_files_are_indexed_on_the_way(library, tmp_path):
    new = make.picture(tmp_path / "new" / "new.png", "blue")
    found = library.classify(["red", "blue"], paths=new.parent)
    assert by_name(found) == {"new.png": "blue"}
    assert found.indexed is not None and found.indexed.added == 1


def test_it_pickles_and_says_how_tags_are_given_then(library):
    found = library.classify(LABELS, unknown=True)
    back = pickle.loads(pickle.dumps(found))
    assert back == found and back.results == found.results
    assert repr(back) == repr(found)
    with pytest.raises(UsageError, match=r"library\.apply_tags\(classification\)"):
        back.apply_tags()
    run = library.apply_tags(back)
    assert library.store.tag_counts() == {"red": 1, "green": 1, "low tone": 1}
    run.undo()
    assert library.store.tag_counts() == {}


def test_tags_are_a_curation_run_that_can_be_undone(library):
    found = library.classify(LABELS, unknown=True)
    run = found.apply_tags()
    assert run.kind == "classify" and run.command == found.command
    assert library.store.tag_counts() == {"red": 1, "green": 1, "low tone": 1}
    assert [summary.run.run_id for summary in library.curate.runs()] == [run.run_id]
    run.undo()
    assert library.store.tag_counts() == {}
    at_once = library.classify(LABELS, unknown=True, apply_tags=True, command="mine")
    assert at_once.tags == 3 and at_once.run.command == "mine"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_results_are_written_and_streamed(library, tmp_path, suffix):
    found = library.classify(LABELS, unknown=True)
    written = getattr(found, f"to_{suffix}")(tmp_path / f"written.{suffix}")
    streamed = library.classify(LABELS, unknown=True, out=tmp_path / f"out.{suffix}")
    assert streamed.out == tmp_path / f"out.{suffix}"
    assert streamed.out.read_bytes() == written.read_bytes()
    assert by_name(streamed) == EXPECTED and streamed.counts == found.counts
    assert streamed._kept is None, "a million results do not wait in memory"
    copied = getattr(pickle.loads(pickle.dumps(streamed)), f"to_{suffix}")(tmp_path / "copy")
    assert read(streamed.out)[0] == list(streamed.results)
    assert copied.stat().st_size > 0


def test_results_may_be_handed_over_instead_of_kept(library):
    handed = []
    found = library.classify(LABELS, unknown=True, on_results=handed.extend)
    assert by_name(handed) == EXPECTED and found.files == 4
    with pytest.raises(UsageError, match="not kept"):
        _ = found.results


def test_a_table_of_pandas(library):
    table = library.classify(LABELS, unknown=True).to_pandas()
    assert isinstance(table, pd.DataFrame) and len(table) == 4
    assert list(table.columns[:4]) == ["file", "kind", "label", "probability"]


def test_it_shows_itself(library, tmp_path):
    found = library.classify(LABELS, unknown=True)
    first, *lines = repr(found).splitlines()
    assert first == "Classification of 4 files by 3 labels"
    assert lines[0].split() == ["(none", "of", "these)", "1"]
    html = found._repr_html_()
    assert html.count("data:image/jpeg") == 4 and "4 files, 3 labels" in html
    page = found.report(tmp_path / "page.html").read_text()
    assert page.count("data:image/jpeg") >= 4
    back = pickle.loads(pickle.dumps(found))
    assert "data:image/jpeg" not in back.report(tmp_path / "plain.html").read_text()
    again = back.report(tmp_path / "again.html", library.thumbnail)
    assert again.read_text().count("data:image/jpeg") >= 4


def test_it_can_be_cancelled_and_leaves_no_file(library, tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        library.classify(LABELS, out=tmp_path / "out.csv", apply_tags=True, cancel=token)
    assert not list(tmp_path.glob("*.csv")) and not list(tmp_path.glob(".*"))
    assert not library.curate.runs()


@pytest.mark.parametrize(
    ("labels", "options", "line"),
    [
        ([], {}, "there are no labels"),
        (["a", "A"], {}, "label 2: the label 'A' is there already, at label 1"),
        (["a", " "], {}, "the name of a label is empty"),
        (["a"], {"threshold": 2.0}, "between 0 and 1"),
        (["a"], {"out": "r.xlsx"}, "results are written as"),
        (["a"], {"paths": []}, "name files or folders to classify"),
        (["a"], {"kinds": "smell"}, "smell"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_library_is_opened(labels, options, line):
    with pytest.raises(UsageError, match=line):
        Library.check_classify(labels, **options)


def test_a_path_that_is_not_there_is_refused():
    with pytest.raises(PathNotFound, match="gone: there is no such file or folder"):
        Library.check_classify(["a"], paths=["gone"])


def test_results_are_measured_against_the_truth(library, tmp_path):
    found = library.classify(LABELS, unknown=True)
    truth = {"red.png": "red", "green.png": "red", "blue.png": None}
    figures = library.evaluate(found, truth, tmp_path / "page.html")
    assert figures.accuracy == pytest.approx(2 / 3) and figures.files == 3
    assert (tmp_path / "page.html").read_text().count("data:image/jpeg") == 1
    (tmp_path / "truth.csv").write_text("file,label\nred.png,red\ngreen.png,red\nblue.png,\n")
    out = found.to_parquet(tmp_path / "r.parquet")
    alone = Library.evaluate_results(out, tmp_path / "truth.csv")
    # Parquet keeps probabilities as float32.
    assert alone.calibration_error == pytest.approx(figures.calibration_error, abs=1e-6)
    assert (alone.accuracy, alone.classes) == (figures.accuracy, figures.classes)
    back = pickle.loads(pickle.dumps(figures))
    assert back.document() == figures.document() and repr(back) == repr(figures)
    assert "accuracy: 0.6667" in repr(back) and "accuracy" in back._repr_html_()
    with pytest.raises(UsageError, match=r"the truth: the results have no file 'x\.png'"):
        library.evaluate(found, {"x.png": "red"})


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_results_are_written_in_each_form_and_read_back(library, tmp_path, form):
    found = library.classify(LABELS, unknown=True)
    out = getattr(found, f"to_{form}")(tmp_path / f"labels.{form}")
    rows, _ = read(out)
    assert [(r.file, r.kind, r.label) for r in rows] == [(r.file, r.kind, r.label) for r in found]
    assert [r.probability for r in rows] == pytest.approx([r.probability for r in found], abs=1e-6)
