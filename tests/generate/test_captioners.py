"""Captions: by what is known, by BLIP with random weights, and by a server's chat."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from engine.errors import ChatFailed, UsageError
from engine.generate.captioner import CaptionStyle, Scene, TemplateCaptioner, tags_of, tidy
from engine.query import model_roles as registry
from engine.testing import chat_server as does
from engine.testing.chat_server import serving
from tests.generate.tiny_models import save_blip

SCENE = Scene(
    "image", ("a dog", "a beach", "the sea"), "EXIT", "", "2021-05-04T10:00:00",
)  # fmt: skip


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((32, 24)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("scene", "style", "expected"),
    [
        (SCENE, "sentence",
         "A picture of a dog, a beach and the sea with the text \u201cEXIT\u201d from May 2021."),
        (SCENE, "alt-text",
         "A picture of a dog, a beach and the sea with the text \u201cEXIT\u201d."),
        (SCENE, "tags", "dog, beach, sea"),
        (Scene("audio", ("speech", "rain"), "", "hello you"), "sentence",
         "A sound with rain in which is said \u201chello you\u201d."),
        (Scene("audio", ("dog", "speech", "a dog")), "sentence", "A sound with a dog and speech."),
        (Scene("video", taken_at="2020-13-01"), "sentence", ""),
        (Scene("image"), "tags", ""),
    ],
    ids=["sentence", "alt", "tags", "sound", "once", "nothing", "no-tags"],
)  # fmt: skip
def test_the_template_says_what_is_known_and_no_more(scene, style, expected):
    made = TemplateCaptioner().caption(scene, CaptionStyle(style), seconds=1)
    assert made == expected


def test_blip_is_the_reference_call(settings, tmp_path):
    import torch
    from transformers import BlipForConditionalGeneration, BlipProcessor

    folder = save_blip(tmp_path / "blip")
    made = registry.make("captioner", f"hf:{folder}", settings)
    scene = Scene("image", pictures=lambda: [jpeg()])
    caption = made.caption(scene, CaptionStyle.SENTENCE, seconds=60)
    processor = BlipProcessor.from_pretrained(folder)
    model = BlipForConditionalGeneration.from_pretrained(folder).eval()
    image = Image.open(io.BytesIO(jpeg())).convert("RGB")
    with torch.inference_mode():
        ids = model.generate(
            **processor(images=image, return_tensors="pt"), max_new_tokens=60, do_sample=False
        )
    assert caption == processor.batch_decode(ids, skip_special_tokens=True)[0].strip()
    assert caption
    assert made.revision.startswith(f"hf:{folder}, transformers ")
    with pytest.raises(ChatFailed, match="no picture"):
        made.caption(Scene("audio"), CaptionStyle.SENTENCE, seconds=60)


@pytest.fixture
def served(settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with serving(does.says(json.dumps({"caption": '"A dog\n on a beach."'}))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server, registry.make("captioner", "openai:sees-1", settings)


def test_a_server_is_shown_the_pictures(served):
    server, made = served
    scene = Scene("image", pictures=lambda: [jpeg()])
    assert made.caption(scene, CaptionStyle.ALT_TEXT, seconds=600) == "A dog on a beach."
    parts = server.bodies[0]["messages"][1]["content"]
    assert "120 characters" in parts[0]["text"]
    assert base64.b64decode(parts[1]["image_url"]["url"].partition(",")[2]) == jpeg()
    assert server.bodies[0]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [("", "no caption"), ("{}", "has no caption"), ('{"caption": "..."}', "no caption")],
)
def test_what_is_no_caption_is_refused(served, answer, problem):
    server, made = served
    server.behaviours[:] = [does.says(answer)]
    with pytest.raises(ChatFailed, match=problem):
        made.caption(Scene("image", pictures=lambda: [jpeg()]), CaptionStyle.TAGS, seconds=600)


def test_captions_are_one_line_and_tags_are_words():
    assert tidy("  a\tb\x00c \n", CaptionStyle.SENTENCE) == "a b c"
    assert tags_of("Dog; beach,dog\n- the Sea., " + "x" * 50) == ["dog", "beach", "the sea"]


def test_there_is_no_other_captioner(settings):
    with pytest.raises(UsageError, match=r"no captioner is called 'blip'; there is template, hf:"):
        registry.make("captioner", "blip", settings)
