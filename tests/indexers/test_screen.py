"""Text on screen into moments: beside its picture, with the times of its shots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import CorruptMedia, ExtraMissing
from engine.media.sniff import sniff
from engine.store import KnownAsset, Store
from engine.testing.fake_encoder import FakeScreen, fake_towers
from engine.types import Modality, Moment
from indexers.decode_events import Note, Prepared, TowerInput
from indexers.reading import shown
from indexers.screen import texts
from tests import media_files as make
from tests.indexers.conftest import Index

pytestmark = pytest.mark.slow

SIGNS = {"red": "Stop here", "green": "Go on"}


def pieces(path: Path, towers: Towers) -> list[Prepared | Note]:
    """Read a file as it is read once it is committed."""
    media = sniff(path)
    assert media is not None
    known = KnownAsset(1, str(path), 0, 0, "", media.kind, "indexed")
    if towers.screen is None:
        return []
    return list(texts(shown(known, Settings(), towers.screen.side), towers.screen))


def read(found: Sequence[Prepared | Note]) -> list[Moment]:
    return [
        p.moment for p in found if isinstance(p, Prepared) and p.moment.modality is Modality.SCREEN
    ]


def shots(*colours: str) -> Iterator[tuple[Image.Image, Moment]]:
    """A shot of one second for each colour."""
    for second, colour in enumerate(colours):
        image = Image.new("RGB", (32, 32), colour)
        yield image, Moment(Modality.KEYFRAME, float(second), second + 1.0)


def spans(found: list[Prepared | Note]) -> list[tuple[str | None, float | None, float | None]]:
    return [(m.text, m.start, m.end) for m in read(list(found))]


def test_the_text_of_a_picture_is_a_moment_beside_it(tmp_path: Path) -> None:
    found = pieces(make.picture(tmp_path / "a.png", "red"), fake_towers(signs=SIGNS))
    (text,) = [p for p in found if isinstance(p, Prepared)]
    assert text.moment == Moment(Modality.SCREEN, text="Stop here")
    assert (text.tower, text.data) == (TowerInput.TEXT, "Stop here")


def test_without_a_bridge_or_a_text_there_is_none(tmp_path: Path) -> None:
    path = make.picture(tmp_path / "a.png", "blue")
    assert not read(pieces(path, fake_towers(signs=SIGNS)))
    assert not read(pieces(path, fake_towers()))


def test_each_frame_of_an_animation_is_read_and_what_stays_is_one(tmp_path: Path) -> None:
    path = make.animation(tmp_path / "a.gif", ["blue", "red", "green", "yellow"])
    texts = read(pieces(path, fake_towers(signs=SIGNS | {"green": "Stop here"})))
    assert [(m.ordinal, m.text, m.start) for m in texts] == [(1, "Stop here", None)]


def test_a_title_card_has_its_times(tmp_path: Path) -> None:
    path = make.video(tmp_path / "a.mp4", ["blue", "red", "yellow"], seconds=2, hertz=440)
    (text,) = read(pieces(path, fake_towers(signs=SIGNS)))
    assert text.text == "Stop here"
    assert (text.start, text.end) == pytest.approx((2, 4), abs=0.2)


def test_a_text_that_stays_is_one_moment() -> None:
    found = [*texts(shots("red", "red", "green", "red", "blue"), FakeScreen(SIGNS))]
    assert spans(found) == [("Stop here", 0, 2), ("Go on", 2, 3), ("Stop here", 3, 4)]


class _Parts(FakeScreen):
    """Reads the words of the sign apart, with blanks that nobody asked for."""

    def read(self, image: Image.Image) -> Sequence[str]:
        return [f" {word}\n" for text in super().read(image) for word in text.split()] + [" "]


def test_a_part_that_stays_is_one_moment_beside_those_that_change() -> None:
    bridge = _Parts({"red": "Stop here", "green": "Go here here"})
    found = list(texts(shots("red", "green"), bridge))
    assert spans(found) == [("Stop", 0, 1), ("Go", 1, 2), ("here", 0, 2)]


class _Smudged(FakeScreen):
    """Cannot read what is green or yellow."""

    def read(self, image: Image.Image) -> Sequence[str]:
        if not (texts := super().read(image)):
            raise RuntimeError("smudged\nglass")
        return texts


def test_what_cannot_be_read_costs_one_note_and_no_picture() -> None:
    found = list(texts(shots("red", "green", "yellow", "red"), _Smudged({"red": "Stop here"})))
    assert spans(found) == [("Stop here", 0, 1), ("Stop here", 3, 4)]
    assert [p for p in found if isinstance(p, Note)] == [
        Note("text on screen: RuntimeError: smudged glass")
    ]


def test_what_was_read_before_a_video_breaks_off_is_kept() -> None:
    def broken() -> Iterator[tuple[Image.Image, Moment]]:
        yield from shots("red")
        raise CorruptMedia("cut off")

    found = []
    with pytest.raises(CorruptMedia):
        found.extend(texts(broken(), FakeScreen(SIGNS)))
    assert spans(found) == [("Stop here", 0, 1)]


class _Missing(FakeScreen):
    def read(self, image: Image.Image) -> Sequence[str]:
        raise ExtraMissing("the screen bridge", "ocr")


def test_a_bridge_that_is_missing_is_no_fault_of_the_file() -> None:
    with pytest.raises(ExtraMissing):
        list(texts(shots("red"), _Missing(SIGNS)))


class _Sizes(FakeScreen):
    """Remembers how large the pictures are that it is given."""

    side = 300

    def read(self, image: Image.Image) -> Sequence[str]:
        self.seen = [*getattr(self, "seen", []), image.size]
        return []


def test_readers_leave_as_much_as_the_bridge_wants(tmp_path: Path) -> None:
    screen = _Sizes(SIGNS)
    towers = replace(fake_towers(), screen=screen)
    pieces(make.picture(tmp_path / "a.jpg", size=(2400, 1800)), towers)
    (size,) = screen.seen
    assert 300 <= min(size) < 600
    assert fake_towers().image_size == fake_towers().encoder.image_size


def test_text_is_committed_with_its_asset_and_found_by_its_words(
    index: Index, media: Path, store: Store
) -> None:
    make.picture(media / "a.png", "red")
    make.picture(media / "b.png", "green")
    report = index(towers=replace(fake_towers(), screen=_Smudged({"red": "Stop here"})))
    assert (report.added, report.moments) == (2, 3)
    (failure,) = report.failures
    assert failure.path.endswith("b.png") and "smudged" in failure.reason
    assert store.stats().moments == {Modality.IMAGE: 2, Modality.SCREEN: 1}
    (asset_id,) = [a.asset_id for a in store.assets() if a.path.endswith("a.png")]
    _, text = store.moments_of(asset_id)
    assert text.moment == Moment(Modality.SCREEN, text="Stop here")
    assert [found for found, _ in store.words('"here"', (), 10)] == [text.moment_id]


def card(text: str, size: tuple[int, int] = (1280, 720)) -> Image.Image:
    image = Image.new("RGB", size, "black")
    ImageDraw.Draw(image).text((200, 300), text, "white", ImageFont.load_default(72))
    return image


def test_pp_ocr_reads_what_decoders_hand_over(tmp_path: Path, settings: Settings) -> None:
    pytest.importorskip("rapidocr")
    from engine.encoders.screen import RapidScreen

    towers = replace(fake_towers(), screen=RapidScreen(settings))
    card("The harbour in winter", (2600, 1500)).save(tmp_path / "a.jpg")
    assert [m.text for m in read(pieces(tmp_path / "a.jpg", towers))] == ["The harbour in winter"]
    with av.open(str(tmp_path / "b.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 1280, 720, "yuv420p", 10
        stream.bit_rate = 4_000_000
        for image in (Image.new("RGB", (1280, 720), "blue"), card("Part two")):
            for _ in range(40):
                container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
    (text,) = read(pieces(tmp_path / "b.mp4", towers))
    assert text.text == "Part two"
    assert (text.start, text.end) == pytest.approx((4, 8), abs=0.2)
