"""How sure a hit is: one model for every space, which rises with the evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.query.calibration.confidence import LIKELY, confidence
from engine.query.fuse import fuse
from engine.types import Fusion, Modality, PartKind, QueryPart
from tests.query.scores import branch, scored

TEXT = branch()
SOUND = branch(modality=Modality.SOUND)
WORDS = branch("words", None)


def sure(*branches, moment: int = 1, fusion: Fusion = Fusion.CALIBRATED) -> float:
    ranking = fuse(branches, fusion)
    return float(ranking.confidence[ranking.ids == moment][0])


def test_it_rises_with_the_evidence_and_orders_as_that_does():
    odds = {f"m{i}": float(i) for i in range(1, 30)}
    ranking = fuse([scored(TEXT, **odds)])
    assert (np.diff(ranking.confidence) < 0).all()
    assert 0 < ranking.confidence[-1] < 0.05 < 0.95 < ranking.confidence[0] < 1


def test_what_stands_behind_the_best_is_less_likely():
    assert sure(scored(TEXT, m1=12.0)) > LIKELY > sure(scored(TEXT, m1=12.0, m2=30.0))


def test_a_word_that_one_file_has_makes_no_other_less_likely():
    looks = scored(TEXT, m1=12.0, m2=11.0)
    assert sure(looks) == sure(looks, scored(WORDS, m2=40.0))
    assert sure(looks, scored(WORDS, m2=40.0), moment=2) > sure(looks, moment=2)


LIKENESS = replace(TEXT, parts=(QueryPart("/a.jpg", PartKind.IMAGE),), vectors=500)


def alike(of=LIKENESS, mean: float = 0.3, std: float = 0.06, **cosines: float):
    """Return scores of moments by their cosines with an example."""
    nats = {m: 1.8138 * (cosine - mean) / std for m, cosine in cosines.items()}
    found = scored(of, **nats)
    raw = np.array(list(cosines.values()))
    return replace(found, raw=raw, mean=np.full(len(raw), mean), std=std)


def test_the_nearer_a_moment_is_to_an_example_the_likelier_it_is_of_its_sort():
    ranking = fuse([alike(m1=0.95, m2=0.8, m3=0.5, m4=0.3)])
    assert ranking.ids.tolist() == [1, 2, 3, 4]
    assert (np.diff(ranking.confidence) < 0).all()
    assert ranking.confidence[0] > 0.8 > LIKELY > ranking.confidence[2]


def test_an_example_that_finds_itself_makes_no_other_less_likely():
    assert sure(alike(m1=0.6, m2=1.0)) == sure(alike(m1=0.6))


def test_where_all_are_alike_more_is_needed():
    """Cosines of 0.8 say little where that is what any two have."""
    assert sure(alike(m1=0.82)) > sure(alike(mean=0.75, std=0.04, m1=0.82))


def test_among_many_moments_one_as_near_is_less_likely_of_the_same_sort():
    many = replace(LIKENESS, vectors=2_000)
    assert sure(alike(m1=0.6)) > sure(alike(many, m1=0.6))
    most, more = (replace(LIKENESS, vectors=n) for n in (3_000, 3_000_000))
    assert sure(alike(most, m1=0.6)) == sure(alike(more, m1=0.6)), "nothing larger was measured"


def test_a_longer_query_asks_for_more():
    long = branch(term="two dogs running on the grass beside a river")
    assert sure(scored(TEXT, m1=9.0)) > 2 * sure(scored(long, m1=9.0))
    grammar = branch(term="is that a dog of the")
    assert sure(scored(TEXT, m1=9.0)) == sure(scored(grammar, m1=9.0))


def test_a_weight_of_all_that_is_asked_changes_nothing():
    assert sure(scored(TEXT, m1=9.0)) == sure(scored(branch(weight=3.0), m1=9.0))


def test_all_parts_of_a_query_count():
    sea = branch(term="the sea")
    both = scored(TEXT, m1=14.0, m2=14.0), scored(sea, m1=14.0, m2=0.0)
    assert sure(*both) > LIKELY > sure(*both, moment=2)


def test_what_is_not_wanted_makes_a_hit_less_likely():
    unwanted = scored(branch("not", term="night", weight=-1.0), m1=9.0)
    assert sure(scored(TEXT, m1=14.0)) > LIKELY > sure(scored(TEXT, m1=14.0), unwanted)


def test_the_spaces_of_one_encoder_are_one_witness_and_two_encoders_share_a_weight():
    one = sure(scored(TEXT, m1=12.0))
    family = [scored(replace(TEXT, space=s, family="words"), **m) for s, m in
              (("words", {"m1": 12.0}), ("scenes", {"m2": 3.0}))]  # fmt: skip
    assert sure(*family) == one
    shared = [scored(replace(TEXT, space=s, weight=0.5), m1=12.0) for s in ("words", "clap")]
    assert sure(*shared) == one


def test_an_order_by_ranks_has_the_same_confidence():
    found = scored(TEXT, m1=12.0, m2=3.0), scored(SOUND, m3=1.0)
    assert sure(*found, fusion=Fusion.RRF) == sure(*found)


def test_words_alone_and_nothing_at_all_have_one_too():
    assert sure(scored(WORDS, m1=20.0)) > LIKELY
    assert confidence(np.zeros(0), 0.0, []).shape == (0,)
