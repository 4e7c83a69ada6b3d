"""A head for the sound bridge is trained on a folder of labelled sounds."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from engine.encoders.compact.sounds import CompactSounds
from engine.training.sounds import Corpus, held_out_clips, main
from tests.waves import RATE, noise, tone, write


@pytest.fixture
def folder(tmp_path):
    """Four labels of four short sounds each, that differ plainly."""
    makers = {
        "hiss": lambda i: noise(0.8, seed=i),
        "hum": lambda i: tone(80 + 5 * i, 0.8, partials=5),
        "whistle": lambda i: tone(2000 + 100 * i, 0.8),
        "clicks": lambda i: (np.arange(int(0.8 * RATE)) % (6000 + 400 * i) < 30).astype(np.float32),
    }
    rows = [("file", "label", "caption")]
    for label, make in makers.items():
        for i in range(4):
            write(tmp_path / f"{label}{i}.wav", make(i))
            rows.append((f"{label}{i}.wav", label, f"the sound of a {label}"))
    write(tmp_path / "silent.wav", np.zeros(RATE))
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path


def test_training_writes_a_head_that_names_new_sounds(folder, settings):
    out = folder / "head.safetensors"
    result = CliRunner().invoke(main, [str(folder), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "16 clips, 16 windows, 4 words; held-out accuracy" in result.output
    mine = CompactSounds(settings, out)
    heard = mine.listen([mine.prepare(noise(0.8, seed=99)), mine.prepare(tone(2250, 0.8))])
    words = [mine.vocabulary[i] for i in heard.probabilities.argmax(1)]
    assert words == ["hiss", "whistle"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "cannot read"),
        ("file,name\nhiss0.wav,hiss\n", "no column"),
        ("file,label\nhiss0.wav,hiss\nhum0.wav,hum\n", "three labels"),
        ("file,label\nhiss0.wav,a\nhum0.wav,b\nhum1.wav,b\nhiss1.wav,c\n", "needs two"),
        (
            "file,label\nhiss0.wav,a\nhiss0.wav,a\nhum0.wav,b\nhum1.wav,b\n"
            "whistle0.wav,c\nwhistle1.wav,c\n",
            "'a' has one recording",
        ),
        ("file,label\nlabels.csv,hiss\n", "labels.csv: "),
        ("file,label\n", "lists no sounds"),
        ("file,label\nsilent.wav,hiss\n", "silent.wav: nothing but silence"),
    ],
)
def test_what_cannot_be_trained_on_is_one_line(folder, labels, message):
    (folder / "labels.csv").unlink()
    if labels is not None:
        (folder / "labels.csv").write_text(labels)
    out = folder / "head.safetensors"
    result = CliRunner().invoke(main, [str(folder), "--out", str(out)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert message in result.output
    assert not out.exists()


def test_copies_of_a_recording_fall_into_one_fold():
    clips = np.arange(24)
    recordings = clips - clips % 2 * (clips % 3 == 0)  # some clips are the one before again
    labels = np.repeat(["a", "b", "c"], 8)
    corpus = Corpus(np.zeros((24, 512), np.float32), labels, clips, recordings)
    tests = list(held_out_clips(corpus, 4, seed=0))
    assert np.sum(tests, axis=0).tolist() == [1] * 24
    for test in tests:
        assert not set(recordings[test]) & set(recordings[~test])
        assert set(labels[~test]) == {"a", "b", "c"}
