"""Walking folders: which files are found, and each of them once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine.errors import PathNotFound
from engine.types import Failure, FileStat
from indexers.walk import walk
from tests.indexers.runs import touch


def found(*roots: Path) -> list[str]:
    """Walked files, relative to the first root."""
    files = walk(roots).files
    return sorted(os.path.relpath(path, roots[0]) for path in files)


def test_folders_and_single_files_each_file_once(media: Path) -> None:
    touch(media / "a.jpg")
    touch(media / "deep" / "er" / "b.jpg")
    assert found(media, media / "deep", media / "a.jpg", media) == ["a.jpg", "deep/er/b.jpg"]


def test_stat_is_the_files(media: Path) -> None:
    path = touch(media / "a.jpg", "12345")
    info = path.stat()
    assert walk([media]).files == {str(path): FileStat(str(path), 5, info.st_mtime_ns)}


def test_hidden_and_junk_are_skipped_unless_named(media: Path) -> None:
    for junk in ("@eaDir", "node_modules", ".git", "$RECYCLE.BIN", "System Volume Information"):
        touch(media / junk / "a.jpg")
    touch(media / "Thumbs.db")
    touch(media / ".DS_Store")
    hidden = touch(media / ".hidden.jpg")
    touch(media / "a.jpg")
    assert found(media) == ["a.jpg"]
    assert found(media, hidden) == [".hidden.jpg", "a.jpg"]
    assert found(media / ".git") == ["a.jpg"]


def test_link_loops_end(media: Path) -> None:
    touch(media / "one" / "a.jpg")
    (media / "one" / "up").symlink_to(media)
    (media / "self").symlink_to(media / "self")
    (media / "to").symlink_to(media / "fro")
    (media / "fro").symlink_to(media / "to")
    assert found(media) == ["one/a.jpg"]
    assert not walk([media]).failures


def test_linked_files_have_one_real_path(media: Path, tmp_path: Path) -> None:
    real = touch(tmp_path / "elsewhere" / "a.jpg")
    (media / "link.jpg").symlink_to(real)
    (media / "again").symlink_to(real.parent)
    (media / "dangling").symlink_to(tmp_path / "nothing")
    assert list(walk([media]).files) == [str(real.resolve())]
    assert list(walk([media / "link.jpg"]).files) == [str(real.resolve())]


def test_the_librarys_own_folder_is_skipped(media: Path) -> None:
    touch(media / "library" / "thumb.jpg")
    touch(media / "a.jpg")
    assert list(walk([media], skip=media / "library").files) == [str(media / "a.jpg")]


def test_a_root_that_does_not_exist(media: Path) -> None:
    with pytest.raises(PathNotFound, match="nowhere does not exist"):
        walk([media, media / "nowhere"])


@pytest.mark.parametrize("root", ["~no-such-person/x", "x" * 5000, "a\0b"])
def test_a_root_that_no_system_would_open(root: str) -> None:
    with pytest.raises(PathNotFound):
        walk([root])


def test_a_folder_that_cannot_be_read_is_a_failure(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(media / "locked" / "a.jpg")
    touch(media / "b.jpg")
    listing = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", denied)
    walked = walk([media])
    assert list(walked.files) == [str(media / "b.jpg")]
    assert walked.failures == [
        Failure(
            str(media / "locked"),
            "folder cannot be read: permission denied",
            code="unreadable_media",
            retryable=True,
        )
    ]


def test_what_is_no_file_is_no_candidate(media: Path) -> None:
    os.mkfifo(media / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(media / "socket.jpg"))
        assert found(media) == []
        for name in ("pipe.jpg", "socket.jpg"):
            with pytest.raises(PathNotFound, match=f"{name}: it is a pipe, a socket or a device"):
                found(media / name)


def test_names_need_not_be_utf8(media: Path) -> None:
    path = touch(Path(os.fsdecode(os.fsencode(media) + b"/\xff.jpg")))
    assert list(walk([media]).files) == [str(path)]
