"""Chats that see by transformers, on random weights, held to the library's own call."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.common.progress import CancelToken
from engine.errors import Cancelled, ChatFailed
from engine.generate.chat import ChatImage, ChatMedia, Message, Text
from engine.generate.speaker import Speech, of_wav
from engine.query import model_roles as registry
from tests.generate.tiny_models import save_audio_chat, save_vision_chat


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_vision_chat(tmp_path_factory.mktemp("llava") / "model")


@pytest.fixture(scope="module")
def look():
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((32, 24)).save(stream, "JPEG")
    return [Message("user", (Text("what is it"), ChatImage(stream.getvalue())))]


def test_an_answer_is_that_of_the_reference_call(folder, look, settings):
    import torch
    from transformers import LlavaForConditionalGeneration, LlavaProcessor

    reply = registry.make("vision chat", f"hf:{folder}", settings).reply(
        look, seconds=60, most_tokens=12
    )
    processor = LlavaProcessor.from_pretrained(folder)
    model = LlavaForConditionalGeneration.from_pretrained(folder).eval()
    image = Image.open(io.BytesIO(look[0].parts[1].jpeg)).convert("RGB")
    inputs = processor(images=image, text="what is it<image>.", return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=12, do_sample=False)
    new = ids[0, inputs["input_ids"].shape[1] :]
    assert reply.text == processor.decode(new, skip_special_tokens=True).strip()
    assert reply.usage.answered == len(new) == 12
    assert reply.usage.asked == inputs["input_ids"].shape[1]


def test_time_and_other_threads_end_it(folder, look, settings):
    made = registry.make("vision chat", f"hf:{folder}", settings)
    made.reply(look, seconds=60, most_tokens=1)
    with pytest.raises(ChatFailed, match="did not answer within 0 s"):
        made.reply(look, seconds=0)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        made.reply(look, seconds=60, cancel=cancel)
    with pytest.raises(ChatFailed, match="not asked about video/mp4"):
        made.reply([Message("user", (ChatMedia(b"", "video/mp4"),))], seconds=60)
    assert (made.sees, made.hears_samples) == (True, False)


def test_a_sound_is_heard_as_by_the_reference_call(settings, tmp_path):
    import torch
    from transformers import Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor

    folder = save_audio_chat(tmp_path / "audio")
    made = registry.make("vision chat", f"hf:{folder}", settings)
    assert (made.sees, made.hears_samples) == (False, True)
    tone = Speech(np.sin(np.arange(16_000) / 20).astype(np.float32), 16_000)
    heard = of_wav(tone.to_wav()).samples
    asked = Message("user", (ChatMedia(tone.to_wav(), "audio/wav"), Text("what is it")))
    reply = made.reply([asked], seconds=60, most_tokens=8)
    processor = Qwen2AudioProcessor.from_pretrained(folder)
    model = Qwen2AudioForConditionalGeneration.from_pretrained(folder).eval()
    prompt = "<|audio_bos|><|AUDIO|><|audio_eos|>what is it."
    inputs = processor(text=prompt, audio=[heard], sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=8, do_sample=False)
    new = ids[0, inputs["input_ids"].shape[1] :]
    assert reply.text == processor.decode(new, skip_special_tokens=True).strip()
    slow = Speech(tone.samples, 8_000).to_wav()
    with pytest.raises(ChatFailed, match="hears sound at 16000 Hz"):
        made.reply([Message("user", (ChatMedia(slow, "audio/wav"),))], seconds=60)
