"""The folders that a library was indexed from are remembered, and forgotten with their files."""

from __future__ import annotations

from engine import Library
from tests import media_files as make


def test_folders_are_remembered_and_forgotten(tmp_path, settings):
    tmp_path = tmp_path.resolve()
    for name in ("a/deep", "b"):
        (tmp_path / name).mkdir(parents=True)
        make.picture(tmp_path / name / "x.png", "red")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    with Library.open(tmp_path / "x.lib", create=True, encoder="fake", settings=settings) as made:
        assert made.roots() == []
        made.index([tmp_path / "a" / "deep" / "x.png"])
        assert made.roots() == []  # a file is no folder
        made.index([tmp_path / "a" / "deep", tmp_path / "link"])
        assert made.roots() == [str(tmp_path / "a" / "deep"), str(tmp_path / "b")]
        made.index([tmp_path / "a"])
        assert made.roots() == [str(tmp_path / "a"), str(tmp_path / "b")]
        made.remove(tmp_path / "b")
        assert made.roots() == [str(tmp_path / "a")]
        (made.path / "indexed.json").unlink()  # as of an earlier version
        assert made.roots() == [str(tmp_path / "a" / "deep")]
