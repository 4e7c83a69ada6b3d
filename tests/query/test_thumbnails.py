"""The thumbnail of a moment, served from the library once it has been made."""

from __future__ import annotations

import io
from hashlib import blake2b
from pathlib import Path

import pytest
from PIL import Image

from engine.config import Settings
from engine.errors import UnreadableMedia
from engine.query.thumbnails import Thumbnails
from engine.store import KnownAsset
from engine.testing.fake_encoder import COLOURS
from engine.types import Kind, Modality, Moment, MomentRecord
from tests import media_files


def known(path: Path, kind: Kind) -> KnownAsset:
    found = path.stat()
    digest = blake2b(path.read_bytes(), digest_size=32).hexdigest()
    return KnownAsset(1, str(path), found.st_size, found.st_mtime_ns, digest, kind, "indexed")


def record(asset: KnownAsset, moment: Moment) -> MomentRecord:
    return MomentRecord(7, asset.asset_id, asset.path, asset.kind, moment)


def colour(made: bytes) -> str:
    pixel = Image.open(io.BytesIO(made)).getpixel((9, 9))
    return min(COLOURS, key=lambda c: sum(abs(a - b) for a, b in zip(COLOURS[c], pixel)))  # type: ignore[arg-type]  # noqa: B905


@pytest.fixture
def thumbnails(tmp_path: Path, settings: Settings) -> Thumbnails:
    return Thumbnails(tmp_path / "library", settings)


@pytest.fixture
def picture(tmp_path: Path) -> KnownAsset:
    return known(media_files.picture(tmp_path / "a.png", "red"), Kind.IMAGE)


STILL = Moment(Modality.IMAGE)


def test_a_picture_that_is_gone_is_still_served(
    tmp_path: Path, thumbnails: Thumbnails, picture: KnownAsset, settings: Settings
) -> None:
    made = thumbnails.jpeg(record(picture, STILL), picture)
    assert colour(made) == "red"
    Path(picture.path).unlink()
    assert thumbnails.jpeg(record(picture, STILL), picture) == made
    assert Thumbnails(tmp_path / "library", settings).jpeg(record(picture, STILL), picture) == made
    with pytest.raises(UnreadableMedia, match="vanished"):
        thumbnails.jpeg(record(picture, STILL), picture, side=100)


def test_what_has_changed_since_is_shown_and_not_kept(
    tmp_path: Path, thumbnails: Thumbnails, picture: KnownAsset
) -> None:
    media_files.picture(tmp_path / "a.png", "blue", (80, 60))
    assert colour(thumbnails.jpeg(record(picture, STILL), picture)) == "blue"
    assert not (tmp_path / "library").exists()


def test_a_video_is_shown_at_the_middle_of_the_moment(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    path = media_files.video(tmp_path / "a.mp4", ["black", "red", "blue"], 2.0)
    asset = known(path, Kind.VIDEO)
    for start, end, expected in ((0.0, 5.0, "red"), (0.0, 1.0, "black"), (4.0, 6.0, "blue")):
        moment = Moment(Modality.KEYFRAME, start, end)
        assert colour(thumbnails.jpeg(record(asset, moment), asset)) == expected


def test_frames_and_windows_are_told_apart(tmp_path: Path, thumbnails: Thumbnails) -> None:
    gif = known(media_files.animation(tmp_path / "a.gif", ["red", "green"]), Kind.IMAGE)
    frames = [record(gif, Moment(Modality.IMAGE, ordinal=i)) for i in (0, 1)]
    assert [colour(thumbnails.jpeg(frame, gif)) for frame in frames] == ["red", "green"]
    wav = known(media_files.sound(tmp_path / "a.wav", (440, 2), (0, 2)), Kind.AUDIO)
    windows = [record(wav, Moment(Modality.SOUND, s, s + 2.0)) for s in (0.0, 2.0)]
    loud, silent = (thumbnails.jpeg(window, wav) for window in windows)
    assert loud != silent
    Path(wav.path).unlink()
    assert [thumbnails.jpeg(window, wav) for window in windows] == [loud, silent]
