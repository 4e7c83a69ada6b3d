"""The kind: a file that is known and not read is counted by its type, and can be listed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.errors import SKIPPED
from engine.store import Store
from engine.types import IndexReport
from tests import media_files as make

Index = Callable[..., IndexReport]
FILES = {
    "a.pdf": b"%PDF-1.7\n", "no suffix": b"%PDF-1.4\n", "b.svg": b"<?xml version='1.0'?><svg/>",
    "c.svg": b"\n<svg xmlns='x'/>", "d.jxl": b"\xff\x0a\0\0", "e.jxl": b"\0\0\0\x0cJXL \r\n\x87\n",
    "f.mid": b"MThd\0\0\0\6", "g.psd": b"8BPS\0\1", "notes.txt": b"words",
    "page.html": b"<html><svg/>",
}  # fmt: skip


def test_known_types_are_counted_and_listed(media: Path, store: Store, index: Index) -> None:
    for name, content in FILES.items():
        (media / name).write_bytes(content)
    make.picture(media / "red.png", "red")
    dry = index(dry_run=True)
    report = index()
    types = {"pdf": 2, "svg": 2, "jxl": 2, "midi": 1, "psd": 1, "other": 2}
    assert report.skipped_types == dry.skipped_types == types
    assert (report.skipped, report.added, report.failed) == (10, 1, 0)
    assert "10 skipped: 2 jxl, 2 pdf, 2 svg, 1 midi, 1 psd, 2 other" in str(report).splitlines()
    listed = store.skipped_files()
    assert {Path(file.path).name for file in listed} == FILES.keys() - {"notes.txt", "page.html"}
    assert {file.code for file in listed} == {SKIPPED}
    assert listed[0].reason == (
        "PDF is not a format that Sensorium reads: save its pages as PNG or JPEG, beside it"
    )
    assert store.failures() == [] and store.stats().failures == 0


def test_what_becomes_media_or_vanishes_is_listed_no_more(
    media: Path, store: Store, index: Index
) -> None:
    for name in ("a.pdf", "b.svg", "d.jxl"):
        (media / name).write_bytes(FILES[name])
    index()
    generation = store.generation
    assert index().skipped_types == {"pdf": 1, "svg": 1, "jxl": 1}
    assert store.generation == generation
    (media / "a.pdf").unlink()
    (media / "b.svg").unlink()
    make.picture(media / "red.png", "red").rename(media / "b.svg")
    index()
    assert [Path(file.path).name for file in store.skipped_files()] == ["d.jxl"]


def test_files_of_no_known_type_beside_media_are_a_count_alone(media: Path, index: Index) -> None:
    (media / "notes.txt").write_text("words")
    make.picture(media / "red.png", "red")
    assert "skipped:" not in str(index())


def test_where_nothing_is_media_the_report_says_what_would_be(media: Path, index: Index) -> None:
    (media / "notes.txt").write_text("words")
    assert str(index()).splitlines()[:2] == [
        "1 file: 1 skipped",
        "skipped: neither pictures, videos nor sounds",
    ]
