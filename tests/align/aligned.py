"""Libraries whose sounds can be learned from, made of what an index run would commit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import Library
from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.projection import Projection
from engine.testing.fake_encoder import COLOURS, FakeEncoder, FakeSounds
from engine.types import Asset, Embedding, IndexedAsset, Kind, MediaType, Modality, Moment, Tag

SPACES = FakeEncoder.shared.name, FakeEncoder.looks.name, FakeSounds.sounds.name
WINDOWS = 3
VIDEOS = 40
SHARED_SOUND = {("fake", Modality.SOUND)}


def scene(file: int) -> str:
    """What a video shows, in words that no other has."""
    return f"{[*COLOURS][file % len(COLOURS)]} scene {file}"


def features(target: NDArray[np.float32], seed: int, noise: float) -> NDArray[np.float32]:
    """Of a sound that belongs to ``target``: half of its coordinates, signs apart, and noise.

    What is lost of the other half, a linear map of the roots finds again only in part.
    """
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).standard_normal((len(target), FakeSounds.sounds.dim))
    mixed = target @ mixing + noise * rng.standard_normal(FakeSounds.sounds.dim)
    return l2_normalize((np.sign(mixed) * mixed**2)[None].astype(np.float32))[0]


def video(
    folder: Path, file: int, target: NDArray[np.float32] | None = None, noise: float = 0.05
) -> IndexedAsset:
    """A video of three windows of sound, in one shot, and a spoken sentence."""
    target = FakeEncoder().embed_texts([scene(file)])[0] if target is None else target
    encoder, sound = FakeEncoder(), FakeSounds()
    looks = l2_normalize(np.random.default_rng(file).standard_normal((1, encoder.looks.dim)))[0]
    embeddings = []
    shown = Moment(Modality.KEYFRAME, 0.0, 30.0, tags=(Tag("scene", 1.0),))
    embeddings.append(Embedding(shown, {SPACES[0]: target, SPACES[1]: looks}))
    for n in range(WINDOWS):
        heard = features(target, 100 * file + n, noise)
        (row,) = sound.words_of(heard[None])
        words = FakeSounds.vocabulary[int(row.argmax())]
        moment = Moment(Modality.SOUND, 10.0 * n, 10.0 * n + 10, tags=(Tag(words, 1.0),))
        # Not just what the features as they are kept would give: undoing must remember.
        blur = 0.01 * np.random.default_rng(file).standard_normal(encoder.shared.dim)
        placed = l2_normalize(
            (encoder.embed_texts([f"the sound of a {words}"]) + blur).astype(np.float32)
        )[0]
        embeddings.append(Embedding(moment, {SPACES[0]: placed, SPACES[2]: heard}))
    said = Moment(Modality.SPEECH, 0.0, 2.0, text=f"take {file}")
    embeddings.append(Embedding(said, {SPACES[0]: encoder.embed_texts([f"take {file}"])[0]}))
    path = str(folder / f"{file:03}.mp4")
    asset = Asset(path, f"{file:064x}", MediaType(Kind.VIDEO, "mp4"), 1, 1, duration=30.0)
    return IndexedAsset(asset, tuple(embeddings))


def fill(path: Path, settings: Settings, count: int) -> Library:
    """A library of so many videos, opened."""
    library = Library.open(path, create=True, encoder="fake", settings=settings)
    with library.store.writer() as writer:
        for space in library.towers.spaces:
            writer.ensure_space(space)
        for first in range(0, count, 20):
            files = range(first, min(count, first + 20))
            writer.commit([video(path / "media", file) for file in files])
    library.maintenance.settle(wait=False)
    return library


def vectors(library: Library) -> dict[tuple[str, Moment, str], bytes]:
    """Every vector as it is kept, by what it is of, and in which space."""
    found = {}
    store = library.store
    for name, space in store.spaces().items():
        for info in store.segments(name):
            ids, rows = store.read_segment(info)
            records = store.records(ids)
            for moment_id, row in zip(ids.tolist(), rows.astype(space.dtype), strict=True):
                if moment_id in records:
                    record = records[moment_id]
                    key = record.path, record.moment, name
                    assert key not in found, "a moment has two vectors"
                    found[key] = row.tobytes()
    return found


def moved(
    before: dict[tuple[str, Moment, str], bytes], after: dict[tuple[str, Moment, str], bytes]
) -> set[tuple[str, Modality]]:
    """The spaces and modalities in which a vector has changed; none has come or gone."""
    assert before.keys() == after.keys()
    changed = (key for key in before if before[key] != after[key])
    return {(space, moment.modality) for _, moment, space in changed}


def another_share(head: Projection) -> Projection:
    """Another head: a little more of the words."""
    return head.with_share(head.share * 0.9)


SOUND_ALONE = {"keyframe": 0.0, "speech": 0.0, "words": 0.0}


def shown_first(library: Library, files: range) -> int:
    """Of how many videos what they show finds the sound first, of all that are heard."""
    found = [
        library.search(scene(file), weights=SOUND_ALONE, fusion="weighted").hits[0]
        for file in files
    ]
    return sum(Path(hit.path).stem == f"{n:03}" for n, hit in zip(files, found, strict=True))


def is_learned(library: Library) -> bool:
    """Whether sounds lie where a head places them; else texts find them by chance."""
    right = shown_first(library, range(12))
    assert right <= 2 or right >= 7
    return right >= 7
