"""`library.export` and `library.import_`: there and back from Python, whole or not at all."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from engine import Library
from engine.common.progress import NO_PROGRESS, CancelToken
from engine.errors import BadImport, Cancelled, LibraryBusy, UsageError
from engine.types import ExportFormat
from tests.exchange.same import held


@pytest.fixture
def opened(library: Path, settings):
    with Library.open(library, settings=settings) as made:
        yield made


class Counts:
    """A `Progress` that counts what it is told, by task."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}
        self.task = ""

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self.task = task
        self.done[task] = 0

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self.done[self.task] += items

    def message(self, text: str) -> None:
        pass


def test_there_and_back_into_a_new_library(opened, settings, tmp_path):
    seen = Counts()
    done = opened.export(tmp_path / "set", ExportFormat.WEBDATASET, progress=seen)
    assert (done.format, done.files, done.left_out) == ("webdataset", 8, 0)
    assert seen.done == {"exporting": done.moments}
    card = (tmp_path / "set" / "README.md").read_text()
    assert f"library.export('{tmp_path / 'set'}', 'webdataset')" in card
    seen = Counts()
    report = Library.import_new(
        tmp_path / "other", tmp_path / "set", "webdataset", to=tmp_path / "files", encoder="fake",
        settings=settings, progress=seen,
    )  # fmt: skip
    assert (report.files, report.taken, report.failures) == (8, 8, ())
    assert {name: seen.done[name] for name in ("unpacking", "checking", "taking vectors")} == {
        "unpacking": 8, "checking": 8, "taking vectors": 8,
    }  # fmt: skip
    with Library.open(tmp_path / "other", settings=settings) as other:
        assert held(other.store) == held(opened.store)
        assert other.store.calibrated(), "the backgrounds are those of what came in"
    for value in (done, report):
        assert pickle.loads(pickle.dumps(value)) == value


def test_into_a_library_that_is_open(opened, settings, media, tmp_path):
    opened.export(tmp_path / "set", "imagefolder", vectors=True, kinds="image")
    with Library.open(tmp_path / "o", create=True, encoder="fake", settings=settings) as other:
        report = other.import_(tmp_path / "set", "imagefolder")
        assert report.files == report.taken == 6
        again = other.import_(tmp_path / "set", "imagefolder")
        assert (again.known, again.taken) == (6, 0)


@pytest.mark.parametrize(
    ("options", "files", "shown"),
    [
        ({"kinds": ["audio"]}, 1, "kinds=['audio']"),
        ({"where": "kind = image and path = *.png"}, 4, "where='kind = image and path = *.png'"),
        ({"query": "red", "top": 1}, 1, "query='red', top=1"),
    ],
)
def test_only_what_is_chosen(opened, tmp_path, options, files, shown):
    assert opened.export(tmp_path / "set", "jsonl", **options).files == files
    assert shown in (tmp_path / "set" / "README.md").read_text()


def test_only_what_a_curation_run_keeps(library, settings, tmp_path):
    shutil.copytree(library, tmp_path / "copy")
    with Library.open(tmp_path / "copy", settings=settings) as copy:
        run = copy.curate.select(2, modality="image")
        assert copy.export(tmp_path / "set", "jsonl", run=run.run_id, command="mine").files == 2
        assert "    mine\n" in (tmp_path / "set" / "README.md").read_text()
        with pytest.raises(UsageError, match="99"):
            copy.export(tmp_path / "none", "jsonl", run=99)


def test_a_name_that_is_no_text_is_exported_as_json(settings, tmp_path):
    from tests import media_files as make

    folder = tmp_path / "media"
    plain = make.picture(folder / "a.png", "red")
    shutil.move(plain, folder / "b\udcff.png")
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as made:
        made.index([folder])
        done = made.export(tmp_path / "out\udcff", "jsonl")
        assert done.files == 1 and (tmp_path / "out\udcff" / "files.jsonl").exists()


def test_nothing_is_made_where_the_data_set_is_bad(settings, tmp_path):
    (tmp_path / "x.tar").write_bytes(b"no tar" * 500)
    with pytest.raises(BadImport, match="is cut short, or no tar"):
        Library.import_new(
            tmp_path / "new", tmp_path / "x.tar", "webdataset", to=tmp_path / "files",
            encoder="fake", settings=settings,
        )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.tar"]


def test_a_cancelled_export_or_import_leaves_nothing(opened, settings, tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        opened.export(tmp_path / "set", "jsonl", cancel=token)
    assert not list(tmp_path.iterdir())
    opened.export(tmp_path / "set", "imagefolder", vectors=True)
    with pytest.raises(Cancelled):
        Library.import_new(
            tmp_path / "new", tmp_path / "set", "imagefolder", encoder="fake", settings=settings,
            cancel=token,
        )  # fmt: skip
    assert not (tmp_path / "new").exists()


def test_vectors_that_were_taken_are_none_where_it_was_cancelled_meanwhile(
    opened, settings, tmp_path
):
    class Stop(Counts):
        def advance(self, items: int = 1, *, moments: int = 0) -> None:
            if self.task == "taking vectors":
                raise Cancelled("stopped")

    opened.export(tmp_path / "set", "imagefolder", vectors=True)
    with Library.open(tmp_path / "o", create=True, encoder="fake", settings=settings) as other:
        with pytest.raises(Cancelled):
            other.import_(tmp_path / "set", "imagefolder", progress=Stop())
        assert len(other.store.moment_ids()) == 0
        assert other.import_(tmp_path / "set", "imagefolder", progress=NO_PROGRESS).taken == 6


def test_another_writer_is_met_before_all_is_read(opened, settings, tmp_path):
    opened.export(tmp_path / "set", "jsonl")
    with (
        Library.open(tmp_path / "o", create=True, encoder="fake", settings=settings) as other,
        other.store.writer(),
        Library.open(tmp_path / "o", settings=settings) as second,
        pytest.raises(LibraryBusy),
    ):
        second.import_(tmp_path / "nowhere", "imagefolder")


@pytest.mark.parametrize("name", ["zip", "coco"])
def test_a_format_that_there_is_none_of(opened, tmp_path, name):
    with pytest.raises(UsageError, match=f"there is no format to import called '{name}'"):
        opened.import_(tmp_path, name)
    with pytest.raises(UsageError, match="there is no format called 'zip'"):
        opened.export(tmp_path / "set", "zip")
