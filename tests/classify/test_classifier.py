"""A library is classified: pictures, a video, sounds and speech; with examples, and anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.classify.classifier import Classifier, ClassifyOptions
from engine.classify.labels import parse_labels
from engine.errors import SpaceMismatch, UsageError
from engine.index import vector_stream as reading
from engine.index.vector_stream import AssetStream
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from engine.types import Modality
from tests import media_files as make

pytestmark = pytest.mark.slow

COLOURS = ("red", "green", "blue")


def filled(folder: Path, settings, speech: str | None = None) -> Library:
    media = folder / "media"
    for colour in COLOURS:
        make.picture(media / f"{colour}.png", colour)
    make.sound(media / "deep.wav", (200, 2.0))
    make.video(media / "film.mp4", ["green", "yellow"], 2.0)
    store = Store.create(folder / "lib", "fake")
    library = Library(store, settings, fake_towers(speech))
    library.index([media])
    return library


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings):
    with filled(tmp_path_factory.mktemp("classify"), settings) as made:
        yield made


def classified(library, labels, **options):
    task = ClassifyOptions(parse_labels(labels), **options)
    made = Classifier(library.store, library.towers, library.settings, task)
    found = [one for results in made.results() for one in results]
    return {Path(one.file).name: one for one in found}, made


def test_every_kind_of_file_gets_its_label(library):
    found, _ = classified(library, "red,green,blue,low tone,high tone")
    assert {name: one.label for name, one in found.items()} == {
        "red.png": "red", "green.png": "green", "blue.png": "blue", "deep.wav": "low tone",
        "film.mp4": "green",
    }  # fmt: skip
    assert {one.by for one in found.values()} == {"image", "sound", "keyframe"}
    assert all(0 < one.probability <= 1 and 0 <= one.known <= 1 for one in found.values())


def test_a_video_is_pointed_at_where_the_label_is_to_be_seen(library):
    for label, second in (("green", 0.0), ("yellow", 2.0)):
        found, _ = classified(library, f"{label},purple,orange")
        film = found["film.mp4"]
        assert film.label == label
        assert film.start == pytest.approx(second, abs=0.6)
        assert film.end > film.start


def test_what_is_none_of_the_labels_is_given_none(library):
    found, _ = classified(library, "red,green,purple", unknown=True)
    assert found["red.png"].label == "red" and found["red.png"].known > 0.9
    assert found["blue.png"].label is None and found["blue.png"].known < 0.5
    assert found["blue.png"].probability == pytest.approx(1 - found["blue.png"].known)
    forced, _ = classified(library, "red,green,purple")
    assert forced["blue.png"].label is not None


def test_a_threshold_takes_labels_away(library):
    sure, _ = classified(library, "red,green,purple", threshold=0.0)
    assert all(one.label for one in sure.values())
    unsure, _ = classified(library, "red,green,purple", threshold=1.0, unknown=True)
    assert not any(one.label for one in unsure.values())


def test_many_labels_are_decided_apart(library):
    found, _ = classified(library, "red,green,yellow,low tone", multi=True)
    film = found["film.mp4"]
    assert {"green", "yellow"} <= set(film.labels[: film.chosen])
    assert found["blue.png"].chosen == 0 and found["blue.png"].label is None
    assert found["red.png"].labels[: found["red.png"].chosen] == ("red",)


def test_speech_is_asked_by_its_words(tmp_path, settings):
    with filled(tmp_path, settings, speech="latency and throughput") as spoken:
        found, _ = classified(spoken, "latency,gardening")
        assert found["deep.wav"].label == "latency"
        assert found["deep.wav"].by == "speech"


def test_descriptions_find_what_a_name_does_not(library):
    found, _ = classified(library, "warm: red; orange,cold: blue; green")
    assert found["red.png"].label == "warm" and found["blue.png"].label == "cold"


def test_only_what_lies_under_a_path(library):
    root = library.store.path.parent / "media"
    found, _ = classified(library, "red,green", under=(str(root / "red.png"),))
    assert set(found) == {"red.png"}
    none, _ = classified(library, "red,green", under=(str(root / "gone"),))
    assert none == {}


def test_an_empty_library_has_no_results(tmp_path, settings):
    with Library(Store.create(tmp_path / "lib", "fake"), settings, fake_towers()) as empty:
        assert classified(empty, "red,green")[0] == {}


def test_a_library_of_other_weights_is_refused(library):
    towers = fake_towers()
    towers.encoder.shared = replace(towers.encoder.shared, revision="2")
    with pytest.raises(SpaceMismatch, match="index into a new library"):
        Classifier(library.store, towers, library.settings, ClassifyOptions(parse_labels("a,b")))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"threshold": 1.5}, "between 0 and 1"),
        ({"threshold": float("nan")}, "between 0 and 1"),
        ({"top": 0}, "between 1 and 1000"),
    ],
)
def test_a_task_that_is_none(options, line):
    with pytest.raises(UsageError, match=line):
        ClassifyOptions(parse_labels("a,b"), **options).checked()


# --- examples -----------------------------------------------------------------------


def examples(folder: Path, *shades: tuple[str, str, tuple[int, int, int]]) -> Path:
    for label, name, colour in shades:
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), colour).save(folder / label / f"{name}.png")
    return folder


def test_examples_teach_names_that_the_text_tower_does_not_know(library, tmp_path):
    shown = examples(
        tmp_path / "shown",
        *(("Crimson", str(n), (200 + n, 10, 10)) for n in range(4)),
        *(("lawn", str(n), (10, 170 + n, 30)) for n in range(4)),
    )
    plain, _ = classified(library, "crimson,lawn")
    taught, made = classified(library, "crimson,lawn", examples=shown)
    assert taught["red.png"].label == "crimson" and taught["green.png"].label == "lawn"
    assert taught["red.png"].probability > plain["red.png"].probability
    (gain,) = made.gains
    assert (gain.modality, gain.examples, gain.labels) == (Modality.IMAGE, 8, 2)
    assert gain.lesson.both.accuracy == 1.0 > gain.lesson.text.accuracy
    assert "held out, accuracy" in gain.line()


def test_an_example_that_cannot_be_read_is_a_note(library, tmp_path):
    shown = examples(tmp_path / "shown", ("red", "a", (255, 0, 0)), ("blue", "b", (0, 0, 255)))
    (shown / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no")
    _, made = classified(library, "red,blue", examples=shown)
    assert len(made.notes) == 1 and "broken.png" in made.notes[0]
    assert "too few" in made.gains[0].line()


def test_wrong_folders_of_examples(library, tmp_path):
    (tmp_path / "empty").mkdir()
    shown = examples(tmp_path / "shown", ("pink", "a", (255, 0, 0)))
    (tmp_path / "bare" / "red").mkdir(parents=True)
    for folder, line in (
        (tmp_path / "gone", "cannot read examples"),
        (tmp_path / "empty", "has no examples"),
        (shown, "no label is called 'pink'"),
        (tmp_path / "bare", "nothing in its folders"),
    ):
        with pytest.raises(UsageError, match=line):
            classified(library, "red,blue", examples=folder)


# --- streaming ----------------------------------------------------------------------


def test_assets_are_whole_however_small_the_pieces(library, monkeypatch):
    whole, _ = classified(library, "red,green,yellow,low tone")
    monkeypatch.setattr(reading, "_RANGE", 1)
    pieces, _ = classified(library, "red,green,yellow,low tone")
    assert pieces == whole


def test_moments_on_disk_and_since_are_read_alike(tmp_path, settings):
    with filled(tmp_path, settings) as library:
        before, _ = classified(library, "red,green,blue,yellow")
        library.refresh(always=True)
        make.picture(tmp_path / "media" / "later.png", "yellow")
        library.index([tmp_path / "media"])
        library.remove(tmp_path / "media" / "blue.png")
        after, _ = classified(library, "red,green,blue,yellow")
        assert set(after) == set(before) - {"blue.png"} | {"later.png"}
        assert after["later.png"].label == "yellow"
        moments = AssetStream(library.store, library.towers.shared, list(Modality))
        index = moments.indexes[Modality.IMAGE]
        assert index.snapshot is not None
        ids = index.ids()
        np.testing.assert_array_equal(reading.read_vectors(index, ids), index.vectors(ids))
        np.testing.assert_array_equal(reading.read_vectors(index, ids[:1]), index.vectors(ids[:1]))
