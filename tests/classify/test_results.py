"""Results come back from every format as they were, and half a file is never left."""

import json

import pytest

from engine.classify.results import About, Result, read, writing
from engine.errors import UsageError

ABOUT = About(("cat", "dog", "bus"), multi=True, unknown=False, settings={"templates": "default"})
ONE = Result(
    "/media/a\udcff, \"b\"\n.jpg", "image", "cat", 0.75, 0.875, "image", None, None,
    ("cat", "dog"), (0.75, 0.125), 1, 7, 11,
)  # fmt: skip
TWO = Result(
    "/media/c.mp4", "video", None, 0.5, 0.25, "keyframe", 1.5, 2.25, ("dog",), (0.25,), 0, 8, 12
)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl", "PARQUET"])
def test_what_was_written_is_read(tmp_path, suffix):
    out = tmp_path / f"result.{suffix}"
    with writing(out, ABOUT) as take:
        take([ONE])
        take([])
        take([TWO])
    results, about = read(out)
    assert results == [ONE, TWO]
    if suffix.lower() == "parquet":
        assert about == ABOUT
    else:
        assert about == About(("cat", "dog"), False, True, {}, complete=False)
    assert list(tmp_path.iterdir()) == [out]


def test_other_programs_read_them(tmp_path):
    pandas = pytest.importorskip("pandas")
    with writing(tmp_path / "r.parquet", ABOUT) as take:
        take([ONE, TWO])
    frame = pandas.read_parquet(tmp_path / "r.parquet")
    assert frame.label.isna().tolist() == [False, True]
    with writing(tmp_path / "r.jsonl", ABOUT) as take:
        take([ONE])
    assert json.loads((tmp_path / "r.jsonl").read_text())["labels"] == ["cat", "dog"]


def test_a_run_that_fails_leaves_the_file_that_was_there(tmp_path):
    out = tmp_path / "result.csv"
    out.write_text("old")
    with pytest.raises(ZeroDivisionError), writing(out, ABOUT) as take:
        take([ONE])
        raise ZeroDivisionError
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "line"),
    [("r.xlsx", r"written as \.parquet, \.csv, \.jsonl"), ("gone/r.csv", "there is no folder")],
)
def test_a_place_that_takes_none_is_said_before_anything_is_done(tmp_path, name, line):
    with pytest.raises(UsageError, match=line), writing(tmp_path / name, ABOUT):
        pytest.fail("nothing is to be computed")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.parquet", b"no parquet"),
        ("r.csv", b"file,label\na,b\n"),
        ("r.csv", b"\xff\xfe"),
        ("r.jsonl", b"{}\n"),
        ("r.jsonl", b"[1]\n"),
    ],
)
def test_what_is_no_result_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=rf"{name} is no file of results"):
        read(tmp_path / name)


def test_a_parquet_of_something_else_is_named(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), tmp_path / "r.parquet")
    with pytest.raises(UsageError, match="no file of results"):
        read(tmp_path / "r.parquet")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*: no such file"):
        read(tmp_path / "r.csv")
    with pytest.raises(UsageError, match="results are"):
        read(tmp_path / "r.txt")
