"""The command `sensorium transcript`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from tests import media_files as make


@pytest.fixture(scope="module")
def film(tmp_path_factory, settings):
    place = tmp_path_factory.mktemp("film")
    make.video(place / "clip.mp4", ("red",), 2.0, hertz=300)
    text = "1\n00:00:00,500 --> 00:00:01,500\nHello \x1b[31m you & me\n"
    (place / "clip.srt").write_text(text)
    with Library.open(place / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([place / "clip.mp4"])
    return place


def call(film, *words: str):
    return CliRunner().invoke(main, ["transcript", *words, "--library", str(film / "l")])


def test_what_is_said_is_printed_with_its_times(film):
    done = call(film, str(film / "clip.mp4"))
    assert done.exit_code == 0 and "you & me" in done.stdout and "\x1b" not in done.stdout
    (line,) = json.loads(call(film, str(film / "clip.mp4"), "--json").stdout)["lines"]
    assert (line["start"], line["modality"]) == (0.5, "speech")
    subtitles = call(film, str(film / "clip.mp4"), "--vtt").stdout
    assert subtitles.startswith("WEBVTT\n\n") and "you &amp; me" in subtitles


def test_a_file_that_is_not_indexed_is_one_line(film):
    done = call(film, str(film / "clip.srt"))
    assert done.exit_code == 2 and "is not in the library" in done.stderr
