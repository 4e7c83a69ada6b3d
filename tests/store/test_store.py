"""Making, opening and reading a library."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import (
    InvalidQuery,
    LibraryCorrupt,
    LibraryNotFound,
    LibraryReadOnly,
    NotALibrary,
    StoreError,
)
from engine.store import KnownAsset, Store
from engine.types import Kind, Modality, Moment, MomentRecord, Tag
from tests.store.make import LOOKS, ROOT, TEXT, names, on_sqlite, picture, sound, vector


def test_a_library_is_one_folder_and_opens_as_it_was_made(
    tmp_path: Path, catalog: str | None
) -> None:
    path = tmp_path / "of" / "mine"
    with Store.create(path, "open_clip:ViT-B-32/openai", catalog) as made:
        assert (made.path, made.catalog) == (path, catalog)
    with Store.open(path) as store:
        assert store.catalog == catalog
        assert store.encoder == "open_clip:ViT-B-32/openai"
        assert (store.generation(), store.spaces(), store.warnings) == (1, {}, [])
    file = "catalog.json" if catalog else "catalog.sqlite"
    assert names(path) == [file, "lock", "segments"]


def test_create_takes_an_empty_folder_and_what_an_interrupted_create_left(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "catalog.sqlite.new").write_bytes(b"half")
    Store.create(tmp_path, "fake").close()
    Store.open(tmp_path).close()


def test_create_refuses_a_library_and_anything_else(tmp_path: Path, catalog: str | None) -> None:
    Store.create(tmp_path / "a", "fake", catalog).close()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.jpg").touch()
    (tmp_path / "c").touch()
    for name, line in (("a", "already"), ("b", "not empty and is not a library"), ("c", "a file")):
        with pytest.raises(NotALibrary, match=line):
            Store.create(tmp_path / name, "fake")
    assert names(tmp_path / "b") == ["holiday.jpg"]


def test_create_leaves_nothing_behind_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: str | None
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.store.create._fill", full)
    with pytest.raises(LibraryReadOnly, match=r"disk of .* is full"):
        Store.create(tmp_path / "of" / "mine", "fake", catalog)
    assert names(tmp_path) == []


def test_open_says_what_is_there_instead(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").touch()
    for name, error, line in (
        ("nowhere", LibraryNotFound, "nowhere.*create=True"),
        ("empty", LibraryNotFound, "create=True"),
        ("file", NotALibrary, "is a file"),
        ("pictures", NotALibrary, "not a library"),
    ):
        with pytest.raises(error, match=line):
            Store.open(tmp_path / name)
    assert names(tmp_path) == ["empty", "file", "pictures"]


@on_sqlite
@pytest.mark.parametrize("content", [b"", b"no database, but long enough to be one" * 99, None])
def test_a_damaged_catalog_is_named(store: Store, content: bytes | None) -> None:
    store.close()
    catalog = store.path / "catalog.sqlite"
    if content is None:
        (store.path / "segments" / "00000001-text.parquet").touch()
        catalog.unlink()
    else:
        catalog.write_bytes(content)
    with pytest.raises(LibraryCorrupt, match="catalog"):
        Store.open(store.path)


def test_another_database_under_the_name_is_no_library(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("CREATE TABLE photos (id INTEGER)")
    connection.close()
    with pytest.raises(StoreError, match="no such table"):
        Store.open(tmp_path)


def test_what_is_committed_is_read_back_identical(store: Store, commit: Callable[..., int]) -> None:
    spoken = sound("/sounds/talk.wav", "hello there", "good bye")
    assert commit(picture("/pictures/a.jpg", "a", "dog", "sea shore"), spoken) == 3
    moment = Moment(Modality.IMAGE, tags=(Tag("dog", 0.5), Tag("sea shore", 0.5)))
    expected = {
        1: MomentRecord(1, 1, "/pictures/a.jpg", Kind.IMAGE, moment),
        2: MomentRecord(2, 2, "/sounds/talk.wav", Kind.AUDIO, spoken.embeddings[0].moment),
        3: MomentRecord(3, 2, "/sounds/talk.wav", Kind.AUDIO, spoken.embeddings[1].moment),
    }
    assert store.records([3, 1, 99, 2]) == expected
    assert list(store.records([3, 1, 2])) == [3, 1, 2]
    assert store.records([]) == {}
    assert store.moments_of(2) == [expected[2], expected[3]]
    assert list(store.records(np.array([2], dtype=np.int64))) == [2]


def test_vectors_are_read_back_to_the_bit(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg", "a"), sound("/b.wav", "hello"))
    commit(picture("/c.jpg", "c"))
    text, later = store.segments("text")
    ids, vectors = store.read_segment(text)
    assert [ids.dtype, vectors.dtype] == ["int64", "float32"]
    assert ids.tolist() == [1, 2]
    np.testing.assert_array_equal(vectors, [vector("atext", 8), vector("/b.wavhellotext", 8)])
    assert store.read_segment(later)[0].tolist() == [3]
    assert store.segments("text", after=text.segment_id) == [later]
    assert [info.rows for info in store.segments("looks")] == [1, 1]
    assert store.segments("nowhere") == []
    assert store.spaces() == {"text": TEXT, "looks": LOOKS}


def test_a_sound_of_silence_is_an_asset_without_moments(
    store: Store, commit: Callable[..., int]
) -> None:
    assert commit(sound("/silence.wav")) == 0
    known = store.get("/silence.wav")
    assert known is not None
    assert (known.kind, known.state) == (Kind.AUDIO, "indexed")
    assert store.moments_of(known.asset_id) == []
    assert store.segments("text") == []


def test_assets_are_found_by_path_and_content(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg", "same"), picture("/b.jpg", "same"), picture("/c.jpg", "other"))
    known = store.get(Path("/a.jpg"))
    assert known is not None
    assert known == KnownAsset(1, "/a.jpg", 4, 1_000, known.content_hash, Kind.IMAGE, "indexed")
    assert [twin.path for twin in store.find_hash(known.content_hash)] == ["/a.jpg", "/b.jpg"]
    assert store.get("/d.jpg") is None
    assert store.find_hash("0") == []


def test_moment_ids_by_kind_and_modality(store: Store, commit: Callable[..., int]) -> None:
    commit(sound("/b.wav", "one", "two"), picture("/a.jpg"), sound("/c.wav", "three"))
    assert store.moment_ids().tolist() == [1, 2, 3, 4]
    assert store.moment_ids(kinds=[Kind.AUDIO]).tolist() == [1, 2, 4]
    assert store.moment_ids(modalities=[Modality.IMAGE]).tolist() == [3]
    assert store.moment_ids([Kind.IMAGE], [Modality.SPEECH]).tolist() == []
    assert store.moment_ids([Kind.IMAGE, Kind.AUDIO], [Modality.SPEECH]).tolist() == [1, 2, 4]
    assert store.moment_ids([Kind.IMAGE, Kind.AUDIO]).tolist() == [1, 2, 3, 4]
    assert store.moment_ids().dtype == np.int64


def test_stats_count_everything(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"), sound("/b.wav", "one", "two"))
    commit(picture("/a.jpg", "changed"))
    stats = store.stats()
    assert stats.assets == {Kind.IMAGE: 1, Kind.AUDIO: 1}
    assert stats.moments == {Modality.IMAGE: 1, Modality.SPEECH: 2}
    assert stats.vectors == {"text": 4, "looks": 2}
    assert (stats.pending, stats.tombstones, stats.segments, stats.failures) == (0, 1, 4, 0)
    assert stats.bytes > sum(info.bytes for info in store.segments("text"))


def test_a_snapshot_sees_one_generation(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"))
    with store.snapshot():
        before = store.generation()
        commit(picture("/b.jpg"))
        with store.snapshot():
            assert store.moment_ids().tolist() == [1]
        assert store.generation() == before
        assert store.get("/b.jpg") is None
    assert store.generation() == before + 1
    assert store.get("/b.jpg") is not None


def test_every_thread_reads_by_its_own_connection(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"))
    seen: list[int] = []

    def read() -> None:
        assert list(store.records([1])) == [1]
        seen.append(id(store.connections.reader.connection))
        together.wait()

    together = threading.Barrier(4)
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 4
    store.close()
    assert store.generation() > 1, "a closed store opens again when it is asked"


@on_sqlite
def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.connections.reader.connection.execute("UPDATE library SET generation = 0")


def test_words_refuse_what_is_no_expression(store: Store) -> None:
    with pytest.raises(InvalidQuery, match="full text"):
        store.words('"', (), 5)


def test_reading_imports_neither_sqlalchemy_nor_pyarrow(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a", "dog"))
    code = (
        "import sys; from engine.store import Store, match_any\n"
        "store = Store.open(sys.argv[1])\n"
        "assert store.words(match_any('dog'), (), 5) and store.records([1]) and store.stats()\n"
        "print([m for m in ('sqlalchemy', 'alembic', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(store.path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_moments_are_told_apart_by_what_they_are_of(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg"), sound("/b.wav", "hello"), picture("/c.jpg"))
    image, speech = (Kind.IMAGE, Modality.IMAGE), (Kind.AUDIO, Modality.SPEECH)
    assert store.kinds_of([3, 2, 99, 2]) == {2: speech, 3: image}
    assert store.kinds_of(i for i in (1,)) == {1: image}
    assert store.kinds_of([]) == {}
    with store.writer() as writer:
        writer.remove([1])
    assert set(store.kinds_of([1, 2, 3])) == {2, 3}
