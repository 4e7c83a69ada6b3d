"""The encoder of a library, asked over HTTP by another: ``http:URL#MODEL`` of our own server."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from engine.encoders.http.encoder import HttpEncoder
from engine.errors import EncoderUnavailable
from engine.testing.fake_encoder import DIM, FakeEncoder

TEXTS = ["a red boat", "rain"]


@pytest.mark.parametrize(
    ("route", "options", "dialect"),
    [("/v1", "", "items"), ("/v1", "@chat", "chat"), ("", "@cohere", "cohere")],
)
def test_another_sensorium_is_an_encoder(served, settings, tmp_path, route, options, dialect):
    quick = dataclasses.replace(settings, cache=tmp_path)
    found = HttpEncoder(f"http:{served.url}{route}#fake{options}", quick)
    assert (found.shared.dim, found._facts.dialect) == (DIM, dialect)
    own = FakeEncoder()
    np.testing.assert_allclose(found.embed_texts(TEXTS), own.embed_texts(TEXTS), atol=1e-5)
    images = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    rows = found.embed_images([found.prepare_image(image) for image in images])
    named = own.embed_texts(["red", "green", "blue"])
    np.testing.assert_allclose(rows.vectors[found.shared.name], named, atol=1e-5)


def test_a_model_that_it_does_not_serve_is_one_clear_line(served, settings, tmp_path):
    quick = dataclasses.replace(settings, cache=tmp_path)
    with pytest.raises(EncoderUnavailable, match="there is no model 'none'") as caught:
        HttpEncoder(f"http:{served.url}/v1#none", quick).check()
    assert "\n" not in str(caught.value)
