"""Out of one library and into another: the same metadata, the same bits, and no tower runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.encoders.protocols import Embedded, Pixels, Spectrogram
from engine.encoders.towers import Towers
from engine.errors import BadImport, UsageError
from engine.exchange.export import export
from engine.exchange.import_dataset import (
    ImportOptions,
    ImportReport,
    check_dataset,
    import_dataset,
)
from engine.exchange.records import ExportSelection
from engine.store import Store
from engine.store.verify import verify
from engine.testing.fake_encoder import FakeEncoder, FakeSounds, fake_towers
from engine.types import Kind
from tests.exchange.conftest import CAPTION
from tests.exchange.same import every, held, text_vectors


class Asleep(FakeEncoder):
    """The fake encoder, which must not be asked to embed a picture."""

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        raise AssertionError("a picture was embedded again")


class Deaf(FakeSounds):
    def listen(self, windows: Sequence[Spectrogram]):
        raise AssertionError("a sound was embedded again")


ASLEEP = Towers(Asleep(), Deaf())


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """An empty library."""
    with Store.create(tmp_path / "other", "fake") as made:
        yield made


def brought(store: Store, settings, wanted: ImportOptions, towers: Towers = ASLEEP) -> ImportReport:
    return import_dataset(store, towers, settings, check_dataset(towers, wanted))


def pictures(store: Store) -> dict[str, object]:
    return {h: found for h, found in held(store).items() if found[0].media.kind is Kind.IMAGE}


def test_webdataset(store: Store, other: Store, tmp_path: Path, settings) -> None:
    export(store, tmp_path / "out", "webdataset", main="fake")
    wanted = ImportOptions("webdataset", tmp_path / "out", to=tmp_path / "files")
    done = brought(other, settings, wanted)
    assert (done.files, done.taken, done.moments, done.tagged) == (8, 8, 11, 2)
    assert held(other) == held(store)
    assert not verify(other, deep=True).problems
    copied = {i.asset.content_hash: i.asset.path for i in every(other)}
    for item in every(store):
        copy = Path(copied[item.asset.content_hash])
        assert copy.is_relative_to(tmp_path / "files")
        assert copy.read_bytes() == Path(item.asset.path).read_bytes()


def test_imagefolder(store: Store, other: Store, tmp_path: Path, settings) -> None:
    export(store, tmp_path / "out", "imagefolder", vectors=True)
    done = brought(other, settings, ImportOptions("imagefolder", tmp_path / "out"))
    assert (done.files, done.taken) == (6, 6)
    assert held(other) == pictures(store)
    assert not verify(other, deep=True).problems


def test_clip_retrieval(store: Store, other: Store, tmp_path: Path, settings) -> None:
    """Files stay where they are. What is heard in a video is not in such a folder, so that
    videos are embedded again."""
    images = ExportSelection(kinds=(Kind.IMAGE,))
    export(store, tmp_path / "out", "clip-retrieval", images, main="fake")
    done = brought(other, settings, ImportOptions("clip-retrieval", tmp_path / "out"))
    assert (done.files, done.taken) == (6, 6)
    assert held(other) == pictures(store)
    assert {i.asset.path for i in every(other)} == {
        i.asset.path for i in every(store) if i.asset.media.kind is Kind.IMAGE
    }
    assert not verify(other, deep=True).problems


def test_a_video_is_embedded_again_from_a_clip_retrieval_folder(
    store: Store, other: Store, tmp_path: Path, settings
) -> None:
    export(store, tmp_path / "out", "clip-retrieval", main="fake")
    wanted = ImportOptions("clip-retrieval", tmp_path / "out")
    with pytest.raises(AssertionError, match="embedded again"):
        brought(other, settings, wanted)
    done = brought(other, settings, wanted, fake_towers())
    assert (done.known, done.indexed.added) == (6, 1)
    found = {h: f for h, f in held(store).items() if f[0].media.kind is not Kind.AUDIO}
    assert held(other) == found


def test_an_import_that_is_done_again_changes_nothing(
    store: Store, other: Store, tmp_path: Path, settings
) -> None:
    export(store, tmp_path / "out", "imagefolder", vectors=True)
    wanted = ImportOptions("imagefolder", tmp_path / "out")
    brought(other, settings, wanted)
    before = [(i.asset_id, i.pieces[0].moment_id) for i in every(other)]
    done = brought(other, settings, wanted)
    assert (done.known, done.taken, done.moments, done.captions, done.tagged) == (6, 0, 0, 0, 0)
    assert [(i.asset_id, i.pieces[0].moment_id) for i in every(other)] == before


def test_vectors_of_another_revision_are_not_taken(
    store: Store, other: Store, tmp_path: Path, settings
) -> None:
    class Newer(FakeEncoder):
        shared = replace(FakeEncoder.shared, revision="2")

    export(store, tmp_path / "out", "imagefolder", vectors=True)
    towers = Towers(Newer(), FakeSounds())
    done = brought(other, settings, ImportOptions("imagefolder", tmp_path / "out"), towers)
    assert (done.taken, done.indexed.added) == (0, 6)
    assert "the vectors are of fake 1+1+" in done.notes[0]
    assert "all files are embedded here" in done.notes[0]


def test_vectors_of_one_space_alone_are_not_enough(
    store: Store, other: Store, tmp_path: Path, settings
) -> None:
    """Pictures without a vector of likeness would be missing from `similar`."""
    export(store, tmp_path / "out", "imagefolder", vectors=True, spaces=["fake"])
    done = brought(other, settings, ImportOptions("imagefolder", tmp_path / "out"), fake_towers())
    assert (done.taken, done.indexed.added) == (0, 6)


def test_a_file_that_has_changed_since_is_embedded_again(
    media: Path, store: Store, other: Store, tmp_path: Path, settings
) -> None:
    shutil.copytree(media, tmp_path / "media")
    with Library.open(tmp_path / "first", create=True, encoder="fake", settings=settings) as first:
        first.index([tmp_path / "media"])
        images = ExportSelection(kinds=(Kind.IMAGE,))
        export(first.store, tmp_path / "out", "clip-retrieval", images, main="fake")
    shutil.copyfile(media / "1 green.png", tmp_path / "media" / "0 red.png")
    done = brought(
        other, settings, ImportOptions("clip-retrieval", tmp_path / "out"), fake_towers()
    )
    assert (done.taken, done.indexed.added) == (5, 1)
    red, green = (
        other.get(tmp_path / "media" / "0 red.png"),
        other.get(tmp_path / "media" / "1 green.png"),
    )
    assert red is not None
    assert green is not None
    assert red.content_hash == green.content_hash


# --- what others have written -------------------------------------------------------


def foreign(store: Store, folder: Path, dtype: str = "float16") -> Path:
    """A folder as clip-retrieval writes it, which says nothing of its encoder."""
    import pandas as pd

    rows = text_vectors(store, "fake")
    unique = {path: v for path, v in rows if path.endswith((".png", ".JPG"))}
    for name in ("img_emb", "metadata"):
        (folder / name).mkdir(parents=True)
    paths = sorted(unique)
    for part, chosen in enumerate((paths[:2], paths[2:])):
        matrix = np.stack([unique[path] for path in chosen]).astype(dtype)
        np.save(folder / "img_emb" / f"img_emb_{part}.npy", matrix)
        table = pd.DataFrame({"image_path": chosen, "caption": [f"no. {p[-8:]}" for p in chosen]})
        table.to_parquet(folder / "metadata" / f"metadata_{part}.parquet")
    return folder


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_folder_of_clip_retrieval_with_the_user_s_word(
    store: Store, other: Store, tmp_path: Path, settings, dtype: str
) -> None:
    folder = foreign(store, tmp_path / "clip", dtype)
    done = brought(other, settings, ImportOptions("clip-retrieval", folder, vectors_of="fake"))
    assert (done.taken, done.captions) == (5, 4)
    assert done.notes == ("the vectors are taken as yours to vouch for",)
    mine = {p: v.tobytes() for p, v in text_vectors(store, "fake")}
    theirs = {p: v.tobytes() for p, v in text_vectors(other, "fake")}
    assert theirs == {p: mine[p] for p in theirs}
    captions = {Path(i.asset.path).name: i.asset.caption for i in every(other)}
    assert captions["0 red.png"] == "no.  red.png"
    assert captions["photo.with.dots.JPG"] == CAPTION, "what the file says of itself stays"
    shapes = {(i.asset.width, i.asset.height) for i in every(other)}
    assert shapes == {(40, 30), (60, 40)}


def test_without_that_word_they_are_embedded_here(
    store: Store, other: Store, tmp_path: Path, settings
) -> None:
    folder = foreign(store, tmp_path / "clip")
    done = brought(other, settings, ImportOptions("clip-retrieval", folder), fake_towers())
    assert (done.taken, done.indexed.added, done.captions) == (0, 5, 4)
    assert "nothing says which encoder made the vectors" in done.notes[0]


def test_the_word_must_name_the_library_s_encoder_and_dim(
    store: Store, tmp_path: Path, settings
) -> None:
    folder = foreign(store, tmp_path / "clip")
    with pytest.raises(UsageError, match="vectors_of=compact, but this library is of fake"):
        check_dataset(ASLEEP, ImportOptions("clip-retrieval", folder, vectors_of="compact"))
    for file in (folder / "img_emb").iterdir():
        np.save(file, np.load(file)[:, :32])
    with pytest.raises(BadImport, match="have 32 dimensions, and fake 64"):
        check_dataset(ASLEEP, ImportOptions("clip-retrieval", folder, vectors_of="fake"))


def test_paths_may_begin_elsewhere(store: Store, other: Store, tmp_path: Path, settings) -> None:
    import pandas as pd

    folder = foreign(store, tmp_path / "clip")
    for file in (folder / "metadata").iterdir():
        table = pd.read_parquet(file)
        table["image_path"] = [Path(p).name for p in table["image_path"]]
        table.to_parquet(file)
    wanted = ImportOptions("clip-retrieval", folder, vectors_of="fake")
    with pytest.raises(BadImport, match=r"5 of 5 files are not there, .*; root=DIR says"):
        check_dataset(ASLEEP, wanted)
    root = Path(every(store)[0].asset.path).parent
    assert brought(other, settings, replace(wanted, root=root)).taken == 5


def test_missing_files_are_left_out_when_that_is_asked(
    media: Path, store: Store, other: Store, tmp_path: Path, settings
) -> None:
    import pandas as pd

    folder = foreign(store, tmp_path / "clip")
    file = folder / "metadata" / "metadata_0.parquet"
    table = pd.read_parquet(file)
    table.loc[0, "image_path"] = "/nowhere/x.png"
    table.to_parquet(file)
    wanted = ImportOptions("clip-retrieval", folder, vectors_of="fake")
    with pytest.raises(BadImport, match=r"1 of 5 files are not there, /nowhere/x\.png for one"):
        check_dataset(ASLEEP, wanted)
    done = brought(other, settings, replace(wanted, skip_missing=True))
    assert (done.taken, done.missing) == (4, 1)


def test_an_imagefolder_of_others(media: Path, other: Store, tmp_path: Path, settings) -> None:
    folder = tmp_path / "set"
    shutil.copytree(media, folder / "train")
    lines = ['{"file_name": "train/0 red.png", "text": "a red square"}',
             '{"file_name": "train/photo.with.dots.JPG", "text": "not this"}']  # fmt: skip
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    done = brought(other, settings, ImportOptions("imagefolder", folder), fake_towers())
    assert (done.files, done.indexed.added, done.captions) == (2, 2, 1)
    captions = {Path(i.asset.path).name: i.asset.caption for i in every(other)}
    assert captions == {"0 red.png": "a red square", "photo.with.dots.JPG": CAPTION}
    assert other.words("square")[0][0] == every(other)[0].pieces[0].moment_id
    (folder / "metadata.jsonl").unlink()
    (folder / "metadata.csv").write_text('file_name,text\n"train/1 green.png","green, all of it"\n')
    assert (
        brought(other, settings, ImportOptions("imagefolder", folder), fake_towers()).captions == 1
    )
    green = next(i for i in every(other) if "green" in i.asset.path)
    assert green.asset.caption == "green, all of it"
