"""The multilingual tokenizer and the file that it comes from, on pieces of their own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.common.artifact_cache import Damaged
from engine.config import Settings
from engine.encoders.compact import unigram
from engine.encoders.compact.e5_file import UNKNOWN, E5File, dequantised
from engine.encoders.compact.multilingual_text import MultilingualE5


@pytest.fixture
def pieces(tmp_path) -> Path:
    words = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁sun", "flower", "▁sunflow", "er", "s", "花"]
    scores = np.array([0, 0, 0, 0, -3, -4, -5, -11, -3, -2, -6], np.float32)
    folder = tmp_path / "pieces"
    characters = {"\uff33": "S", "S": "s", "\u200b": ""}
    unigram.write(folder, [w.encode() for w in words], scores, characters, frozenset(range(4)))
    return folder


def test_the_most_probable_way_is_taken(pieces):
    (ids,) = unigram.Unigram(pieces, UNKNOWN).ids(["sunflowers"])
    assert ids == [5, 6, 9], "-11 in all, where sunflow + er + s is -16"


def test_characters_are_changed_and_unknown_ones_are_one_piece_together(pieces):
    cut = unigram.Unigram(pieces, UNKNOWN).ids
    assert cut(["\u200bsun"]) == cut([" sun  "]) == [[5]]
    assert cut(["sunqqq花q"]) == [[5, 3, 10, 3]]
    assert cut(["", "   "]) == [[4], [4]]


def test_a_word_longer_than_any_is_cut_in_time(pieces):
    (ids,) = unigram.Unigram(pieces, UNKNOWN).ids(["s" * 5_000])
    assert len(ids) == 5_001


def test_many_words_are_cut_a_few_at_a_time_to_the_same_pieces(pieces, monkeypatch):
    texts = ["sunflowers sun", "flower sunflower er", "", "sss sun"]
    whole = unigram.Unigram(pieces, UNKNOWN).ids(texts)
    monkeypatch.setattr(unigram, "_AT_ONCE", 4)
    parted, sizes = unigram.Unigram(pieces, UNKNOWN), []
    monkeypatch.setattr(parted, "_find", lambda parts: sizes.append(len(parts)) or find(parts))
    find = unigram.Unigram._find.__get__(parted)
    assert parted.ids(texts) == whole and len(sizes) > 2


def test_of_a_long_text_no_more_than_its_begin_is_cut(monkeypatch):
    tower, given = MultilingualE5(Settings()), []
    words = SimpleNamespace(pieces=SimpleNamespace(ids=lambda t: given.extend(t) or [[7]]))
    monkeypatch.setitem(vars(tower), "_words", words)
    tower.tokens(["word " * 100_000])
    assert len(given[0]) < 20_000


@pytest.mark.parametrize("name", ["pieces.npy", "ids.npy", "scores.npy", "characters.json"])
def test_damaged_pieces_are_told_from_whole_ones(pieces, name):
    (pieces / name).write_bytes(b"junk")
    with pytest.raises(Damaged):
        unigram.Unigram(pieces, UNKNOWN)


def test_four_bits_are_read_as_they_are_written():
    scale = np.array([0.5], "<f2").tobytes()
    codes = bytes(range(16))  # low halves 0 to 15, high halves 0
    (row,) = dequantised(np.frombuffer(scale + codes, np.uint8)[None])
    assert row.tolist() == [0.5 * (code - 8) for code in range(16)] + [-4.0] * 16


def test_another_file_is_no_text_tower(tmp_path):
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(ValueError, match="no file of multilingual-e5-small"):
        E5File(tmp_path / "other.bin")
