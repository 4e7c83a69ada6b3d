"""What the benchmarks of speed are made of: their material, and their arithmetic."""

from __future__ import annotations

import sys
from itertools import islice, pairwise, starmap
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from benchmarks.draw_pipeline import svg
from benchmarks.encoders import likeness
from benchmarks.growth import _changed, slope
from benchmarks.peers.__main__ import _best, _rows
from benchmarks.peers.environments import Peer, Unavailable, _run, last_line
from benchmarks.photos import mixed_photos
from benchmarks.video import _frames, _scene
from tests import media_files as make


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two measuring pictures."""
    folder = tmp_path / "data" / "images"
    for name in ("a.jpg", "b.jpg"):
        make.picture(folder / name, size=(400, 300))
    (folder / "labels.csv").write_text("file,wnid,label\na.jpg,n1,a\nb.jpg,n2,b\n")
    return tmp_path / "data"


def test_photos_have_their_sizes_and_are_always_the_same(data, tmp_path):
    first = mixed_photos(data, tmp_path / "one", 12, largest=2e6)
    again = mixed_photos(data, tmp_path / "two", 12, largest=2e6)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    assert len({file.read_bytes() for file in first}) == 12
    areas = []
    for file in first:
        with Image.open(file) as image:
            areas.append(image.width * image.height)
    assert min(areas) > 0.48e6 and max(areas) < 2.02e6 and max(areas) > 2 * min(areas)
    stamp = first[0].stat().st_mtime_ns
    mixed_photos(data, tmp_path / "one", 12, largest=2e6)
    assert first[0].stat().st_mtime_ns == stamp  # made once


def test_copies_that_grow_a_library_have_pixels_of_their_own():
    pixels = np.full((40, 60, 3), 100, np.uint8)
    made_of_one = {_changed(pixels, number).tobytes() for number in range(50)}
    assert len(made_of_one) == 50
    assert _changed(pixels, 3).tobytes() == _changed(pixels, 3).tobytes()


def test_slope_is_the_exponent():
    counts = [10, 100, 1000]
    assert slope(counts, [3 * n**1.5 for n in counts]) == pytest.approx(1.5)


def test_likeness_tells_good_vectors_from_bad():
    eager = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32) + 5
    eager /= np.linalg.norm(eager, axis=1, keepdims=True)
    assert likeness(eager, eager) == (pytest.approx(1.0, abs=1e-6), 1.0)
    cosine, recall = likeness(np.roll(eager, 1, axis=0), eager)
    assert cosine < 0.999 and recall == 0


def test_the_video_moves_and_has_cuts():
    frames = list(islice(_frames(1000), 5))
    assert frames[0].shape == (1620, 1920) and frames[0].min() >= 4  # nothing wrapped
    assert min(starmap(_luma_apart, pairwise(frames))) > 1  # grain, and things that move
    rng = np.random.default_rng(1)
    assert _luma_apart(*(next(_scene(rng, 100)) for _ in range(2))) > 20


def _luma_apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one[:1080] - other[:1080].astype(np.int16)).mean())


def test_a_peer_that_cannot_be_installed_is_a_row(tmp_path):
    with pytest.raises(Unavailable, match="not installed: pip says no such package"):
        _run([sys.executable, "-c", "raise SystemExit('no such package')"], "pip")
    done = tmp_path / "peers" / "one" / "installed.txt"
    done.parent.mkdir(parents=True)
    done.write_text("one\ntwo")
    assert Peer("one", ("one", "two")).python(tmp_path) == done.parent / "bin" / "python"
    body = _rows({"Sensorium": 2.0, "rclip": 3.0}, {"rclip": "3"}, {"clip-retrieval": "no"}, 10)
    told = {row[0]: row for row in body}
    assert told["clip-retrieval"][1] == "no"
    assert told["fp32 against rclip"][-1].reached and told["fp32 against rclip"][3] == "1.50x"
    assert not told["fp32 against clip-retrieval"][-1].reached
    assert not told["int8 against rclip"][-1].reached


def test_the_fastest_backend_of_its_kind():
    seconds = {"Sensorium, torch": 3.0, "Sensorium, onnx": 2.0, "Sensorium, onnx-int8": 1.0}
    assert _best(seconds, "fp32") == "Sensorium, onnx"
    assert _best(seconds, "int8") == "Sensorium, onnx-int8"
    assert _best({"rclip": 1.0}, "fp32") is None


def test_last_lines_fit_into_a_table():
    assert last_line("one\nErr | or\n\n") == "Err / or"
    assert last_line("") == "nothing"


def test_the_picture_is_drawn_to_scale():
    taken = {"decode": 1.0, "prepare": 1.0, "encode": 2.0, "index": 8.0}
    drawn = svg({"pictures": 100, "encoders": {"a<b": taken}})
    tree = ElementTree.fromstring(drawn)
    rects = [float(e.get("width", 0)) for e in tree if e.tag.endswith("rect")][-4:]
    assert rects[3] == pytest.approx(2 * sum(rects[:3]), abs=0.5)
    texts = [e.text for e in tree if e.tag.endswith("text")]
    assert "a<b" in texts and texts[-2:] == ["40.0 ms", "80.0 ms"]
