"""Thumbnails are kept by what they show, and go with what they showed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import StoreError
from engine.store import Store
from engine.store.thumbnails import FOLDER, Key, cached, drop, tidy
from engine.store.verify import verify
from tests.store.make import picture
from tests.store.test_full_disk import fill, small  # noqa: F401

JPEG = b"\xff\xd8 a picture \xff\xd9"


def key(content_hash: str = "ab" * 32, **changes: object) -> Key:
    values = {"start": 1.5, "end": None, "ordinal": 0, "side": 320} | changes
    return Key(content_hash, **values)  # type: ignore[arg-type]


def never() -> bytes:
    raise AssertionError("it was made again")


def kept(library: Path) -> list[str]:
    return sorted(file.name for file in (library / FOLDER).rglob("*") if file.is_file())


def test_it_is_made_once(tmp_path: Path) -> None:
    assert cached(tmp_path, key(), lambda: JPEG) == JPEG
    assert cached(tmp_path, key(), never) == JPEG
    assert kept(tmp_path) == [f"{'ab' * 32}-1.500--0-320.jpg"]
    assert [folder.name for folder in (tmp_path / FOLDER).iterdir()] == ["ab"]


@pytest.mark.parametrize(
    "other", [{"start": 1.6}, {"start": None}, {"end": 2.0}, {"ordinal": 1}, {"side": 64}]
)
def test_what_differs_is_another_picture(tmp_path: Path, other: dict[str, object]) -> None:
    cached(tmp_path, key(), lambda: JPEG)
    assert cached(tmp_path, key(**other), lambda: JPEG + b"\xff\xd9") != JPEG


@pytest.mark.parametrize("half", [b"", JPEG[:5], bytes(len(JPEG))])
def test_what_a_power_cut_left_is_made_again(tmp_path: Path, half: bytes) -> None:
    cached(tmp_path, key(), lambda: JPEG)
    (tmp_path / key().file).write_bytes(half)
    assert cached(tmp_path, key(), lambda: JPEG) == JPEG
    assert cached(tmp_path, key(), never) == JPEG


def test_it_is_not_kept_where_that_is_not_wanted(tmp_path: Path) -> None:
    assert cached(tmp_path, key(), lambda: JPEG, keep=lambda: False) == JPEG
    assert not (tmp_path / FOLDER).exists()


def test_a_folder_that_takes_no_writes(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file is in the way")
    assert cached(tmp_path, key(), lambda: JPEG) == JPEG
    assert [entry.name for entry in tmp_path.iterdir()] == [FOLDER]


def test_a_full_disk(small: Path) -> None:  # noqa: F811
    fill(small)
    assert cached(small, key(), lambda: JPEG * 1000) == JPEG * 1000
    assert kept(small) == []


def test_tidy_and_drop(tmp_path: Path) -> None:
    assert tidy(tmp_path, set) == drop(tmp_path) == 0
    for content in ("ab" * 32, "ac" * 32, "cd" * 32):
        cached(tmp_path, key(content), lambda: JPEG)
        cached(tmp_path, key(content, side=64), lambda: JPEG)
    (tmp_path / (key().file + ".tmp")).write_bytes(b"half")
    asked: list[str] = []

    def known(hashes: object) -> list[str]:
        asked.extend(hashes)  # type: ignore[call-overload]
        return ["ab" * 32]

    assert tidy(tmp_path, known) == 5
    assert sorted(asked) == ["ab" * 32, "ac" * 32, "cd" * 32]
    assert len(kept(tmp_path)) == 2
    assert [folder.name for folder in (tmp_path / FOLDER).iterdir()] == ["ab"]
    assert drop(tmp_path) == 2
    assert kept(tmp_path) == []


def test_a_compaction_drops_those_of_what_is_gone(store: Store, commit) -> None:  # type: ignore[no-untyped-def]
    commit(picture("/a.jpg"), picture("/b.jpg"), picture("/c.jpg"))
    hashes = {asset.path: asset.content_hash for asset in store.assets()}
    for content in hashes.values():
        cached(store.path, key(content), lambda: JPEG)
    commit(picture("/c.jpg", "changed"))
    with store.writer() as writer:
        writer.remove([store.get("/b.jpg").asset_id])  # type: ignore[union-attr]
        assert len(kept(store.path)) == 3
        writer.compact(lambda ids: np.zeros(len(ids), np.bool_))
    assert kept(store.path) == [Path(key(hashes["/a.jpg"]).file).name]


def test_verify_and_open_ignore_them(store: Store, commit) -> None:  # type: ignore[no-untyped-def]
    commit(picture("/a.jpg"))
    cached(store.path, key(), lambda: JPEG)
    assert verify(store, deep=True).problems == ()
    with Store.open(store.path) as reopened:
        assert reopened.warnings == []


def test_assets_by_their_numbers(store: Store, commit) -> None:  # type: ignore[no-untyped-def]
    commit(picture("/a.jpg"), picture("/b.jpg"))
    known = {asset.asset_id: asset for asset in store.assets()}
    assert store.assets_numbered([*known, 99]) == known
    assert store.assets_numbered([]) == {}


def test_what_cannot_be_removed_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "ab" / "a folder.tmp").mkdir(parents=True)
    with pytest.raises(StoreError, match=str(tmp_path)):
        drop(tmp_path)
