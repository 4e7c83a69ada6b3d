"""Fitting of the colours, on names and pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.encoders.compact.colour_words import TERMS
from engine.encoders.compact.colours import inputs_of, places_of, shares_of
from engine.training.colours import fit_naming, fit_terms, read_names

NAMED = """# License: http://creativecommons.org/publicdomain/zero/1.0/
dark red\t#840000\t
red\t#e50000\t
blue\t#0343df\t
light navy\t#155084\t
green\t#15b01a\t
black\t#000000\t
white\t#ffffff\t
puke\t#a5a502\t
grey\t#929591\t
orange\t#f97306\t
yellow\t#ffff14\t
purple\t#7e1e9c\t
pink\t#ff81c0\t
brown\t#653700\t
"""


@pytest.fixture
def names(tmp_path):
    (tmp_path / "rgb.txt").write_text(NAMED)
    return read_names(tmp_path / "rgb.txt")


def test_names_that_end_in_a_basic_term_are_read(names):
    colours, terms = names
    assert len(colours) == 13, "puke is no colour term"
    assert [TERMS[term] for term in terms[:4]] == ["red", "red", "blue", "blue"]
    assert colours[0].tolist() == [0x84, 0, 0]


def test_a_colour_has_the_term_of_its_neighbours(names):
    terms = fit_terms(*names)
    colours = [(220, 20, 20), (20, 20, 150), (250, 250, 250), (10, 10, 10), (90, 200, 90)]
    found = terms[places_of(np.array(colours, np.uint8))]
    assert [TERMS[term] for term in found] == ["red", "blue", "white", "black", "green"]


def test_shares_are_those_of_the_parts_of_a_picture(names):
    terms = fit_terms(*names)
    picture = np.full((100, 100, 3), 255, np.uint8)
    picture[:20, :20] = (229, 0, 0)
    shares = shares_of(picture, terms)
    assert shares.shape == (25, len(TERMS))
    assert shares[0, TERMS.index("red")] == 1
    assert (shares[1:, TERMS.index("white")] == 1).all()
    whole, centre, most = np.split(inputs_of(shares) ** 2, 3)
    red = TERMS.index("red")
    assert whole[red] == pytest.approx(1 / 25, abs=1e-5)
    assert centre[red] < whole[red] < most[red] == 1


def test_a_colour_that_is_named_where_there_is_much_of_it_has_high_odds():
    rng = np.random.default_rng(0)
    inputs = rng.random((400, 6)).astype(np.float32)
    named = np.zeros((400, 2), bool)
    named[:, 0] = inputs[:, 2] > 0.8
    named[:, 1] = rng.random(400) < 0.3
    weights, bias = fit_naming(inputs, named)
    odds = inputs @ weights + bias
    np.testing.assert_allclose(odds.mean(0), 0, atol=1e-3)
    assert odds[named[:, 0], 0].min() > odds[~named[:, 0], 0].mean() + 2
    assert odds[:, 1].std() < 0.5
