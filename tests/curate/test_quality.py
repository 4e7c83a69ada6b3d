"""Every fault is found where it was put, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from engine.curate.quality import pictures, sounds, videos
from engine.curate.quality.check import check_all, findings
from engine.curate.quality.verdicts import NAMES, faults, limits
from engine.errors import MediaError, UsageError
from engine.media.video import read_samples
from tests import media_files as make
from tests import waves

pytestmark = pytest.mark.slow


def scene(seed: int = 0) -> Image.Image:
    """Something like a photograph: rough at every scale, all levels, a little grain."""
    rng = np.random.default_rng(seed)
    whole = np.zeros((400, 500))
    for size in (4, 16, 64, 400):
        rough = Image.fromarray(rng.uniform(0, 255, (size, size)).astype(np.float32))
        whole += np.asarray(rough.resize((500, 400), Image.Resampling.BICUBIC)) / 2
    grey = np.clip(255 * (whole - whole.min()) / np.ptp(whole), 0, 255)
    shades = np.stack([grey, grey * 0.9, np.sqrt(grey * 255)], axis=2)
    return Image.fromarray(shades.astype(np.uint8))


def verdicts(measured: dict[str, float]) -> set[str]:
    return {fault.verdict for fault in faults(measured, limits({}))}


def test_a_good_picture_has_no_fault(settings, tmp_path):
    scene().save(tmp_path / "a.png")
    assert verdicts(pictures.measure(tmp_path / "a.png", settings)) == set()


@pytest.mark.parametrize(
    ("verdict", "change"),
    [
        ("blurred", lambda image: image.filter(ImageFilter.GaussianBlur(4))),
        ("dark", lambda image: image.point(lambda level: level * 0.25)),
        ("bright", lambda image: image.point(lambda level: 255 - (255 - level) * 0.06)),
        ("flat", lambda image: image.point(lambda level: 120 + level * 0.1)),
        ("banded", lambda image: image.point(lambda level: level // 24 * 24)),
        ("tiny", lambda image: image.resize((90, 70))),
        ("elongated", lambda image: image.resize((1200, 300))),
    ],
)
def test_a_fault_is_found(settings, tmp_path, verdict, change):
    change(scene()).save(tmp_path / "a.png")
    found = verdicts(pictures.measure(tmp_path / "a.png", settings))
    assert verdict in found
    assert found <= {verdict, "flat"}  # what is dark or bright throughout has little contrast


def test_a_vivid_colour_is_neither_dark_nor_flat():
    """The eye's weights give the strongest blue a tenth of the light of white."""
    grey = np.asarray(scene().convert("L"))
    for channel in range(3):
        vivid = np.zeros((*grey.shape, 3), np.uint8)
        vivid[..., channel] = 100 + grey * 0.6
        assert not {"dark", "flat"} & verdicts(pictures.of_pixels(Image.fromarray(vivid)))


def test_blur_grows_with_blurring_and_not_with_size():
    grey = scene().convert("L")
    values = [
        pictures.blur(np.asarray(grey.filter(ImageFilter.GaussianBlur(r)), np.float32))
        for r in (0, 1, 2, 4)
    ]
    assert values == sorted(values) and values[3] > values[0] + 0.3
    assert pictures.blur(np.full((50, 50), 7, np.float32)) is None
    assert pictures.blur(np.zeros((5, 50), np.float32)) is None


def test_a_drawing_of_a_few_colours_is_not_banded():
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[50:100, 50:100], pixels[120:, :80] = (200, 30, 30), (255, 255, 255)
    assert pictures.banding(pixels) is None


def test_what_is_cut_out_and_put_on_white_is_not_banded():
    """White is in phase with any comb, and most of such a picture."""
    cut_out = np.full((400, 500, 3), 255, np.uint8)
    cut_out[150:280, 150:330] = np.asarray(scene())[150:280, 150:330]
    assert pictures.banding(cut_out) < limits({})["banded"]
    stepped = np.where(cut_out < 255, cut_out // 24 * 24, cut_out)
    assert pictures.banding(stepped.astype(np.uint8)) > limits({})["banded"]


def test_a_turned_picture_is_measured_as_it_is_seen(settings, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    scene().resize((300, 100)).save(tmp_path / "a.jpg", exif=exif)
    measured = pictures.measure(tmp_path / "a.jpg", settings)
    assert (measured["tiny"], measured["elongated"]) == (100, pytest.approx(1 / 3))


# --- sounds ---------------------------------------------------------------------------


def heard(settings, tmp_path: Path, samples: np.ndarray) -> set[str]:
    return verdicts(sounds.measure(waves.write(tmp_path / "a.wav", samples), settings))


def test_sounds(settings, tmp_path):
    voice = waves.tone(220, 3, partials=8)
    assert heard(settings, tmp_path, voice) == set()
    assert heard(settings, tmp_path, np.clip(voice * 4, -0.7, 0.7)) == {"clipped"}
    assert heard(settings, tmp_path, np.zeros(3 * waves.RATE)) == {"silent"}
    assert heard(settings, tmp_path, waves.noise(3)) == {"noisy"}
    assert heard(settings, tmp_path, voice + waves.noise(3) * 0.1) == set()


@pytest.mark.parametrize("hertz", [20, 200, 5000])
def test_a_loud_sine_is_not_clipped(settings, tmp_path, hertz):
    file = waves.write(tmp_path / "a.wav", waves.tone(hertz, 2))
    assert sounds.measure(file, settings)["clipped"] == 0


# --- videos ---------------------------------------------------------------------------


def test_videos(settings, tmp_path):
    moving = make.video(tmp_path / "a.mp4", ["red", "green", "blue", "white"], seconds=1)
    assert verdicts(videos.measure(moving, settings)) == set()
    frozen = make.video(tmp_path / "b.mp4", ["red"], seconds=4)
    assert verdicts(videos.measure(frozen, settings)) == {"frozen"}
    black = make.video(tmp_path / "c.mp4", ["black"], seconds=4)
    assert verdicts(videos.measure(black, settings)) == {"black", "frozen"}
    half = make.video(tmp_path / "d.mp4", ["black", "white"], seconds=2)
    assert videos.measure(half, settings)["black"] == pytest.approx(0.5, abs=0.2)


def test_samples_rise_in_time(settings, tmp_path):
    file = make.video(tmp_path / "a.mp4", ["red", "green", "blue"], seconds=2)
    times = [time for time, _ in read_samples(file, settings, 16)]
    assert times == sorted(times) and times[0] == 0 and times[-1] > 3
    with pytest.raises(MediaError):
        list(read_samples(make.sound(tmp_path / "a.wav", (200, 1.0)), settings, 16))


# --- many files -----------------------------------------------------------------------


def test_a_bad_file_costs_a_line_and_the_others_are_checked(library, media, settings):
    scene().save(media / "good.png")
    library.index([media])
    (media / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (media / "2.png").unlink()
    checked = list(check_all(library.store.assets(), settings, limits({})))
    assert [one.asset.path for one in checked] == [a.path for a in library.store.assets()]
    failures = [one.failure for one in checked if one.failure]
    assert len(failures) == 2 and all("\n" not in line for line in failures)
    assert any(line.startswith(str(media / "1.png")) for line in failures)
    by_path = {one.asset.path: one for one in checked}
    assert by_path[str(media / "good.png")].faults == ()
    small = by_path[str(media / "0.png")]
    said = list(findings(library.store, small))
    assert {one.verdict for one in said} >= {"tiny"}
    tiny = next(one for one in said if one.verdict == "tiny")
    assert (tiny.score, tiny.moment_id is None) == (30, False)
    assert "30, and at least 100" in tiny.why


def test_limits_can_be_moved():
    assert limits({"tiny": 10})["tiny"] == 10 and set(limits({})) == set(NAMES)
    assert not list(faults({"tiny": 30}, limits({"tiny": 10})))
    with pytest.raises(UsageError, match="no verdict called 'big'"):
        limits({"big": 1})


def slide(dark: bool) -> Image.Image:
    back, ink = ((20, 22, 30), (235, 235, 235)) if dark else ((255, 255, 255), (30, 30, 40))
    drawn = Image.new("RGB", (960, 540), back)
    pen = ImageDraw.Draw(drawn)
    for line in range(8):
        pen.text((60, 40 + 55 * line), "what the speaker says of this point", ink, font_size=34)
    return drawn


def logo() -> Image.Image:
    drawn = Image.new("RGB", (900, 180), (255, 255, 255))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((20, 20, 160, 160), (200, 40, 40))
    pen.text((200, 40), "Sensorium", (40, 40, 120), font_size=90)
    return drawn


@pytest.mark.parametrize(
    ("drawn", "name"),
    [(slide(False), "a.png"), (slide(True), "a.png"), (slide(False), "a.jpg"), (logo(), "a.png"),
     (logo().resize((300, 60)), "a.png")],
    ids=["slide", "dark slide", "slide as JPEG", "logo", "small logo"],
)  # fmt: skip
def test_slides_screenshots_and_logos_are_no_faults(tmp_path, settings, drawn, name):
    drawn.save(tmp_path / name)
    assert verdicts(pictures.measure(tmp_path / name, settings)) == set()


def test_a_limit_that_is_named_holds_for_drawings_too(tmp_path, settings):
    logo().save(tmp_path / "a.png")
    measured = pictures.measure(tmp_path / "a.png", settings)
    found = {fault.verdict for fault in faults(measured, limits({"elongated": 0.5}))}
    assert found == {"elongated"}


@pytest.mark.parametrize("spoilt", ["dark", "bright", "flat"])
def test_a_spoilt_photograph_is_no_drawing(spoilt):
    pixels = np.asarray(scene(), np.float32)
    change = {"dark": lambda x: x * 0.15, "bright": lambda x: 235 + x * 0.07,
              "flat": lambda x: 110 + x * 0.12}[spoilt]  # fmt: skip
    assert not pictures.is_drawing(change(pixels).astype(np.uint8))
