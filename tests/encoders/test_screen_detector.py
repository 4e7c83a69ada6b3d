"""The detector in 8 bits sees what the one that was shipped sees, and is made once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.encoders import screen_detector
from engine.encoders.screen import RapidScreen
from engine.encoders.screen_detector import as_input, quantised_detector
from engine.encoders.weight_files import PADDLE_OCR
from engine.errors import EncoderUnavailable

pytest.importorskip("rapidocr")


def seen(model, image):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: as_input(image)})[0].ravel()


def test_it_sees_the_same_lines(settings):
    page = Image.new("RGB", (480, 320), "#ddeecc")
    pen = ImageDraw.Draw(page)
    for row, height in enumerate((14, 20, 30, 44)):
        place = 12, 10 + 70 * row
        pen.text(place, "Hello, harbour 24", "#223344", ImageFont.load_default(height))
    whole, small = seen(PADDLE_OCR[0].locate(), page), seen(quantised_detector(settings), page)
    assert np.corrcoef(whole, small)[0, 1] > 0.97
    assert ((whole > 0.3) == (small > 0.3)).mean() > 0.98


@pytest.mark.parametrize("colour", ["#ddeecc", "black", "#336699", "#808080"])
def test_on_a_plain_page_nothing_is_read(settings, colour):
    """Both detectors see something on some colours: 36,000 pixels of one, and 13,000 of another
    where products are of 7 bits; what recognises lines finds none there."""
    assert list(RapidScreen(settings).read(Image.new("RGB", (480, 320), colour))) == []


def test_nothing_of_it_goes_to_floats_for_an_error_function(settings):
    import onnx

    operators = [node.op_type for node in onnx.load(quantised_detector(settings)).graph.node]
    assert "Erf" not in operators and operators.count("Sigmoid") == 14


def test_it_is_made_once_and_a_quarter_as_large(settings, monkeypatch):
    file = quantised_detector(settings)
    assert file.stat().st_size < PADDLE_OCR[0].locate().stat().st_size / 3
    monkeypatch.setattr(screen_detector, "_quantise", None)
    assert quantised_detector(settings) == file


def test_other_weights_are_refused(settings, monkeypatch):
    other = dataclasses.replace(PADDLE_OCR[0], sha256="0" * 64)
    monkeypatch.setattr(screen_detector, "PADDLE_OCR", (other, PADDLE_OCR[1]))
    with pytest.raises(EncoderUnavailable, match="rapidocr"):
        quantised_detector(settings)
