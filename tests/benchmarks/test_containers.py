"""What the reader finds is compared with what ffprobe finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import ffmpeg_zoo
from benchmarks.containers import (
    Found,
    Unjudged,
    by_ffprobe,
    by_reader,
    compared,
    cut,
    differences,
)  # fmt: skip
from benchmarks.ffmpeg_zoo import Recipe

RECIPES = [
    Recipe("matroska", "libx264", "flac"),
    Recipe("mpegts", "mpeg2video", "mp2"),
    Recipe("avi", "mpeg4", "adpcm_ms"),
    Recipe("nut", "", "pcm_s16le"),
    Recipe("asf", "wmv2", "wmav2"),
    Recipe("w64", "", "pcm_alaw"),
]


@pytest.mark.skipif(not ffmpeg_zoo.is_installed(), reason="ffmpeg is not installed")
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.label)
def test_readers_agree(tmp_path: Path, recipe: Recipe) -> None:
    path = ffmpeg_zoo.make(recipe, tmp_path)
    if path is None:
        pytest.skip("this ffmpeg does not write it")
    whole = by_ffprobe(path)
    assert whole.kind == ("video" if recipe.video else "audio") and whole.sound > 1
    assert differences(by_reader(path), whole) == []
    head, _ = cut(path, tmp_path)
    assert differences(by_reader(head), by_ffprobe(head), cut=True) == []


def test_each_fact_is_compared() -> None:
    theirs = Found("video", (1.6, 2.0), 40, 1.6)
    assert differences(Found("video", (2.0,), 40, 1.6), theirs) == []
    assert [d.split()[0] for d in differences(Found("video", (1.8,), 39, 0.0), theirs)] == [
        "duration", "frames", "sound",
    ]  # fmt: skip
    assert [d.split()[0] for d in differences(Found("audio", (2.0,), 0, 1.6), theirs)] == ["kind"]


@pytest.mark.skipif(not ffmpeg_zoo.is_installed(), reason="ffmpeg is not installed")
def test_what_ffprobe_makes_of_noise_is_no_judge(tmp_path: Path) -> None:
    recipe = Recipe("wtv", "wmv2", "ac3")
    path = ffmpeg_zoo.make(recipe, tmp_path)
    if path is None:
        pytest.skip("this ffmpeg does not write it")
    assert by_ffprobe(path).damaged
    assert list(compared(iter([(recipe, path)]), tmp_path)) == [(path, Unjudged.UNREAD)]


@pytest.mark.skipif(not ffmpeg_zoo.is_installed(), reason="ffmpeg is not installed")
def test_a_stream_that_ffprobe_has_no_name_for_does_not_keep_the_rest_from_judgement(
    tmp_path: Path,
) -> None:
    recipe = Recipe("avi", "rawvideo", "libmp3lame")
    path = ffmpeg_zoo.make(recipe, tmp_path)
    if path is None:
        pytest.skip("this ffmpeg does not write it")
    (_, verdict), *_ = compared(iter([(recipe, path)]), tmp_path)
    assert verdict is not Unjudged.UNDECODED
