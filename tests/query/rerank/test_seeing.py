"""Rerankers that see: held to their libraries' own calls, and used only where they gained."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.common.progress import NO_PROGRESS
from engine.encoders.sentence_transformer.pairs import SeeingPairs
from engine.errors import EncoderUnavailable, PathNotFound, UsageError
from engine.query.rerank.base import Budget, Document
from engine.query.rerank.evaluate import JudgedQuery, evaluate
from engine.query.rerank.gains import FILE, read_gains, write_gains
from engine.query.rerank.judgements import is_relevant, read_judgements
from engine.query.rerank.seeing import Seeing
from tests import media_files as make
from tests.st_models import write_blip, write_cross_encoder

QUERY = "a red boat"
PICTURES = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "white")]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def blip(tmp_path_factory) -> Path:
    return write_blip(tmp_path_factory.mktemp("blip"))


def test_a_cross_encoder_says_what_sentence_transformers_says(pairs, settings):
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    theirs = CrossEncoder(str(pairs), device="cpu", local_files_only=True)
    documents = [PICTURES[0], "a boat of red wood", PICTURES[1], "rain"]
    ours = SeeingPairs(f"vl:{pairs}", settings).logits(QUERY, documents)
    expected = [
        float(theirs.predict([(QUERY, document)], activation_fn=Identity())[0])
        for document in documents
    ]
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    assert len(set(np.round(ours, 4))) == 4


def test_a_blip_says_what_its_matching_head_says(blip, settings):
    import torch
    from transformers import AutoProcessor, BlipForImageTextRetrieval

    model = BlipForImageTextRetrieval.from_pretrained(blip).eval()
    processor = AutoProcessor.from_pretrained(blip)
    ours = SeeingPairs(f"vl:{blip}", settings)
    inputs = processor(images=PICTURES, text=[QUERY] * 3, return_tensors="pt", padding=True)
    with torch.inference_mode():
        scores = model(**inputs).itm_score
    np.testing.assert_allclose(
        ours.logits(QUERY, PICTURES), (scores[:, 1] - scores[:, 0]).numpy(), atol=1e-4
    )
    assert not ours.reads


def test_a_folder_that_is_no_such_model_is_one_clear_line(tmp_path, settings):
    with pytest.raises(EncoderUnavailable, match=r"vl:.* cannot be loaded") as caught:
        SeeingPairs(f"vl:{tmp_path}", settings).load()
    assert "\n" not in str(caught.value)


# --- the gate


class Knows:
    """A model that knows red; or, turned round, is wrong of everything."""

    name, reads = "vl:knows", True

    def __init__(self, sign: float = 1.0, revision: str = "1") -> None:
        self.sign, self.revision = sign, revision

    def is_loaded(self) -> bool:
        return True

    def load(self) -> None:
        """Nothing to load."""

    def logits(self, query, documents):
        red = [np.asarray(d)[..., 0].mean() > 100 for d in documents if not isinstance(d, str)]
        return self.sign * np.array([*red, *(0.5 for d in documents if isinstance(d, str))], float)


def jpeg(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "JPEG")
    return stream.getvalue()


def documents(modality: str = "image") -> tuple[Document, ...]:
    """Three pictures, of which the last and least likely is red."""
    return tuple(
        Document(moment, 1.0 - moment / 10, thumbnail=lambda colour=colour: jpeg(colour),
                 modality=modality)
        for moment, colour in enumerate(("blue", "green", "red"), 1)
    )  # fmt: skip


def judged(modality: str = "image") -> list[JudgedQuery]:
    return [JudgedQuery(f"red thing {n}", documents(modality), frozenset({3})) for n in range(24)]


def test_a_model_that_gains_is_used_and_said_so(tmp_path):
    write_gains(tmp_path, evaluate(Knows(), judged(), NO_PROGRESS))
    gain = read_gains(tmp_path, "vl:knows").modalities["image"]
    assert gain.used
    assert (gain.before, gain.after) == (pytest.approx(1 / 3), 1.0)
    done = Seeing(Knows(), lambda: read_gains(tmp_path, "vl:knows")).rerank(
        "red", documents(), Budget()
    )
    assert done.order[0] == 3
    assert "counts for image, where it gained" in done.note


def test_a_model_that_loses_is_not_used(tmp_path):
    mixed = [*judged()[::2], *(dataclasses.replace(q, relevant=frozenset({1})) for q in judged())]
    write_gains(tmp_path, evaluate(Knows(), mixed[12:], NO_PROGRESS))
    assert not read_gains(tmp_path, "vl:knows").modalities["image"].used
    done = Seeing(Knows(), lambda: read_gains(tmp_path, "vl:knows")).rerank(
        "red", documents(), Budget()
    )
    assert done.order == (1, 2, 3)
    assert "gained for no modality" in done.note


def test_a_gain_for_pictures_says_nothing_of_keyframes(tmp_path):
    write_gains(tmp_path, evaluate(Knows(), judged(), NO_PROGRESS))
    reranker = Seeing(Knows(), lambda: read_gains(tmp_path, "vl:knows"))
    assert reranker.rerank("red", documents("keyframe"), Budget()).order == (1, 2, 3)


@pytest.mark.parametrize("queries", [0, 4])
def test_too_few_queries_prove_nothing(tmp_path, queries):
    evaluation = evaluate(Knows(), judged()[:queries], NO_PROGRESS)
    assert not any(gain.used for gain in evaluation.modalities.values())


def test_what_was_never_measured_is_not_used():
    done = Seeing(Knows(), lambda: None).rerank("red", documents(), Budget())
    assert done.order == (1, 2, 3)
    assert "evaluate-rerank" in done.note


def test_other_weights_than_were_measured_are_not_used(tmp_path):
    write_gains(tmp_path, evaluate(Knows(), judged(), NO_PROGRESS))
    done = Seeing(Knows(revision="2"), lambda: read_gains(tmp_path, "vl:knows")).rerank(
        "red", documents(), Budget()
    )
    assert done.order == (1, 2, 3)
    assert "other weights" in done.note


def test_without_time_the_fused_order_stands(tmp_path):
    write_gains(tmp_path, evaluate(Knows(), judged(), NO_PROGRESS))
    done = Seeing(Knows(), lambda: read_gains(tmp_path, "vl:knows")).rerank(
        "red", documents(), Budget(seconds=0)
    )
    assert done.order == (1, 2, 3)


def test_a_damaged_file_of_gains_is_as_none(tmp_path):
    (tmp_path / FILE).write_text("{")
    assert read_gains(tmp_path, "vl:knows") is None


# --- judgements


def test_judgements_name_files_by_their_last_parts(tmp_path):
    table = tmp_path / "judgements.csv"
    table.write_text("query,path\nred,a/b.png\nred,c.png\nblue, d.png \n,e\n")
    found = read_judgements(table)
    assert found == {"red": {"a/b.png", "c.png"}, "blue": {"d.png"}}
    assert is_relevant("/x/a/b.png", found["red"])
    assert not is_relevant("/x/y/b.png", found["red"])
    assert not is_relevant("/x/ac.png", found["red"])


def test_judgements_that_are_none_are_one_clear_line(tmp_path):
    with pytest.raises(PathNotFound):
        read_judgements(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="columns query and path"):
        read_judgements(tmp_path / "empty.csv")


# --- a library


def test_a_library_measures_a_model_and_says_what_it_does(pairs, settings, tmp_path):
    quick = dataclasses.replace(settings, speech=False, ocr=False)
    media, name = tmp_path / "media", f"vl:{pairs}"
    colours = ("red", "green", "blue", "white", "black", "yellow")
    for colour in colours:
        make.picture(media / f"{colour}.png", colour)
    table = tmp_path / "judgements.csv"
    lines = [f"{'a ' * n}{colour},{colour}.png" for colour in colours for n in range(3)]
    table.write_text("\n".join(["query,path", *lines]))
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=quick) as made:
        made.index([media])
        before = made.search("red", rerank=name)
        assert "nobody has measured" in before.notes[-1]
        found = made.evaluate_rerank(table, name)
        gain = found.modalities["image"]
        assert gain.before == 1.0  # the fake encoder knows its colours, so nothing can gain
        assert not gain.used
        after = made.search("red", rerank=name)
        assert "gained for no modality" in after.notes[-1]
        assert [h.path for h in after.hits] == [h.path for h in before.hits]
        with pytest.raises(UsageError, match="vl:NAME and late:NAME do"):
            made.evaluate_rerank(table, "cross")
        assert not made.verify().problems
