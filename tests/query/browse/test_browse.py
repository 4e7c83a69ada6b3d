"""Looking through a library from Python: ``library.browse`` and ``Library.parse``."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Library
from engine.errors import InvalidQuery
from engine.query.browse.transcript import Transcript, TranscriptLine
from engine.types import Kind, Modality
from tests import media_files as make


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings):
    place = tmp_path_factory.mktemp("browsed")
    for folder, colours in (("a", ("red", "green")), ("b b", ("blue",))):
        for colour in colours:
            make.picture(place / folder / f"{colour}.png", colour)
    make.sound(place / "a" / "tone.wav", (300, 1.0))
    make.sound(place / "a" / "silence.wav", (0, 1.0))
    with Library.open(place / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([place / "a", place / "b b"])
        library.curate.tag([1], add=["beach"])
        yield library


def test_files_are_listed_with_those_that_have_no_moment(library):
    page = library.browse.assets(sort="path")
    names = [row.asset.path.rpartition("/")[2] for row in page.assets]
    assert names == ["green.png", "red.png", "silence.wav", "tone.wav", "blue.png"]
    bare = [row.first_moment is None for row in page.assets]
    assert bare == [False, False, True, False, False] and page.total == 5
    assert library.browse.assets(kinds="audio", limit=1).total == 2
    assert [row.tags for row in page.assets if row.asset_id == 1] == [("beach",)]
    with pytest.raises(InvalidQuery):
        library.browse.assets(sort="colour")


def test_a_list_is_new_once_something_was_committed(library):
    assert library.browse.assets(where="tags has new").total == 0
    library.curate.tag([2], add=["new"])
    assert library.browse.assets(where="tags has new").total == 1


def test_moments_are_listed_by_how_they_are_perceived(library):
    whole = library.browse.moments()
    assert whole.total == len(whole.moments) == 4
    sounds = library.browse.moments(modalities="sound")
    assert {each.moment.modality for each in sounds.moments} == {Modality.SOUND}
    with pytest.raises(KeyError):
        library.browse.moments_of(999)
    with pytest.raises(KeyError):
        library.browse.neighbours(999)


def test_facets_count_and_add_up(library):
    facets = library.browse.facets()
    assert facets.kinds == {Kind.IMAGE: 3, Kind.AUDIO: 2} and facets.tags["beach"] == 1
    assert sorted(facets.folders.values()) == [1, 4]
    assert facets.plus(facets).kinds == {Kind.IMAGE: 6, Kind.AUDIO: 4}


def test_completion_knows_what_the_library_has(library):
    def texts(typed: str) -> list[str]:
        return [each.text for each in library.browse.complete(typed)]

    assert texts("tags:be") == ["beach"] and "kind:" in texts("a dog k")
    assert texts('path:"b ') == ['"b b"'] and '"b b"' in texts("path:b")
    assert texts("kind:audio,im") == ["image"] and texts("speech:") == ["yes", "no"]


def test_a_waveform_is_read_once(library, monkeypatch):
    number = next(r.asset_id for r in library.browse.assets().assets if "tone" in r.asset.path)
    first = library.browse.waveform(number, buckets=4)
    monkeypatch.setattr("engine.media.peaks.read_peaks", lambda *_: pytest.fail("read twice"))
    assert np.array_equal(library.browse.waveform(number, buckets=4), first)
    assert first.shape == (2, 4) and first[1].min() > 0.3
    monkeypatch.undo()
    (kept,) = (library.path / "thumbnails").glob("*/*.peaks")
    kept.write_bytes(b"peaks" + bytes(40) + b".")  # as a disk may leave it
    assert np.array_equal(library.browse.waveform(number, buckets=4), first)


def test_subtitles_are_text_alone():
    line = TranscriptLine(7, Modality.SCREEN, 3661.5, None, "a --> b\n\n<i>&\n")
    still = TranscriptLine(8, Modality.SCREEN, None, None, "a sign")
    assert Transcript((line, still)).to_vtt() == (
        "WEBVTT\n\n7\n01:01:01.500 --> 01:01:01.501 line:0\na --&gt; b\n&lt;i&gt;&amp;\n"
    )


def test_a_query_that_is_typed_is_never_an_error():
    assert not Library.parse("a dog kind:image after:2020").mistakes
    for text in ('"', "kind:", ":", "- -", "kind:x kind:y", "a then", "date:2024..2020", "\0"):
        outline = Library.parse(text)
        assert all(0 <= m.begin <= m.end <= len(text) for m in outline.mistakes), text
    assert [m.begin for m in Library.parse("kind:x size:y").mistakes] == [5, 12]
