"""An encoder, or a reranker that sees, is used once, and said to be fast."""

from __future__ import annotations

import re

import pytest

from engine.encoders.recommended import MODELS, recommended
from engine.encoders.registry import normalised
from engine.errors import EncoderUnavailable
from engine.model_trial import try_model
from tests.st_models import write_clip, write_cross_encoder, write_omni

pytestmark = pytest.mark.slow


def tried(name: str, settings) -> str:
    """What was said of a model, with its times left out."""
    found = try_model(name, settings=settings)
    assert found.loading > 0
    return re.sub(r"\d+ ms", "N ms", found.answer)


def test_an_encoder_embeds_one_of_each_kind_that_it_takes(tmp_path, settings):
    answer = tried(f"st:{write_omni(tmp_path)}", settings)
    assert answer == "a vector of 24 numbers; one text N ms, one image N ms, one sound N ms"


def test_what_a_model_does_not_take_is_left_out(tmp_path, settings):
    answer = tried(f"st:{write_clip(tmp_path)}@8", settings)
    assert answer == "a vector of 8 numbers; one text N ms, one image N ms"


def test_a_reranker_that_sees_judges_once(tmp_path, settings):
    assert tried(f"vl:{write_cross_encoder(tmp_path)}", settings) == "one image N ms, one text N ms"


def test_a_model_that_is_not_there_is_one_clear_line(settings):
    with pytest.raises(EncoderUnavailable) as caught:
        try_model("st:nobody/nothing-18", settings=settings)
    assert "\n" not in str(caught.value)


def test_those_that_are_recommended_have_names_that_encoders_take(settings):
    assert [normalised(model.name) for model in MODELS] == [model.name for model in MODELS]
    offered = list(recommended())
    assert all(model.licence and model.dim and model.parameters for model in offered)
