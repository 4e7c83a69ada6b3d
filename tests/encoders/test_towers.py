"""The towers of a library, on the encoder that ships for tests."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.common.package_weights import WeightFile
from engine.encoders import registry
from engine.encoders import towers as mixing
from engine.encoders.compact import pictures, sounds, text
from engine.encoders.compact.sounds import HEAD
from engine.encoders.protocols import Embedded, Heard
from engine.encoders.towers import Towers
from engine.encoders.weight_files import AISFX, EFFICIENTNET, MINILM, MINILM_TOKENIZER
from engine.errors import EncoderUnavailable
from engine.testing.fake_encoder import COLOURS, FakeEncoder, FakeSounds, fake_towers
from engine.torchvision_ops import declare_missing_operators
from engine.types import Modality


@pytest.fixture(scope="module")
def towers():
    return fake_towers()


def tone(hertz: float) -> np.ndarray:
    rate = fake_towers().sound.rate
    return np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32)


def test_a_picture_is_put_into_the_word_for_its_colour(towers):
    pixels = [towers.encoder.prepare_image(Image.new("RGB", (9, 5), c)) for c in COLOURS.values()]
    embedded = towers.encoder.embed_images(pixels)
    scores = towers.encoder.embed_texts(list(COLOURS)) @ embedded.vectors[towers.shared.name].T
    assert scores.argmax(1).tolist() == list(range(len(COLOURS)))
    assert [tags[0].word for tags in embedded.tags] == list(COLOURS)


def test_a_sound_enters_the_shared_space_by_its_words(towers):
    windows = [towers.sound.prepare(tone(hertz)) for hertz in (200, 3000)]
    embedded = towers.embed_sounds(windows)
    texts = towers.encoder.embed_texts(["the sound of a low tone", "the sound of a high tone"])
    assert (texts @ embedded.vectors[towers.shared.name].T).argmax(1).tolist() == [0, 1]
    assert [tags[0].word for tags in embedded.tags] == ["low tone", "high tone"]


def test_every_vector_is_unit(towers):
    embedded = towers.embed_sounds([towers.sound.prepare(tone(500))])
    for rows in embedded.vectors.values():
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


class Hears(FakeSounds):
    """Hears with the probabilities that it is given, in every window."""

    vocabulary = ("one", "two", "three", "four")

    def __init__(self, *probabilities: float) -> None:
        self._row = np.array(probabilities, np.float32)

    def listen(self, windows):
        heard = super().listen(windows)
        return Heard(heard.features, np.tile(self._row, (len(windows), 1)))

    @classmethod
    def embedded(cls, *probabilities: float) -> Embedded:
        towers = Towers(FakeEncoder(), cls(*probabilities))
        return towers.embed_sounds([towers.sound.prepare(tone(500))])


@pytest.mark.parametrize("known", [0.0, 0.3, 1.0])
def test_what_no_word_is_known_of_is_a_sound(known):
    words = FakeEncoder().embed_texts(["the sound of a one", "a sound"])
    expected = np.array([known, 1 - known]) @ words
    vector = Hears.embedded(known, 0, 0, 0).vectors["fake"][0]
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ((0.14, 0.13, 0.0, 0.0), []),
        ((0.14, 0.16, 0.0, 0.0), ["two"]),
        ((0.16, 0.22, 0.3, 0.2), ["three", "two", "four"]),
    ],
)
def test_a_sound_is_tagged_with_few_words_and_probable_ones(probabilities, words):
    (tags,) = Hears.embedded(*probabilities).tags
    assert [tag.word for tag in tags] == words


def test_the_shared_revision_names_both_and_how_they_meet(towers):
    encoder, sound, _ = towers.shared.revision.split("+")
    assert (encoder, sound) == (towers.encoder.shared.revision, towers.sound.revision)
    assert [space.name for space in towers.spaces] == ["fake", "fake-looks", "fake-sounds"]


def test_a_library_is_searched_with_or_without_the_speech_bridge(settings):
    assert fake_towers("hello").spaces == fake_towers().spaces
    without = dataclasses.replace(settings, speech=False)
    assert registry.towers("compact", settings).spaces == registry.towers("compact", without).spaces


# --- what a revision names


def spaces_of(settings):
    return {space.name: space for space in registry.towers("compact", settings).spaces}


def another(file: WeightFile) -> WeightFile:
    return dataclasses.replace(file, sha256="0" * 64)


LOOKS, SOUNDS, WORDS = {"compact", "looks"}, {"compact", "sounds"}, {"compact"}
SHAPES_VECTORS = [
    (text, "MINILM", another(MINILM), WORDS),
    (text, "MINILM_TOKENIZER", another(MINILM_TOKENIZER), WORDS),
    (text, "_MAX_TOKENS", 128, WORDS),
    (text, "_REVISION", 0, WORDS),
    (text, "_CODE", 0, WORDS),
    (pictures, "EFFICIENTNET", another(EFFICIENTNET), LOOKS),
    (pictures, "SIDE", 224, LOOKS),
    (pictures, "_CROP", 0.5, LOOKS),
    (pictures, "_REVISION", 0, LOOKS),
    (pictures, "_CODE", 0, LOOKS),
    (pictures, "HEAD", sounds.HEAD, WORDS),
    (pictures, "_WORDS", 0, WORDS),
    (sounds, "AISFX", another(AISFX), SOUNDS),
    (sounds, "_LOUDEST", 9.0, SOUNDS),
    (sounds, "_REVISION", 0, SOUNDS),
    (sounds, "FEATURES", "0", SOUNDS),
    *((sounds, name, 7, SOUNDS) for name in ("RATE", "BANDS", "_FFT", "_HOP", "_BLOCK", "_STEP")),
    (sounds, "HEAD", pictures.HEAD, WORDS),
    (sounds, "_WORDS", 0, WORDS),
    (mixing, "_SOUND_PHRASE", "a {}", WORDS),
    (mixing, "_SOME_SOUND", "a noise", WORDS),
    (mixing, "_REVISION", 0, WORDS),
]


@pytest.mark.parametrize(
    ("module", "name", "value", "changed"),
    SHAPES_VECTORS,
    ids=[f"{module.__name__.rpartition('.')[2]}.{name}" for module, name, *_ in SHAPES_VECTORS],
)
def test_what_shapes_a_vector_is_in_the_revision_of_its_spaces_alone(
    settings, monkeypatch, module, name, value, changed
):
    before = spaces_of(settings)
    monkeypatch.setattr(module, name, value)
    after = spaces_of(settings)
    differing = {n for n in before if before[n].revision != after[n].revision}
    assert differing == changed


def test_a_revision_is_known_without_the_weights(settings, monkeypatch):
    monkeypatch.setattr(WeightFile, "locate", lambda file: pytest.fail(f"{file.file} was read"))
    assert spaces_of(settings)


def test_a_revision_is_the_same_in_every_process(settings):
    code = (
        "from engine.config import Settings; from engine.encoders import registry\n"
        "print(*registry.towers('compact', Settings.from_env()).spaces, sep='\\n', end='')"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True
    ).stdout
    assert printed == "\n".join(map(str, spaces_of(settings).values()))


def test_a_sound_head_that_is_gone_is_one_clear_error(settings, tmp_path):
    gone = dataclasses.replace(settings, sound_head=tmp_path / "gone.safetensors")
    with pytest.raises(EncoderUnavailable, match="no such sound head"):
        _ = registry.towers("compact", gone).shared


# --- the registry


def test_compact_has_three_spaces_and_making_it_loads_nothing(settings):
    towers = registry.towers("compact", settings)
    assert [(s.name, s.dim) for s in towers.spaces] == [
        ("compact", 384),
        ("looks", 1280),
        ("sounds", 512),
    ]
    towers.check()


def test_a_folder_is_named_alike_from_everywhere(settings, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    expected = str((tmp_path / "model").resolve())
    for name in ("model", "./model", "model/", "../" + tmp_path.name + "/model", "~/model"):
        assert registry.normalised(name) == expected
        assert registry.towers(name, settings).encoder.name == expected
    monkeypatch.chdir("/")
    assert registry.normalised(expected) == expected


def test_a_folder_called_like_an_encoder_hides_it_not(settings, tmp_path, monkeypatch):
    for name in ("compact", "fake", "open_clip:"):
        (tmp_path / name / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("compact", "fake", "open_clip:/model"):
        assert registry.normalised(name) == name
    assert registry.normalised("./compact") == str((tmp_path / "compact").resolve())
    assert registry.towers("compact", settings).encoder.name == "compact"


@pytest.mark.parametrize("name", ["resnet", "~nobody-of-that-name/model", "x" * 5000, "a\0b", ""])
def test_a_name_of_nothing_stays_and_is_one_clear_error(settings, name):
    assert registry.normalised(name) == name
    with pytest.raises(EncoderUnavailable, match="no encoder is called"):
        registry.towers(name, settings)


def test_torchvision_imports_beside_any_torch():
    declare_missing_operators()
    declare_missing_operators()
    import torchvision

    assert torchvision.__version__


def test_settings_choose_the_sound_head_and_whether_speech_is_heard(settings, tmp_path):
    head = shutil.copy(HEAD, tmp_path / "mine.safetensors")
    Path(head).write_bytes(Path(head).read_bytes() + b" ")
    chosen = dataclasses.replace(settings, sound_head=Path(head), speech=False)
    towers = registry.towers("compact", chosen)
    assert towers.speech is None
    assert towers.shared.revision != registry.towers("compact", settings).shared.revision


def test_what_is_typical_of_sounds_goes_from_a_word_to_any_sound(towers):
    heard = towers.typical(Modality.SOUND)
    low, high, some = towers.encoder.embed_texts(
        ["the sound of a low tone", "the sound of a high tone", "a sound"]
    )
    np.testing.assert_allclose(np.linalg.norm(heard, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(heard[:2], [low, high], atol=1e-5)
    assert (heard[-2:] @ some > 0.98).all()


def test_towers_that_use_no_words_cannot_say_what_pictures_are_typical(towers):
    assert towers.typical(Modality.IMAGE) is None
    assert towers.typical(Modality.SPEECH) is None


def test_compact_knows_a_picture_of_each_class(settings):
    compact = registry.towers("compact", settings)
    seen = compact.typical(Modality.KEYFRAME)
    assert seen.shape == (1000, 384)
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    names = compact.encoder.embed_texts(["goldfish", "grand piano"])
    assert (seen @ names.T).argmax(axis=0).tolist() == [1, 579]
