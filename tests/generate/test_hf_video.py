"""Chats that watch by transformers, on random weights, held to the library's own call."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.generate.chat import ChatImage, Message, Text
from engine.query import model_roles as registry
from tests.generate.tiny_models import save_video_llama, save_video_llava

TIMES = (0.0, 2.5, 11.0, 60.2)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    return {
        "video_llava": save_video_llava(root / "llava"),
        "video_llama_3": save_video_llama(root / "llama"),
    }


def frames(times=TIMES) -> list[ChatImage]:
    found = []
    for place, time in enumerate(times):
        stream = io.BytesIO()
        Image.linear_gradient("L").rotate(90 * place).convert("RGB").resize((32, 24)).save(
            stream, "JPEG"
        )
        found.append(ChatImage(stream.getvalue(), time))
    return found


def pixels(shown: list[ChatImage]) -> list[np.ndarray]:
    return [np.asarray(Image.open(io.BytesIO(part.jpeg)).convert("RGB")) for part in shown]


def reference(folder, text: str, **shown) -> str:
    """The answer of the whole class by its own processor."""
    import torch
    from transformers import AutoModelForMultimodalLM, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForMultimodalLM.from_pretrained(folder).eval()
    inputs = processor(text=[text], return_tensors="pt", **shown)
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=12, do_sample=False)
    return processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def asked(folder, settings, parts):
    made = registry.make("vision chat", f"hf:{folder}", settings)
    assert made.sees
    return made.reply([Message("user", tuple(parts))], seconds=120, most_tokens=12)


def test_frames_are_one_video_as_video_llava_was_trained(folders, settings):
    folder, shown = folders["video_llava"], frames()
    reply = asked(folder, settings, [Text("what is it"), *shown])
    expected = reference(folder, "what is it<video>.", videos=[np.stack(pixels(shown))])
    assert reply.text == expected.strip()
    assert reply.usage.asked == len("what is it.") + 4 * 5  # a frame is four patches and a mark


def test_videollama_is_told_the_time_of_each_frame(folders, settings):
    from transformers.video_utils import VideoMetadata

    folder, shown = folders["video_llama_3"], frames()
    reply = asked(folder, settings, [Text("what is it"), *shown])
    metadata = VideoMetadata(603, fps=10.0, frames_indices=[0, 25, 110, 602])
    expected = reference(
        folder, "what is it<|video_pad|>.", videos=[pixels(shown)], video_metadata=[metadata]
    )
    assert reply.text == expected.strip()
    # Two frames as far apart as others are other words, since their times are.
    early, late = (asked(folder, settings, frames(times)).usage.asked for times in
                   ((0.0, 1.0), (0.0, 1000.0)))  # fmt: skip
    assert late == early + len("1000.0") - len("1.0")


def test_a_picture_is_a_picture(folders, settings):
    (still,) = frames([0.0])
    still = ChatImage(still.jpeg)
    folder = folders["video_llava"]
    reply = asked(folder, settings, [Text("what is it"), still])
    expected = reference(folder, "what is it<image>.", images=[pixels([still])[0]])
    assert reply.text == expected.strip()
