"""Shots and windows of videos as one vector of picture, sound and words, found by each."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.encoders import registry
from engine.encoders.multi import combine
from engine.encoders.towers import PreparedInput
from engine.media.video import Keyframe
from engine.store import Store
from engine.testing.fake_encoder import FakeSpeech, fake_towers
from engine.types import Modality, Moment
from indexers.decode_events import Prepared
from indexers.shots import ShotsBeside
from indexers.video import decode_video
from tests import media_files as make
from tests.st_models import write_clip, write_omni

pytestmark = pytest.mark.usefixtures("few_phrases")

WORDS = "good evening"
LOW = make.tone(200, 2.0).astype(np.float32)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    writers = {"omni": write_omni, "clip": write_clip}
    return {name: write(tmp_path_factory.mktemp(name)) for name, write in writers.items()}


@pytest.fixture(scope="module")
def quiet(settings):
    return dataclasses.replace(settings, speech=False, ocr=False)


@pytest.fixture(scope="module")
def joint(folders, quiet):
    return registry.towers(f"st:{folders['omni']}@joint", quiet)


@pytest.fixture(scope="module")
def theirs(folders):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folders["omni"]), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    make.video(folder / "red_low.mp4", ["red"], hertz=200)
    make.video(folder / "blue_high.mp4", ["blue"], hertz=3000)
    make.video(folder / "mute.mp4", ["green"])
    return folder


def embed(towers, prepared) -> np.ndarray:
    return towers.submit_pictures(prepared).result().vectors[towers.shared.name]


def test_a_shot_lies_where_sentence_transformers_puts_picture_sound_and_words(joint, theirs):
    image = Image.new("RGB", (48, 36), "red")
    sound = {"array": LOW, "sampling_rate": 16_000}
    rate = joint.encoder.rate
    shots = [
        joint.prepare_shot(image, {rate: LOW}, WORDS),
        joint.prepare_shot(image, {rate: LOW}, ""),
        joint.prepare_shot(image, {}, WORDS),
        joint.prepare_shot(image, {}, ""),
    ]
    wholes = [
        {"audio": sound, "image": image, "text": WORDS},
        {"audio": sound, "image": image},
        {"image": image, "text": WORDS},
        image,
    ]
    rows = embed(joint, shots)
    for row, whole in zip(rows, wholes, strict=True):
        reference = theirs.encode_document([whole])[0]
        assert row @ reference / np.linalg.norm(reference) >= 0.999
    assert len({row.tobytes() for row in rows}) == 4


def test_where_a_model_takes_no_pairs_a_shot_is_the_mean_of_its_parts(folders, quiet):
    towers = registry.towers(f"st:{folders['clip']}@joint", quiet)
    image = Image.new("RGB", (48, 36), "red")
    (row,) = embed(towers, [towers.prepare_shot(image, {}, WORDS)])
    (seen,) = embed(towers, [towers.prepare_picture(image)])
    mean = seen + towers.encoder.embed_texts([WORDS])[0]
    np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)


def test_shots_are_found_by_sound_and_by_look(joint, videos, quiet, tmp_path):
    with Library.open(
        tmp_path / "library", create=True, encoder=joint.encoder.name, settings=quiet
    ) as library:
        assert not library.index([videos]).failures
        shots = vectors_of(library.store, joint.shared.name)
        windows = vectors_of(library.store, joint.shared.name, Modality.SOUND)
    red = embed(joint, [joint.prepare_picture(Image.new("RGB", (64, 48), "red"))])[0]
    low = joint.sound.listen([joint.sound.prepare(LOW)]).features[0]
    for query in (red, low):
        for found in (shots, windows):
            assert query @ found["red_low.mp4"] > query @ found["blue_high.mp4"]
    assert set(windows) == {"red_low.mp4", "blue_high.mp4"}


def test_a_window_lies_where_sentence_transformers_puts_sound_picture_and_words(joint, theirs):
    image, rate = Image.new("RGB", (48, 36), "red"), joint.encoder.rate
    heard = {"array": LOW, "sampling_rate": 16_000}
    windows = [
        joint.prepare_sound({rate: LOW}, image, WORDS),
        joint.prepare_sound({rate: LOW}, image),
        joint.prepare_sound({rate: LOW}),
    ]
    wholes = [
        {"audio": heard, "image": image, "text": WORDS}, {"audio": heard, "image": image}, heard,
    ]  # fmt: skip
    rows = joint.embed_windows(windows).vectors[joint.shared.name]
    for row, whole in zip(rows, wholes, strict=True):
        reference = theirs.encode_document([whole])[0]
        assert row @ reference / np.linalg.norm(reference) >= 0.999
    assert len({row.tobytes() for row in rows}) == 3


def test_a_window_has_the_shot_that_its_middle_lies_in():
    shots = [
        Keyframe(Image.new("RGB", (4, 4), (n, 0, 0)), n + 0.5, float(n), n + 1.0) for n in range(3)
    ]
    spoken = [
        Moment(Modality.SPEECH, start, end, text=text)
        for start, end, text in ((0.4, 0.6, "one"), (2.0, 3.0, "b"))
    ]
    beside = ShotsBeside(iter(shots), spoken)
    seen = [beside.during(start, start + 1.0) for start in (0.0, 0.4, 0.6, 2.0, 9.0)]
    assert [image.getpixel((0, 0))[0] for image, _ in seen] == [0, 0, 1, 2, 2]
    assert [words for _, words in seen] == ["one", "one", "", "b", ""]
    assert ShotsBeside(iter(()), ()).during(0.0, 1.0) == (None, "")


def vectors_of(store, space: str, modality: Modality = Modality.KEYFRAME) -> dict[str, np.ndarray]:
    """The vectors of a modality in a space, by the name of their video."""
    found = {}
    for info in store.segments(space):
        ids, rows = store.read_segment(info)
        for moment_id, record in store.records(ids).items():
            if record.moment.modality is modality:
                found[Path(record.path).name] = rows[list(ids).index(moment_id)]
    return found


def test_words_of_a_shot_are_part_of_it_by_every_route(joint, videos, quiet, tmp_path):
    """As a library's own space, beside another while indexing, and filled afterwards."""
    alone = dataclasses.replace(joint, speech=FakeSpeech(WORDS))
    first = dataclasses.replace(fake_towers(), speech=FakeSpeech(WORDS))
    both = combine([first, alone])
    path = videos / "red_low.mp4"
    for towers in (alone, both):
        pieces = [e for e in decode_video(path, towers, quiet) if isinstance(e, Prepared)]
        assert [p.moment.modality for p in pieces][:2] == [Modality.SPEECH, Modality.KEYFRAME]
        assert pieces[1].data.parts[-1].words == WORDS
        (window,) = [p for p in pieces if p.moment.modality is Modality.SOUND]
        assert window.data.parts[-1].words == WORDS
        assert window.data.parts[-1].picture.any()
    store = Store.create(tmp_path / "library", "fake")
    with Library(store, quiet, first) as library:
        library.index([path])
        assert library.spaces.add(joint.encoder.name).failures == ()
        (again,) = vectors_of(store, joint.shared.name).values()
        (heard,) = vectors_of(store, joint.shared.name, Modality.SOUND).values()
    (shot,) = embed(alone, [PreparedInput((pieces[1].data.parts[-1],))])
    np.testing.assert_allclose(again, shot, atol=1e-2)  # float16 on disk
    joined = alone.embed_windows([PreparedInput((window.data.parts[-1],))])
    np.testing.assert_allclose(heard, joined.vectors[joint.shared.name][0], atol=1e-2)


def test_without_joint_shots_are_seen_alone(folders, videos, quiet):
    towers = registry.towers(f"st:{folders['omni']}", quiet)
    assert towers.shot_rates == ()
    pieces = list(decode_video(videos / "red_low.mp4", towers, quiet))
    keyframe = next(p for p in pieces if isinstance(p, Prepared))
    assert isinstance(keyframe.data.parts[0], np.ndarray)


def test_a_video_without_sound_is_seen_alone(joint, videos, quiet):
    pieces = list(decode_video(videos / "mute.mp4", joint, quiet))
    (keyframe,) = [p for p in pieces if isinstance(p, Prepared)]
    assert keyframe.data.parts[0].samples is None
