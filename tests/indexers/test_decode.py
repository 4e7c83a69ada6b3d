"""One file into prepared moments: modalities, times, and tracks that break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import ExifTags, Image

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import CorruptMedia, EncoderUnavailable, MediaTooLarge
from engine.media.audio import Chunk
from engine.media.sniff import sniff
from engine.testing.fake_encoder import FakeSpeech, fake_towers
from engine.types import Modality
from engine.types.arrays import Waveform
from indexers import audio, video
from indexers.decode import decode
from indexers.decode_events import DecodeEvent, Facts, Note, Prepared, TowerInput
from tests import media_files as make

SETTINGS = Settings()


def pieces(path: Path, towers: Towers | None = None) -> list[DecodeEvent]:
    media = sniff(path)
    assert media is not None
    return list(decode(path, media, towers or fake_towers(), SETTINGS))


def moments(found: list[DecodeEvent], modality: Modality) -> list[Prepared]:
    return [p for p in found if isinstance(p, Prepared) and p.moment.modality is modality]


def spans(found: list[DecodeEvent], modality: Modality) -> list[tuple[float, float]]:
    return [(p.moment.start or 0.0, p.moment.end or 0.0) for p in moments(found, modality)]


def facts(found: list[DecodeEvent]) -> Facts:
    (fact,) = [p for p in found if isinstance(p, Facts)]
    return fact


def notes(found: list[DecodeEvent]) -> list[str]:
    return [p.reason for p in found if isinstance(p, Note)]


def test_a_picture_is_one_moment(tmp_path: Path) -> None:
    found = pieces(make.picture(tmp_path / "a.png", size=(40, 30)))
    assert (facts(found).width, facts(found).height, facts(found).duration) == (40, 30, None)
    (picture,) = moments(found, Modality.IMAGE)
    assert picture.tower is TowerInput.PICTURE and picture.moment.start is None
    assert picture.data.parts[0].shape == (16, 16, 3) and picture.nbytes == 768


def test_a_picture_says_where_and_what_it_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "the lighthouse"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "S", 2: (34.0, 21.6, 0), 3: "E", 4: (18.5, 0, 0)})
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    found = facts(pieces(tmp_path / "a.jpg"))
    assert found.place == pytest.approx((-34.36, 18.5))
    assert found == Facts(40, 30, None, None, found.place, "the lighthouse")


def test_a_video_says_where_and_what_it_is(tmp_path: Path) -> None:
    path = make.video(
        tmp_path / "a.mp4", ["red"], metadata={"location": "+12.5-003.5/", "title": "at the well"}
    )
    found = facts(pieces(path))
    assert (found.place, found.caption) == ((12.5, -3.5), "at the well")


def test_a_sound_says_where_and_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w") as container:
        container.metadata.update({"location": "+01-002/", "comment": "an owl"})
        track = container.add_stream("aac", rate=make.RATE, layout="mono")
        samples = make.tone(440, 2).astype("f4")[None]
        heard = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        heard.sample_rate = make.RATE
        container.mux([*track.encode(heard), *track.encode(None)])
    found = facts(pieces(path))
    assert (found.place, found.caption) == ((1.0, -2.0), "an owl")


def test_an_animation_is_a_moment_per_frame(tmp_path: Path) -> None:
    found = pieces(make.animation(tmp_path / "a.gif", ["red", "green", "blue"]))
    assert [p.moment.ordinal for p in moments(found, Modality.IMAGE)] == [0, 1, 2]
    facts(found)


def test_a_video_is_shots_and_its_sound(tmp_path: Path) -> None:
    path = make.video(tmp_path / "a.mp4", ["red", "blue"], seconds=2, hertz=440)
    found = pieces(path, fake_towers("good morning"))
    assert facts(found).duration == pytest.approx(4, abs=0.2)
    assert spans(found, Modality.KEYFRAME)[0] == pytest.approx((0, 2), abs=0.2)
    assert spans(found, Modality.KEYFRAME)[-1][1] == pytest.approx(4, abs=0.2)
    assert spans(found, Modality.SOUND) == [pytest.approx((0, 4), abs=0.2)]
    (speech,) = moments(found, Modality.SPEECH)
    assert speech.tower is TowerInput.TEXT
    assert speech.data == speech.moment.text == "good morning"
    assert not notes(found)


def test_a_silent_video_is_pictures_only(tmp_path: Path) -> None:
    found = pieces(make.video(tmp_path / "a.mp4", ["red"]), fake_towers("hello"))
    assert {p.moment.modality for p in found if isinstance(p, Prepared)} == {Modality.KEYFRAME}


def test_windows_have_their_times_and_silence_has_none(tmp_path: Path) -> None:
    path = make.sound(tmp_path / "a.wav", (440, 10), (0, 10), (440, 5))
    found = pieces(path)
    assert facts(found) == Facts(duration=pytest.approx(25))
    assert spans(found, Modality.SOUND) == [(0, 10), (20, 25)]
    assert not moments(found, Modality.SPEECH)


class _Echo(FakeSpeech):
    """Says in each chunk when, within it, the middle second is."""

    def transcribe(self, samples: Waveform) -> list[object]:
        self.heard = [*getattr(self, "heard", []), len(samples) / self.rate]
        from engine.encoders.protocols import Sentence

        return [Sentence(1.0, 2.0, " words "), Sentence(2.0, 2.5, "  ")]


def test_speech_comes_in_bounded_chunks_with_true_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "SPEECH_SECONDS", 4.0)
    path = make.sound(tmp_path / "a.wav", (440, 4), (0, 4), (440, 3))
    echo = _Echo("")
    towers = fake_towers()
    found = pieces(path, Towers(towers.encoder, towers.sound, echo))
    assert echo.heard == [4.0, 3.0]  # the silent chunk is not worth a recogniser's time
    assert spans(found, Modality.SPEECH) == [(1.0, 2.0), (9.0, 10.0)]
    assert [p.moment.text for p in moments(found, Modality.SPEECH)] == ["words", "words"]


def _breaks_off(*_: object) -> Iterator[Chunk]:
    yield Chunk(0.0, make.tone(440, 1).astype("f4"))
    raise CorruptMedia("sound cannot be decoded")


def _overflows(*_: object) -> Iterator[object]:
    raise OverflowError("too\nbig")
    yield


def test_a_broken_sound_track_leaves_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "read_windows", _breaks_off)
    found = pieces(make.video(tmp_path / "a.mp4", ["red", "blue"], hertz=440))
    assert len(moments(found, Modality.KEYFRAME)) >= 2
    assert spans(found, Modality.SOUND) == [(0, 1)]
    assert notes(found) == ["sound: sound cannot be decoded"]


def test_broken_pictures_leave_the_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "read_keyframes", _overflows)
    found = pieces(make.video(tmp_path / "a.mp4", ["red"], hertz=440))
    assert len(moments(found, Modality.SOUND)) == 1
    assert notes(found) == ["pictures: OverflowError: too big"]


def test_with_all_tracks_broken_the_first_fault_is_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "read_keyframes", _overflows)
    monkeypatch.setattr(audio, "read_windows", _breaks_off)
    with pytest.raises(OverflowError):
        pieces(make.video(tmp_path / "a.mp4", ["red"], hertz=440))


def test_a_tower_that_is_missing_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> Iterator[object]:
        raise EncoderUnavailable("whisper is not installed")
        yield

    monkeypatch.setattr(audio, "read_audio", unavailable)
    with pytest.raises(EncoderUnavailable):
        pieces(make.sound(tmp_path / "a.wav", (440, 1)), fake_towers("x"))


def test_limits_are_the_settings(tmp_path: Path) -> None:
    with pytest.raises(MediaTooLarge):
        pieces(make.huge_png(tmp_path / "a.png"))


@pytest.mark.parametrize(("said", "length"), [(5.9, 5.9), (6.0, 6.0), (1.0, 6.0), (99.0, 99.0)])
def test_no_moment_reaches_past_the_end_of_its_asset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: float, length: float
) -> None:
    """The kind: headers that give another length than what decodes."""
    path = make.sound(tmp_path / "a.wav", (440, 6))
    probe = audio.probe_audio
    monkeypatch.setattr(audio, "probe_audio", lambda path: replace(probe(path), duration=said))
    found = pieces(path)
    last = [piece for piece in found if isinstance(piece, Facts)][-1]
    assert last.duration == pytest.approx(length)
    ends = [end for _, end in spans(found, Modality.SOUND)]
    assert ends and max(ends) <= length
