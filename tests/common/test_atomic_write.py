"""Files appear whole or not at all, and last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.common.atomic_write import (
    check_place,
    sync_file,
    sync_folder,
    sync_tree,
    whole,
    write_text,
)
from engine.errors import UsageError


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Inodes of the files and folders that were synced, in order."""
    found: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: found.append(os.fstat(descriptor).st_ino))
    return found


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    write_text(file, "old")
    with pytest.raises(KeyError), whole(file) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_without_a_folder_is_refused(tmp_path: Path) -> None:
    check_place(tmp_path / "a.html")
    with pytest.raises(UsageError, match="there is no folder"):
        check_place(tmp_path / "none" / "a.html")
    with pytest.raises(UsageError, match="cannot be written: no such file"):
        write_text(tmp_path / "none" / "a.html", "x")


def test_files_and_folders_are_synced(tmp_path: Path, synced: list[int]) -> None:
    inner, file = tmp_path / "inner", tmp_path / "inner" / "a"
    inner.mkdir()
    file.write_text("a")
    sync_file(file)
    sync_folder(inner)
    expected = [path.stat().st_ino for path in (file, inner, tmp_path)]
    assert synced == expected[:2]
    synced.clear()
    sync_tree(tmp_path)
    assert sorted(synced) == sorted(expected)
    assert synced[-1] == expected[-1]
