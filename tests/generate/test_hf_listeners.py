"""Chats that hear by transformers, of kinds that need a care of their own, on random weights."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.generate import hf_chat
from engine.generate.chat import ChatImage, ChatMedia, Message, Text
from engine.generate.hf_models import load_model
from engine.generate.speaker import Speech, of_wav
from engine.query import model_roles as registry
from tests.generate.tiny_listeners import save_flamingo, save_omni

TONE = Speech(np.sin(np.arange(16_000) / 20).astype(np.float32), 16_000)
HEARD = ChatMedia(TONE.to_wav(), "audio/wav")
SAMPLES = of_wav(TONE.to_wav()).samples


@pytest.fixture(scope="module")
def omni(tmp_path_factory):
    return save_omni(tmp_path_factory.mktemp("omni") / "model")


def expected(processor, model, prompt: str, **inputs) -> str:
    """The answer of the whole class by its own processor."""
    import torch

    asked = processor(text=[prompt], return_tensors="pt", **inputs)
    with torch.inference_mode():
        ids = model.generate(**asked, max_new_tokens=8, do_sample=False)
    new = ids[0, asked["input_ids"].shape[1] :]
    return processor.decode(new, skip_special_tokens=True).strip()


def test_audio_flamingo_is_of_the_class_that_it_was_saved_as(settings, tmp_path):
    from transformers import AudioFlamingo3ForConditionalGeneration as Flamingo
    from transformers import AudioFlamingo3Processor

    folder = save_flamingo(tmp_path / "flamingo")
    made = registry.make("vision chat", f"hf:{folder}", settings)
    assert (made.sees, made.hears_samples) == (False, True)
    reply = made.reply([Message("user", (HEARD, Text("what is it")))], seconds=60, most_tokens=8)
    processor = AudioFlamingo3Processor.from_pretrained(folder)
    theirs = Flamingo.from_pretrained(folder).eval()
    assert reply.text == expected(processor, theirs, "<sound>what is it.", audio=[SAMPLES])
    assert reply.usage.answered == 8


def test_an_omni_model_hears_sees_and_writes_without_what_speaks(omni, settings, monkeypatch):
    from transformers import Qwen3OmniMoeForConditionalGeneration as Omni
    from transformers import Qwen3OmniMoeProcessor

    loaded = []

    def load(*args, **options):
        loaded.append(load_model(*args, **options))
        return loaded[-1]

    monkeypatch.setattr(hf_chat, "load_model", load)
    made = registry.make("vision chat", f"hf:{omni}", settings)
    assert (made.sees, made.hears_samples) == (True, True)
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((32, 32)).save(stream, "JPEG")
    seen = ChatImage(stream.getvalue())
    asked = Message("user", (seen, HEARD, Text("what is it")))
    reply = made.reply([asked], seconds=60, most_tokens=8)
    processor = Qwen3OmniMoeProcessor.from_pretrained(omni)
    theirs = Omni.from_pretrained(omni).eval()
    assert theirs.has_talker
    assert [whole.has_talker for _, whole in loaded] == [False]
    prompt = "<see><image></see><hear><audio></hear>what is it."
    image = Image.open(io.BytesIO(seen.jpeg)).convert("RGB")
    text = expected(processor, theirs.thinker, prompt, images=[image], audio=[SAMPLES])
    assert (reply.text, reply.usage.answered) == (text, 8)
    assert type(made._loaded[1]).__name__ == "Qwen3OmniMoeThinkerForConditionalGeneration"
    deaf = made.reply([Message("user", (seen, Text("what is it")))], seconds=60, most_tokens=8)
    assert deaf.text != reply.text
