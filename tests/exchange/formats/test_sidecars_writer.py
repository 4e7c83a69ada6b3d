"""Sidecars, as exiftool, photo managers and another library read them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from engine import Library
from engine.curate.captioning import CaptionRun, FileCaption, apply_captions
from engine.exchange import checksums
from engine.exchange.export import export
from tests import media_files as make
from tests.curate.conftest import ids_of

CAPTION = "Zwei <Hunde> & ein \x0bBall"
_DC = "{http://purl.org/dc/elements/1.1/}"
_LI = ".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
UNDECODED = os.fsdecode(b"caf\xe9.png")


@pytest.fixture(scope="module")
def exported(tmp_path_factory, settings) -> Path:
    """Pictures of which one has a caption of a model, two have tags, and one has nothing."""
    place = tmp_path_factory.mktemp("sidecars")
    media = place / "media"
    media.mkdir()
    for name in ("dogs.png", "a\\b\nc.png", UNDECODED, "bare.png", "x" * 251 + ".png"):
        make.picture(media / name, "red", (60, 40 + len(name)))
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        dogs = FileCaption(ids_of(made.store)["media/dogs.png"], str(media / "dogs.png"), CAPTION)
        apply_captions(made.store, CaptionRun((dogs,), "hf:blip 12ab", "sentence"))
        with made.store.writer() as writer:
            tagged = {str(media / name): ("beach", "tést") for name in ("a\\b\nc.png", UNDECODED)}
            tagged[str(media / ("x" * 251 + ".png"))] = ("long",)
            writer.curation.import_tags(tagged)
        done = export(made.store, place / "out", "sidecars")
    assert done.files == 3
    assert sorted(each.reason for each in done.failures) == [
        "has a name that leaves no room for a sidecar's", "has neither a caption nor tags",
    ]  # fmt: skip
    return place


def _beside(exported: Path) -> Path:
    media = exported / "media"
    return exported / "out" / "files" / media.relative_to(media.anchor)


def test_an_xmp_says_the_caption_the_tags_and_the_model(exported):
    packet = ET.fromstring((_beside(exported) / "dogs.png.xmp").read_bytes())
    assert [each.text for each in packet.iterfind(f".//{_DC}description/{_LI}")] == [
        CAPTION.replace("\x0b", "\ufffd")
    ]
    assert "hf:blip 12ab" in packet.get("{adobe:ns:meta/}xmptk")
    packet = ET.fromstring((_beside(exported) / "a\\b\nc.png.xmp").read_bytes())
    assert [each.text for each in packet.iterfind(f".//{_DC}subject/{_LI}")] == ["beach", "tést"]


def test_a_json_says_the_same(exported):
    facts = json.loads((_beside(exported) / "dogs.png.json").read_bytes())
    assert facts["description"] == CAPTION
    assert facts["caption_by"] == "hf:blip 12ab"
    assert json.loads((_beside(exported) / f"{UNDECODED}.json").read_bytes())["tags"] == [
        "beach", "tést",
    ]  # fmt: skip


def test_sums_of_names_with_line_breaks_and_other_bytes_are_checked(exported):
    assert checksums.verify(exported / "out") == 7, "three times two, and the card"
    (_beside(exported) / "a\\b\nc.png.xmp").write_text("another")
    with pytest.raises(Exception, match="is not what SHA256SUMS says"):
        checksums.verify(exported / "out")


def test_beside_their_files_they_are_found_by_another_library(exported, tmp_path, settings):
    media = shutil.copytree(exported / "media", tmp_path / "media")
    shutil.copytree(_beside(exported), media, dirs_exist_ok=True)
    with Library.open(tmp_path / "other", create=True, encoder="fake", settings=settings) as other:
        other.index([media])
        found = other.search("Hunde", top=1)[0]
        assert Path(found.path).name == "dogs.png"
        assert any(why.space is None for why in found.why), "by its words"
