"""A projection of sounds into the shared space: learned, used and taken back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.align.aligner import LABELS, AlignOptions, about
from engine.errors import PathNotFound, UsageError
from engine.testing.fake_encoder import FakeEncoder
from engine.types import Modality
from tests import media_files as make
from tests.align.aligned import (
    SHARED_SOUND,
    VIDEOS,
    WINDOWS,
    another_share,
    fill,
    is_learned,
    moved,
    shown_first,
    vectors,
    video,
)

# --- learning


def test_what_can_be_learned_is_found_on_held_out_files(learned):
    assert (learned.pairs, learned.files, learned.held_out) == (120, VIDEOS, 24)
    assert learned.is_better
    assert learned.after.by_sound.mrr > 2 * learned.before.by_sound.mrr
    assert learned.after.for_sound.mrr > 2 * learned.before.for_sound.mrr
    assert learned.after.by_sound.median < learned.before.by_sound.median


def test_the_seed_decides(library, learned):
    again = library.align.aligner.learn(AlignOptions())
    assert again.head.revision == learned.head.revision
    assert library.align.aligner.learn(AlignOptions(seed=1)).head.revision != learned.head.revision


def test_learning_writes_nothing(path, library):
    before = vectors(library), sorted(path.rglob("*"))
    library.align.aligner.learn(AlignOptions())
    assert (vectors(library), sorted(path.rglob("*"))) == before


def test_only_files_below_a_folder_are_learned_from(library, path):
    with pytest.raises(UsageError, match="0 from 0 different files"):
        library.align.aligner.learn(AlignOptions(source=path / "elsewhere"))


# --- using a head


def test_only_sounds_move_and_only_in_the_shared_space(library, learned):
    before, count = vectors(library), library.stats().moments
    assert library.align.aligner.place(learned.head) == VIDEOS * WINDOWS
    assert moved(before, vectors(library)) == SHARED_SOUND
    assert library.stats().moments == count
    assert library.verify(deep=True).problems == ()


def test_searches_find_what_they_did_not(library, learned):
    before = shown_first(library, range(VIDEOS))
    library.align.aligner.place(learned.head)
    after = shown_first(library, range(VIDEOS))
    assert before <= 3
    assert after >= VIDEOS * 3 // 4


def test_undoing_it_restores_every_bit(library, learned):
    before, spaces = vectors(library), library.store.spaces()
    library.align.aligner.place(learned.head)
    library.maintenance.settle(wait=False)
    assert library.align.aligner.undo() == VIDEOS * WINDOWS
    assert vectors(library) == before
    assert library.store.spaces() == spaces
    assert library.align.aligner.undo() == 0


def test_a_second_head_takes_the_place_of_the_first_and_of_nothing_else(library, learned):
    before = vectors(library)
    other = another_share(learned.head)
    library.align.aligner.place(learned.head)
    first = vectors(library)
    assert library.towers.head.share == learned.head.share
    library.align.aligner.place(other)
    assert moved(first, vectors(library)) == SHARED_SOUND
    assert library.towers.head.share == other.share
    library.align.aligner.undo()
    assert vectors(library) == before


def test_the_same_head_again_is_no_work(library, learned):
    library.align.aligner.place(learned.head)
    generation = library.store.generation()
    assert library.align.aligner.place(learned.head) == 0
    assert library.store.generation() == generation


def test_everybody_who_opens_the_library_uses_it(path, library, learned, settings):
    plain = library.towers.shared
    assert library.towers.head is None
    with Library.open(path, settings=settings) as other:
        other.search("red")  # and so has indexes of the sounds where they were
        library.align.aligner.place(learned.head)
        for opened in (library, other):
            assert opened.towers.shared == plain.with_head(learned.head.revision)
            assert opened.store.spaces()["fake"] == opened.towers.shared
            assert is_learned(opened)
        other.align.aligner.undo()
        assert (library.towers.head, library.towers.shared) == (None, plain)
        assert not is_learned(library)


def test_sounds_that_come_later_are_placed_by_it(library, learned, tmp_path):
    library.align.aligner.place(learned.head)
    towers = library.towers
    late = video(tmp_path, VIDEOS)
    (spectrogram,) = [towers.sound.prepare(np.sin(np.arange(16_000, dtype=np.float32)))]
    embedded = towers.embed_sounds([spectrogram])
    heard = towers.sound.listen([spectrogram])
    words = towers.in_words(heard.probabilities)
    expected = learned.head.place(heard.features, words)
    np.testing.assert_allclose(embedded.vectors["fake"], expected, atol=1e-6)
    assert embedded.tags[0][0].word == "high tone"
    # And what undoing gives them is what the bridge would have said.
    with library.store.writer() as writer:
        for space in towers.spaces:
            writer.ensure_space(space)
        writer.commit([late])
    heard = {e.moment: e.vectors.get("fake-sounds") for e in late.embeddings}
    bridged = {
        moment: towers.in_words(towers.sound.words_of(features[None]))[0]
        for moment, features in heard.items()
        if features is not None
    }
    assert len(bridged) == WINDOWS
    library.align.aligner.undo()
    found = vectors(library)
    for moment, vector in bridged.items():
        kept = np.frombuffer(found[late.asset.path, moment, "fake"], np.float16)
        np.testing.assert_allclose(kept, vector, atol=1e-3)


def test_an_index_run_after_it_places_what_it_hears(library, learned, tmp_path):
    library.align.aligner.place(learned.head)
    heard = make.sound(tmp_path / "late.wav", (3000, 2.0))
    assert library.index([heard]).added == 1
    ((_, moment, _),) = [key for key in vectors(library) if key[::2] == (str(heard), "fake")]
    sounds = np.frombuffer(vectors(library)[str(heard), moment, "fake-sounds"], np.float16)
    words = FakeEncoder().embed_texts(["the sound of a high tone"])
    expected = learned.head.place(sounds[None].astype(np.float32), words)[0]
    found = np.frombuffer(vectors(library)[str(heard), moment, "fake"], np.float16)
    np.testing.assert_allclose(found, expected, atol=2e-2)
    assert found @ words[0] < 0.9
    assert [tag.word for tag in moment.tags] == ["high tone"]


def test_indexes_on_disk_serve_on(library, learned, path):
    library.refresh(always=True)
    library.align.aligner.place(learned.head)
    assert library.verify(deep=True).problems == ()
    assert is_learned(library)
    library.refresh(always=True)
    library.compact()
    assert library.verify(deep=True).problems == ()
    assert is_learned(library)
    library.align.aligner.undo()
    assert library.verify(deep=True).problems == ()


def test_names_and_sentences_are_found_as_before(library, learned):
    def words(text: str) -> list[tuple[str, Modality]]:
        found = library.store.words(text, (), 100)
        records = library.store.records([moment for moment, _ in found])
        return sorted((r.path, r.moment.modality) for r in records.values())

    asked = ('"007"', '"take"', '"tone"', '"scene"')
    before = [words(text) for text in asked]
    assert all(before)
    library.align.aligner.place(learned.head)
    assert [words(text) for text in asked] == before
    library.rebuild()
    assert [words(text) for text in asked] == before


def test_a_digital_silence_stays_where_its_words_say(learned):
    features = np.zeros((1, 32), np.float32)
    words = FakeEncoder().embed_texts(["a sound"])
    np.testing.assert_allclose(learned.head.place(features, words), words, atol=1e-6)


def test_a_share_mixes_projection_and_words(learned):
    features = np.abs(np.random.default_rng(0).standard_normal((2, 32))).astype(np.float32)
    words = FakeEncoder().embed_texts(["a sound", "a dog"])
    half = learned.head.with_share(0.3)
    mixed = 0.3 * half.project(features) + 0.7 * words
    expected = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    np.testing.assert_allclose(half.place(features, words), expected, atol=1e-6)
    assert half.revision != learned.head.revision


def test_where_it_came_from_is_kept_with_it(library, learned):
    assert about(library.store) is None
    library.align.aligner.place(learned.head)
    kept = about(library.store)
    assert kept["learned_from"] == "videos"
    assert (kept["pairs"], kept["files"], kept["seed"]) == (120, VIDEOS, 0)
    assert kept["after"]["by_sound"]["mrr"] == learned.after.by_sound.mrr
    assert kept["sounds"] == library.towers.sounds.revision
    assert kept["shared"] == library.towers.shared.geometry
    assert kept["created_at"].startswith("20")


# --- labels


def test_labels_are_read_from_a_file_or_from_folders(tmp_path, settings):
    folder = tmp_path / "library"
    with fill(folder, settings, 0) as library:
        colours = ("red", "green", "blue", "white")
        files = []
        with library.store.writer() as writer:
            for number in range(48):
                colour = colours[number % 4]
                made = video(tmp_path / "media" / f"{colour}_", number, seen_as(colour), 0.3)
                files.append((made.asset.path, colour))
                writer.commit([made])
        rows = "".join(f"{path},{colour}\n" for path, colour in files)
        (tmp_path / "labels.csv").write_text("path,label\n" + rows + "/gone.wav,red\n")
        relative = "".join(f"media/{Path(p).parent.name}/{Path(p).name},{c}\n" for p, c in files)
        (tmp_path / "relative.csv").write_text("file,label\n" + relative)
        found = [
            library.align.aligner.learn(AlignOptions(LABELS, source))
            for source in (
                tmp_path / "labels.csv",
                tmp_path / "relative.csv",
                tmp_path / "media",
                None,
            )
        ]
        assert [one.pairs for one in found] == [48 * WINDOWS] * 4
        assert len({one.head.revision for one in found}) == 1
        assert found[0].files == 48
        assert found[0].before.by_sound.among == 4
        assert found[0].is_better
        assert found[0].after.by_sound.recall_1 > 0.9
        (tmp_path / "wrong.csv").write_text("name,label\na,b\n")
        with pytest.raises(UsageError, match="columns path and label"):
            library.align.aligner.learn(AlignOptions(LABELS, tmp_path / "wrong.csv"))
        with pytest.raises(PathNotFound, match="no such file or folder"):
            library.align.aligner.learn(AlignOptions(LABELS, tmp_path / "none.csv"))


def seen_as(colour: str) -> np.ndarray:
    return FakeEncoder().embed_texts([f"the sound of a {colour}"])[0]
