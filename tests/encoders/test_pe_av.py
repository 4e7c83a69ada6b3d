"""PE-AV against transformers' own forward pass, and what is found in its spaces."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.encoders import registry
from engine.encoders.pe_av.frames import SoundFrames, spans_of
from engine.encoders.pe_av.names import PeAvName, parse
from engine.errors import EncoderUnavailable
from engine.types import Modality
from tests import media_files as make
from tests.pe_av import DIM, write_pe_av, write_pe_frames

pytestmark = pytest.mark.usefixtures("few_phrases")

RATE = 48_000
TEXTS = ["a dog", "rain on a tin roof"]
PICTURES = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]


def sound(seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(RATE)
    return (0.1 * drawn).astype(np.float32)


SOUNDS = [sound(0), sound(1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_pe_av(tmp_path_factory.mktemp("pe-av"))


@pytest.fixture(scope="module")
def spaces(folder, settings):
    return {
        target: registry.towers(f"pe-av:{folder}@{target}", settings)
        for target in ("sound", "video", "joint")
    }


@pytest.fixture(scope="module")
def theirs(folder):
    """The whole model's forward pass over texts, sounds and videos."""
    import torch
    from transformers import AutoTokenizer, PeAudioFeatureExtractor, PeAudioVideoModel
    from transformers.models.pe_video.video_processing_pe_video import PeVideoVideoProcessor

    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    heard = PeAudioFeatureExtractor.from_pretrained(folder)(
        SOUNDS, sampling_rate=RATE, return_tensors="pt"
    )
    seen = PeVideoVideoProcessor.from_pretrained(folder)(
        [[np.asarray(picture)] for picture in PICTURES], return_tensors="pt"
    )
    model = PeAudioVideoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return model(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], **heard, **seen
        )


def near(ours, reference) -> bool:
    reference = reference.numpy()
    cosines = (ours * reference).sum(1) / np.linalg.norm(reference, axis=1)
    apart = not np.allclose(reference[0], reference[1], atol=1e-3)
    return apart and bool(cosines.min() >= 0.999)


@pytest.mark.parametrize(
    ("target", "output"),
    [
        ("sound", "text_audio_embeds"),
        ("video", "text_video_embeds"),
        ("joint", "text_audio_video_embeds"),
    ],
)
def test_a_texts_vector_depends_on_what_is_sought(spaces, theirs, target, output):
    ours = spaces[target].encoder.embed_texts(TEXTS)
    assert near(ours, theirs[output])
    assert ours.shape == (2, DIM)
    others = [spaces[t].encoder.embed_texts(TEXTS) for t in spaces if t != target]
    assert all(np.abs(ours - other).max() > 1e-2 for other in others)


def test_sounds_lie_where_transformers_puts_them(spaces, theirs):
    bridge = spaces["sound"].sound
    assert near(bridge.listen([bridge.prepare(s) for s in SOUNDS]).features, theirs["audio_embeds"])


def test_a_windows_vector_does_not_depend_on_those_beside_it(spaces):
    bridge = spaces["sound"].sound
    short = SOUNDS[1][:20_000]
    together = bridge.listen([SOUNDS[0], short]).features
    np.testing.assert_allclose(together[1], bridge.listen([short]).features[0], atol=1e-5)


def test_videos_lie_where_transformers_puts_them(spaces, theirs):
    towers = spaces["video"]
    sent = towers.submit_pictures([towers.prepare_picture(picture) for picture in PICTURES])
    assert near(sent.result().vectors[towers.shared.name], theirs["video_embeds"])


def test_pairs_of_sound_and_video_lie_where_transformers_puts_them(spaces, theirs):
    towers = spaces["joint"]
    assert towers.shot_rates == (RATE,)
    shots = [
        towers.prepare_shot(picture, {RATE: samples}, "")
        for picture, samples in zip(PICTURES, SOUNDS, strict=True)
    ]
    rows = towers.submit_pictures(shots).result().vectors[towers.shared.name]
    assert near(rows, theirs["audio_video_embeds"])


def test_each_space_holds_what_is_sought_in_it(spaces):
    assert spaces["sound"].modalities == {Modality.SOUND}
    assert spaces["video"].modalities == {Modality.IMAGE, Modality.KEYFRAME}
    assert spaces["joint"].modalities == {Modality.KEYFRAME}
    assert len({towers.shared.revision for towers in spaces.values()}) == 3


def test_its_spaces_are_filled_and_asked_beside_another(folder, settings, tmp_path):
    quick = dataclasses.replace(settings, speech=False, ocr=False)
    media = tmp_path / "media"
    make.picture(media / "red.png")
    make.sound(media / "deep.wav", (200, 2.0))
    make.video(media / "hum.mp4", ["red", "blue"], hertz=500)
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=quick) as made:
        made.index([media])
        counts = {
            target: made.spaces.add(f"pe-av:{folder}@{target}") for target in ("sound", "video")
        }
        joint = made.spaces.add(f"pe-av:{folder}@joint")
        assert not [f for filled in (*counts.values(), joint) for f in filled.failures]
        assert (counts["sound"].moments, counts["video"].moments, joint.moments) == (2, 3, 2)
        asked = {(b.space, b.modality) for b in made.search("a deep hum").plan.branches}
        name = f"pe-av:{folder}"
        assert (name, Modality.SOUND) in asked
        assert {(f"{name}@video", Modality.IMAGE), (f"{name}@joint", Modality.KEYFRAME)} <= asked


# --- when a sound is heard


def test_frames_are_as_transformers_has_them(settings, tmp_path):
    import torch
    from transformers import AutoTokenizer, PeAudioFeatureExtractor, PeAudioFrameLevelModel

    folder = write_pe_frames(tmp_path)
    frames = SoundFrames(f"pe-av:{folder}", settings)
    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS[:1], return_tensors="pt")
    heard = PeAudioFeatureExtractor.from_pretrained(folder)(
        SOUNDS[:1], sampling_rate=RATE, return_tensors="pt"
    )
    model = PeAudioFrameLevelModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        model.text_audio_logit_scale.fill_(0.5)
        model.text_audio_logit_bias.fill_(0.25)
        expected = model(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], **heard
        ).logits_audio_text[0, 0]
        frames._loaded.model.text_audio_logit_scale.fill_(0.5)
        frames._loaded.model.text_audio_logit_bias.fill_(0.25)
    odds = frames.log_odds(TEXTS[0], SOUNDS[0])
    np.testing.assert_allclose(odds, expected.numpy(), atol=1e-3)
    assert (len(odds), frames.frame_seconds) == (25, 0.04)
    for span in frames.when(TEXTS[0], SOUNDS[0]):
        assert 0 <= span.start < span.end <= 1.0


def test_spans_are_finer_than_windows_and_short_gaps_do_not_end_them():
    odds = np.full(100, -3.0)
    odds[10:20] = 2.0
    odds[22:25] = 4.0
    odds[70:80] = 1.0
    spans = spans_of(odds, 0.04)
    assert [(round(s.start, 2), round(s.end, 2), s.log_odds) for s in spans] == [
        (0.4, 1.0, 4.0), (2.8, 3.2, 1.0),
    ]  # fmt: skip


# --- names and faults


def test_names_say_model_and_what_is_sought(tmp_path):
    assert parse("pe-av:facebook/pe-av-small") == PeAvName("facebook/pe-av-small")
    assert parse("pe-av:a/b@video") == PeAvName("a/b", "video")
    assert parse("pe-av:a/b@sound").name == "pe-av:a/b"
    for name in ("pe-av:", "pe-av:a/b@look", "pe-av:@video"):
        with pytest.raises(EncoderUnavailable, match="names no space of PE-AV"):
            parse(name)


def test_another_model_is_one_clear_line(settings, tmp_path):
    folder = write_pe_frames(tmp_path)
    with pytest.raises(EncoderUnavailable, match=r"cannot be loaded.*pe_audio, and not") as caught:
        registry.towers(f"pe-av:{folder}", settings).check()
    assert "\n" not in str(caught.value)
