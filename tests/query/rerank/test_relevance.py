"""Documents of a caller are judged: by the space of the library, and by the cross-encoder."""

from __future__ import annotations

import numpy as np
import pytest

from engine.common.progress import NO_PROGRESS, CancelToken, cancellable
from engine.errors import Cancelled
from engine.query.rerank.relevance import JudgedDocument, RelevanceJudge, passages
from engine.testing.fake_encoder import FakeEncoder
from engine.types import Modality


class Pairs:
    """A cross-encoder that is sure of passages with "yes", and knows one query."""

    model = "pairs"

    def __init__(self) -> None:
        self.read: list[str] = []

    def is_loaded(self) -> bool:
        return True

    def load(self) -> None:
        pass

    def share_known(self, text: str) -> float:
        return 0.0 if "fremd" in text else 1.0

    def logits(self, query, read):
        self.read += read
        return np.array([5.0 if "yes" in passage else -11.0 for passage in read])


def judge(cross=None) -> RelevanceJudge:
    encoder = FakeEncoder()
    return RelevanceJudge(
        ("fake",), lambda _, texts: encoder.embed_texts(texts), encoder.embed_texts, {}, cross
    )


def texts(*documents: str) -> list[JudgedDocument]:
    return [JudgedDocument(document) for document in documents]


def test_the_space_alone_puts_what_is_alike_first():
    found = judge().judge("a red car", texts("blue sky", "a red car", "a red door"))
    assert [each.index for each in found] == [1, 2, 0]
    assert all(each.by == "space" and 0 <= each.score <= 1 for each in found)
    assert judge().judge("a red car", []) == []


def test_vectors_of_media_are_judged_beside_texts():
    encoder = FakeEncoder()
    red, blue = (JudgedDocument(rows={"fake": encoder.embed_texts([colour])[0]},
                                modality=Modality.IMAGE) for colour in ("red", "blue"))  # fmt: skip
    found = judge().judge("red", [blue, red, JudgedDocument("green")])
    assert found[0].index == 1


def test_the_more_confident_of_both_counts():
    cross = Pairs()
    documents = texts("so it is, yes indeed", "a red car, a red car", "nothing of it at all")
    found = judge(cross).judge("a red car", documents)
    by_place = {each.index: each for each in found}
    assert by_place[0].by == "cross" and by_place[0].score == pytest.approx(0.9933, abs=1e-4)
    assert by_place[1].by == "space" and by_place[2].index == found[-1].index


@pytest.mark.parametrize(
    ("query", "passage"),
    [("red", "yes it is so"), ("das ist fremd", "yes it is so"), ("a red car", "yes yes")],
)
def test_short_and_foreign_texts_are_left_to_the_space(query, passage):
    cross = Pairs()
    assert judge(cross).judge(query, texts(passage))[0].by == "space"
    assert not cross.read


def test_a_long_text_is_as_good_as_its_best_part():
    cross = Pairs()
    long = " ".join(["nothing of the sort"] * 100 + ["yes it is"])
    assert judge(cross).judge("a red car", texts(long))[0].score > 0.9
    assert len(cross.read) > 1


def test_a_caller_who_is_gone_ends_the_reading():
    cross, token = Pairs(), CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        judge(cross).judge("a red car", texts("yes it is so"), cancellable(NO_PROGRESS, token))
    assert not cross.read


def test_texts_are_split_between_words_and_no_further_than_eight_parts():
    assert passages("  a  short\ntext ") == ["a short text"]
    parts = passages("word " * 3000)
    assert len(parts) == 8 and all(set(part.split()) == {"word"} for part in parts)
    assert passages("x" * 900) == ["x" * 800, "x" * 100]
    assert passages(" ") == []
