"""Files, moments and their time lines: what is handed out, and what is not."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import gettempdir

import av
import httpx
import pytest
from PIL import Image

from engine import Library
from engine.server.options import ServerOptions
from engine.server.routes.answers import (
    AssetList,
    KeyframeList,
    MomentList,
    NeighboursAnswer,
    TranscriptAnswer,
    WaveformAnswer,
)
from tests import media_files as make
from tests.server.conftest import Served, serving

_SRT = (
    "1\n00:00:00,500 --> 00:00:01,500\nHello <b> & you\n\n2\n00:00:02,000 --> 00:00:03,000\nBye\n"
)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory, settings) -> Iterator[Served]:
    """A server over a video with subtitles, a silent one, a sound and a picture."""
    place = tmp_path_factory.mktemp("filmed")
    media = place / "media"
    media.mkdir()
    make.video(media / "clip.mp4", ("red", "green", "blue"), 2.0, hertz=300)
    (media / "clip.srt").write_text(_SRT)
    make.video(media / "mute.mp4", ("red",))
    make.sound(media / "tones.wav", (0, 1.0), (300, 1.0), (0, 2.0))
    make.picture(media / "large.png", "red", (1200, 600))
    with Library.open(place / "films", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    with serving([place / "films"], settings, media, ServerOptions(port=0)) as running:
        yield running


def number_of(served: Served, name: str) -> int:
    found = served.http.get("/api/assets", params={"where": f"path like '{name}'"}).json()
    return found["assets"][0]["asset_id"]


def test_files_moments_and_thumbnails(served):
    hit = served.search("red", top=1)[0]
    asset = served.http.get(f"/api/assets/{hit['asset_id']}").json()
    assert asset["path"] == hit["path"]
    moment = served.http.get(f"/api/moments/{hit['moment_id']}").json()
    assert moment["asset_id"] == hit["asset_id"]
    picture = Image.open(BytesIO(served.http.get(hit["thumbnail"]).content))
    assert picture.convert("RGB").getpixel((5, 5))[0] > 200
    for path in (
        "/api/assets/9999",
        "/api/moments/9999",
        "/api/thumbnails/9999",
        "/api/media/9999",
    ):
        answer = served.http.get(path)
        assert answer.status_code == 404 and answer.json()["error"]["code"].endswith("_not_found")


def test_media_come_whole_and_in_ranges(served):
    hit = served.search("kind:audio", top=1)[0]
    content = Path(hit["path"]).read_bytes()
    whole = served.http.get(hit["media"])
    assert whole.content == content and whole.headers["content-type"] == "audio/wav"
    part = served.http.get(hit["media"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    beyond = served.http.get(hit["media"], headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416


def test_a_file_that_was_replaced_is_not_handed_out(start, settings, tmp_path):
    media, secret = tmp_path / "media", tmp_path / "secret.png"
    media.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        make.picture(media / name, "red")
    secret.write_bytes((media / "a.png").read_bytes())
    facts = (media / "a.png").stat()
    os.utime(secret, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    served = start([tmp_path / "l"])
    hits = {Path(hit["path"]).name: hit["media"] for hit in served.search("kind:image")}
    assert served.http.get(hits["a.png"]).status_code == 200
    (media / "a.png").unlink()
    (media / "a.png").symlink_to(secret)  # of the same size and date
    make.picture(media / "b.png", "blue", (10, 10))
    (media / "c.png").unlink()
    codes = {name: served.http.get(url).json()["error"]["code"] for name, url in hits.items()}
    assert codes == {"a.png": "file_changed", "b.png": "file_changed", "c.png": "file_gone"}


def test_files_are_listed_page_by_page(filmed):
    whole = filmed.http.get("/api/assets", params={"sort": "path"}).json()
    AssetList.model_validate(whole)
    names = [Path(each["path"]).name for each in whole["assets"]]
    assert names == ["clip.mp4", "large.png", "mute.mp4", "tones.wav"] and whole["total"] == 4
    part = filmed.http.get("/api/assets", params={"sort": "path", "skip": 1, "limit": 2}).json()
    assert part["assets"] == whole["assets"][1:3] and part["total"] == 4
    film = filmed.http.get(f"/api/assets/{number_of(filmed, 'clip.mp4')}").json()
    assert film == whole["assets"][0] and film["duration"] == pytest.approx(6, abs=0.2)
    videos = filmed.http.get("/api/assets", params={"kind": "video"}).json()
    assert videos["total"] == 2
    assert filmed.http.get("/api/assets?where=kind").status_code == 400


def test_moments_are_listed_and_have_neighbours(filmed):
    clip = number_of(filmed, "clip.mp4")
    frames = filmed.http.get(f"/api/assets/{clip}/moments?modality=keyframe").json()
    MomentList.model_validate(frames)
    assert frames["total"] == 3
    middle = frames["moments"][1]["moment_id"]
    beside = filmed.http.get(f"/api/moments/{middle}/neighbours?count=1").json()
    NeighboursAnswer.model_validate(beside)
    assert beside["before"] == frames["moments"][:1] and beside["after"] == frames["moments"][2:]
    assert beside["moment"] == filmed.http.get(f"/api/moments/{middle}").json()
    everywhere = filmed.http.get("/api/moments", params={"limit": 3, "skip": 2}).json()
    assert len(everywhere["moments"]) == 3 and everywhere["total"] > 5
    assert filmed.http.get("/api/moments/99999/neighbours").status_code == 404
    assert filmed.http.get("/api/assets/99999/moments").status_code == 404


def test_media_are_kept_by_their_tag(filmed):
    url = f"/api/media/{number_of(filmed, 'tones.wav')}"
    whole = filmed.http.get(url)
    tag = whole.headers["etag"]
    assert filmed.http.get(url, headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
    assert filmed.http.get(url, headers={"If-None-Match": '"x"'}).status_code == 200
    asked = {"Range": "bytes=4-7", "If-Range": tag}
    assert filmed.http.get(url, headers=asked).content == whole.content[4:8]
    changed = filmed.http.get(url, headers=asked | {"If-Range": '"other"'})
    assert changed.status_code == 200 and changed.content == whole.content
    several = filmed.http.get(url, headers={"Range": "bytes=0-3,8-11"})
    assert several.status_code == 206 and b"RIFF" in several.content and b"WAVE" in several.content
    assert several.headers["content-type"].startswith("multipart/byteranges")
    last = filmed.http.get(url, headers={"Range": "bytes=-4"})
    assert last.content == whole.content[-4:]
    for wrong in ("bytes=9-2-1", "lines=1-2", "bytes=a-b"):
        assert filmed.http.get(url, headers={"Range": wrong}).content == whole.content
    head = filmed.http.head(url)
    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))


def test_thumbnails_have_three_sizes_and_are_kept(filmed):
    moment = filmed.search("kind:image", top=1)[0]["moment_id"]
    for side in (160, 320, 640):
        answer = filmed.http.get(f"/api/thumbnails/{moment}?size={side}")
        assert Image.open(BytesIO(answer.content)).size == (side, side // 2)
        kept = {"If-None-Match": answer.headers["etag"]}
        assert filmed.http.get(f"/api/thumbnails/{moment}?size={side}", headers=kept).content == b""
    other = filmed.http.get(f"/api/thumbnails/{moment}?size=160", headers=kept)
    assert other.status_code == 200
    assert filmed.http.get(f"/api/thumbnails/{moment}?size=5000").status_code == 400
    assert filmed.http.head(f"/api/thumbnails/{moment}").content == b""


def test_keyframes_and_a_strip_show_a_video(filmed):
    clip = number_of(filmed, "clip.mp4")
    frames = filmed.http.get(f"/api/assets/{clip}/keyframes").json()
    KeyframeList.model_validate(frames)
    starts = [each["start"] for each in frames["keyframes"]]
    assert starts == pytest.approx([0, 2, 4], abs=0.2) and frames["duration"] > 5
    assert filmed.http.get(frames["keyframes"][1]["thumbnail"]).status_code == 200
    url = f"/api/assets/{clip}/strip?frames=3&height=24"
    answer = filmed.http.get(url)
    assert answer.status_code == 200, answer.text
    picture = Image.open(BytesIO(answer.content)).convert("RGB")
    assert picture.height == 24 and picture.width % 3 == 0
    middles = [picture.getpixel((picture.width * (2 * at + 1) // 6, 12)) for at in range(3)]
    assert [max(range(3), key=pixel.__getitem__) for pixel in middles] == [0, 1, 2]
    again = filmed.http.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    sound = number_of(filmed, "tones.wav")
    assert filmed.http.get(f"/api/assets/{sound}/strip").status_code == 422
    assert filmed.http.get(f"/api/assets/{sound}/keyframes").json()["keyframes"] == []


def test_a_waveform_has_as_many_peaks_as_asked(filmed):
    url = f"/api/assets/{number_of(filmed, 'tones.wav')}/waveform"
    whole = filmed.http.get(url, params={"buckets": 8}).json()
    WaveformAnswer.model_validate(whole)
    loud = [high > 0.3 for high in whole["high"]]
    assert loud == [False, False, True, True, False, False, False, False]
    assert whole["duration"] == pytest.approx(4) and min(whole["low"]) < -0.3
    inside = filmed.http.get(url, params={"buckets": 4, "start": 1.2, "end": 1.8}).json()
    assert all(high > 0.3 for high in inside["high"])
    fine = filmed.http.get(url, params={"buckets": 4000, "start": 1.2, "end": 1.25}).json()
    assert len(fine["high"]) == 4000 and max(fine["high"]) > 0.3
    past = filmed.http.get(url, params={"buckets": 2, "start": 100, "end": 101}).json()
    assert past["high"] == [0, 0]
    tag = filmed.http.get(url, params={"buckets": 8}).headers["etag"]
    kept = filmed.http.get(url, params={"buckets": 8}, headers={"If-None-Match": tag})
    assert kept.status_code == 304
    for name in ("large.png", "mute.mp4"):
        answer = filmed.http.get(f"/api/assets/{number_of(filmed, name)}/waveform")
        assert answer.status_code == 422, name
    assert list((filmed.library / "thumbnails").glob("*/*.peaks"))


def test_a_transcript_has_times_and_is_subtitles_too(filmed):
    url = f"/api/assets/{number_of(filmed, 'clip.mp4')}/transcript"
    found = filmed.http.get(url).json()
    TranscriptAnswer.model_validate(found)
    first, second = found["lines"]
    assert (first["start"], first["end"]) == (0.5, 1.5) and second["text"] == "Bye"
    for answer in (
        filmed.http.get(url, params={"format": "vtt"}),
        filmed.http.get(url, headers={"Accept": "text/vtt"}),
    ):
        assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
        assert (
            answer.text.startswith("WEBVTT\n\n") and "00:00:00.500 --> 00:00:01.500" in answer.text
        )
    assert "<b>" not in answer.text
    assert filmed.http.get(url, params={"modality": "screen"}).json() == {"lines": []}


def test_nothing_is_read_through_a_link_that_was_put_in_its_place(start, settings, tmp_path):
    media, elsewhere = tmp_path / "media", tmp_path / "elsewhere"
    for folder, colour in ((media, "red"), (elsewhere, "blue")):
        folder.mkdir()
        make.video(folder / "clip.mp4", (colour,), hertz=300)
        make.picture(folder / "a.png", colour, (64, 48))
    for name in ("clip.mp4", "a.png"):
        content = (media / name).read_bytes()
        secret = (elsewhere / name).read_bytes()
        size = max(len(content), len(secret))
        for folder, own in ((media, content), (elsewhere, secret)):
            (folder / name).write_bytes(own.ljust(size, b"\0"))
            os.utime(folder / name, (1e9, 1e9))
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    served = start([tmp_path / "l"])
    hits = {Path(hit["path"]).name: hit for hit in served.search("kind:image,video")}
    media.rename(tmp_path / "moved")
    media.symlink_to(elsewhere)  # every path leads there, with the same sizes and dates
    clip, picture = hits["clip.mp4"], hits["a.png"]
    for url in (
        clip["media"],
        picture["media"],
        clip["thumbnail"],
        f"{picture['thumbnail']}&size=640",
        f"/api/assets/{clip['asset_id']}/strip",
        f"/api/assets/{clip['asset_id']}/waveform",
    ):
        answer = served.http.get(url)
        assert answer.status_code == 409, url
        assert answer.json()["error"]["code"] == "file_changed"
    for body in ({"asset": picture["asset_id"]}, {"moment": clip["moment_id"]}):
        assert served.http.post("/api/similar", json=body).status_code == 409


@pytest.mark.parametrize(
    ("name", "kind"), [("*clip.mp4", "video/mp4"), ("*tones.wav", "audio/wav")]
)
def test_a_part_is_saved_as_a_file_and_nothing_of_the_library_changes(filmed, name, kind):
    asset = number_of(filmed, name)
    before = sorted((each, each.stat().st_mtime_ns) for each in filmed.media.iterdir())
    part = filmed.http.get(f"/api/assets/{asset}/clip", params={"start": 1.0, "end": 2.5})
    assert part.status_code == 200 and part.headers["content-type"] == kind
    assert part.headers["content-disposition"].startswith("attachment")
    assert "1.0-2.5s" in part.headers["content-disposition"]
    with av.open(BytesIO(part.content)) as made:
        assert abs(float(made.duration) / av.time_base - 1.5) < 0.3
    assert sorted((each, each.stat().st_mtime_ns) for each in filmed.media.iterdir()) == before
    assert not list(Path(gettempdir()).glob("sensorium-clip-*"))


def test_a_frame_is_saved_in_full_size(filmed):
    asset = number_of(filmed, "*clip.mp4")
    answer = filmed.http.get(f"/api/assets/{asset}/frame", params={"at": 2.5})
    assert answer.headers["content-disposition"].startswith("attachment")
    picture = Image.open(BytesIO(answer.content))
    assert picture.size == (64, 48) and picture.getpixel((30, 20))[1] > 90  # green


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("clip?start=5.9&end=5.9", 400), ("clip?start=6.5&end=7", 400), ("frame?at=6.5", 400),
        ("clip?start=nan&end=1", 400), ("clip?start=0&end=inf", 400),
    ],
)  # fmt: skip
def test_no_part_is_outside_of_its_file(filmed, what, status):
    answer = filmed.http.get(f"/api/assets/{number_of(filmed, '*clip.mp4')}/{what}")
    assert answer.status_code == status, answer.text


def test_pictures_have_no_parts_and_sounds_no_frames(filmed):
    picture, sound = number_of(filmed, "*large.png"), number_of(filmed, "*tones.wav")
    assert filmed.http.get(f"/api/assets/{picture}/clip?start=0&end=1").status_code == 422
    assert filmed.http.get(f"/api/assets/{sound}/frame?at=0").status_code == 422
    assert filmed.http.get("/api/assets/9999/clip?start=0&end=1").status_code == 404


def test_what_is_folded_into_a_hit_is_listed_by_number(filmed):
    (hit,) = filmed.search("red", group="asset", kinds=["video"], where=["path like '*clip.mp4'"])
    assert len(hit["others"]) == hit["more"] > 0
    asked = {"number": [*hit["others"], 999_999], "library": hit["library"]}
    listed = filmed.http.get("/api/moments", params=asked).json()
    assert [each["moment_id"] for each in listed["moments"]] == hit["others"]
    assert listed["total"] == hit["more"]
    assert listed["moments"][0]["file"] == hit["file"]
    MomentList.model_validate(listed)
    assert filmed.http.get("/api/moments?number=-1").status_code == 400
    assert filmed.http.get("/api/moments?" + "number=1&" * 101).status_code == 400


def test_a_search_does_not_wait_for_pictures(start, monkeypatch):
    drawn, released = threading.Semaphore(0), threading.Event()

    def slow(*_: object, **__: object) -> bytes:
        drawn.release()
        released.wait(30)
        return b""

    busy = start(workers=1)
    address = busy.search("red")[0]["thumbnail"]
    monkeypatch.setattr(Library, "thumbnail", slow)
    with ThreadPoolExecutor(4) as browser:
        pictures = [browser.submit(httpx.get, busy.url + address, timeout=60) for _ in range(4)]
        assert drawn.acquire(timeout=30)
        assert busy.search("green")
        assert not any(picture.done() for picture in pictures)
        released.set()
        assert {picture.result().status_code for picture in pictures} == {200}
