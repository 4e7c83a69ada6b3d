"""BLIP-2's captions and SpeechT5's transcripts, on random weights, held to the library's call."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from engine.generate.captioner import CaptionStyle, Scene
from engine.query import model_roles as registry
from engine.query import transcribers
from tests.generate.tiny_writers import save_blip2, save_speecht5_listener


def test_blip_2_is_the_reference_call(settings, tmp_path):
    import torch
    from transformers import Blip2ForConditionalGeneration, Blip2Processor

    folder = save_blip2(tmp_path / "blip2")
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((32, 24)).save(stream, "JPEG")
    made = registry.make("captioner", f"hf:{folder}", settings)
    scene = Scene("image", pictures=lambda: [stream.getvalue()])
    caption = made.caption(scene, CaptionStyle.SENTENCE, seconds=60)
    processor = Blip2Processor.from_pretrained(folder)
    model = Blip2ForConditionalGeneration.from_pretrained(folder).eval()
    inputs = processor(images=Image.open(stream).convert("RGB"), return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=60, do_sample=False)
    expected = processor.batch_decode(ids, skip_special_tokens=True)[0]
    assert caption == " ".join(expected.split())
    assert caption


def test_speecht5_is_the_reference_call(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(transcribers, "_MOST_TOKENS", 12)
    import torch
    from transformers import SpeechT5ForSpeechToText, SpeechT5Processor

    folder = save_speecht5_listener(tmp_path / "listener")
    sound = np.sin(np.arange(8_000) / 20).astype(np.float32)
    made = registry.make("transcriber", f"hf:{folder}", settings)
    (sentence,) = made.transcribe(sound)
    processor = SpeechT5Processor.from_pretrained(folder)
    model = SpeechT5ForSpeechToText.from_pretrained(folder).eval()
    inputs = processor(audio=sound, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=12)
    assert sentence.text == processor.batch_decode(ids, skip_special_tokens=True)[0].strip()
    assert sentence.end == 0.5
