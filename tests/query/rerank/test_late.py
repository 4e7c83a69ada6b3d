"""Late interaction: held to sentence-transformers' own MaxSim, made once a picture, kept small."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.common.progress import NO_PROGRESS
from engine.encoders.sentence_transformer.late import (
    LateInteraction,
    maxsim,
    page_bytes,
    quantized,
    read_page,
)
from engine.errors import EncoderUnavailable, UsageError
from engine.query.rerank.gains import ModalityGain, RerankEvaluation, write_gains
from engine.query.rerank.late import LatePairs
from tests import media_files as make
from tests.st_models import write_colpali, write_texts

QUERY = "a red boat"
COLOURS = ("red", "green", "blue", "white")
PICTURES = [Image.new("RGB", (40, 30), colour) for colour in COLOURS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_colpali(tmp_path_factory.mktemp("colpali"))


@pytest.fixture(scope="module")
def model(folder, settings) -> LateInteraction:
    return LateInteraction(f"late:{folder}", settings)


@pytest.fixture(scope="module")
def theirs(folder):
    from sentence_transformers import MultiVectorEncoder

    return MultiVectorEncoder(str(folder), device="cpu", local_files_only=True)


def test_scores_are_those_of_sentence_transformers(model, theirs):
    from sentence_transformers.multi_vector_encoder.modules import HierarchicalTokenPooling

    pooling = HierarchicalTokenPooling(3, num_protected_tokens=0)
    pages = theirs.encode_document(PICTURES, token_pooling=pooling)
    expected = theirs.similarity(theirs.encode_query([QUERY]), pages)[0].numpy()
    ours = LatePairs(model, None).logits(QUERY, PICTURES)
    np.testing.assert_allclose(ours, expected, rtol=2e-3)
    assert np.argsort(ours).tolist() == np.argsort(expected).tolist()
    assert len(set(np.round(ours, 2))) == len(COLOURS)


def test_a_picture_keeps_a_third_of_its_vectors_in_a_byte_a_number(model, theirs):
    (whole,) = theirs.encode_document(PICTURES[:1], convert_to_numpy=True)
    (kept,) = model.embed_pages(PICTURES[:1])
    assert len(kept) <= len(whole) // 3 + 1
    assert kept.nbytes == len(kept) * (whole.shape[1] + 2)
    np.testing.assert_array_equal(read_page(page_bytes(kept)), kept)


def test_a_byte_a_number_is_enough_for_a_cosine_of_three_nines():
    rows = np.random.default_rng(0).standard_normal((200, 128)).astype(np.float32)
    rows[0] = 0
    kept = quantized(rows)
    again = kept["code"].astype(np.float32) * kept["scale"].astype(np.float32)[:, None]
    lengths = np.linalg.norm(rows[1:], axis=1) * np.linalg.norm(again[1:], axis=1)
    assert ((rows[1:] * again[1:]).sum(1) / lengths).min() >= 0.999
    assert not again[0].any()
    assert maxsim(rows[:1], kept[:0]) == -np.inf


def test_what_is_no_such_model_is_one_clear_line(tmp_path, settings):
    texts = write_texts(tmp_path / "texts") / "none"
    texts.mkdir()
    with pytest.raises(EncoderUnavailable, match=r"late:.* cannot be loaded") as caught:
        LateInteraction(f"late:{texts}", settings).load()
    assert "\n" not in str(caught.value)
    with pytest.raises(EncoderUnavailable, match="takes no pictures"):
        LateInteraction(f"late:{texts.parent}", settings).load()
    with pytest.raises(EncoderUnavailable, match="names no model"):
        LateInteraction("late:", settings).check()


class Lines:
    """A progress that keeps its lines, and how much was done when each came."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int]] = []
        self.total, self.done = 0, 0

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self.total = total or 0

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self.done += items

    def message(self, text: str) -> None:
        self.lines.append((text, self.done))


@pytest.fixture
def library(settings, tmp_path):
    quick = dataclasses.replace(settings, speech=False, ocr=False)
    media = tmp_path / "media"
    for colour in COLOURS:
        make.picture(media / f"{colour}.png", colour)
    make.video(media / "hum.mp4", ["yellow", "blue"])
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=quick) as made:
        made.index([media])
        yield made


def test_a_library_embeds_each_picture_once_and_says_the_cost_first(folder, library):
    progress, name = Lines(), f"late:{folder}"
    pictures = len(library.store.moment_ids(modalities=("image", "keyframe")))
    done = library.prepare_rerank(name, progress=progress)
    assert pictures > len(COLOURS)
    assert (done.embedded, done.kept_before, done.failed) == (pictures, 0, 0)
    ((cost, at),) = [(line, at) for line, at in progress.lines if "on disk" in line]
    assert cost.startswith(f"{pictures} pictures: some 0:")
    assert cost.endswith("MB of memory for the model")
    assert at == 0  # said before the first is counted
    kept = sorted((library.path / "thumbnails").rglob("*.late"))
    assert (len(kept), sum(file.stat().st_size for file in kept)) == (pictures, done.nbytes)
    library.rebuild()
    again = library.prepare_rerank(name)
    assert (again.embedded, again.kept_before) == (0, pictures)
    with pytest.raises(UsageError, match="late:NAME does"):
        library.prepare_rerank("cross")


def test_a_search_is_put_in_order_by_maxsim_where_that_gained(folder, library):
    name, searching = f"late:{folder}", library._search
    assert "nobody has measured" in library.search("red", rerank=name).notes[-1]
    model = LateInteraction(name, library.settings)
    gain = ModalityGain(9, 0.2, 0.9, 0.01, weight=0.5, middle=1.0)
    write_gains(library.path, RerankEvaluation(name, model.revision, {"image": gain}))
    fused = {hit.moment_id: hit for hit in library.search("red").hits}
    found = library.search("red", rerank=name)
    assert "counts for image" in found.notes[-1]
    (judged,) = searching._judged_queries({"red": ["red.png"]}, 50, NO_PROGRESS)
    verdicts = LatePairs(model, searching._pages).verdicts("red", judged.documents)
    for hit in found.hits:
        counts = 0.5 * (verdicts[hit.moment_id] - 1.0) if hit.modality == "image" else 0.0
        assert hit.score - fused[hit.moment_id].score == pytest.approx(counts)


def test_half_a_file_of_vectors_is_made_again(folder, library):
    name = f"late:{folder}"
    library.prepare_rerank(name)
    file = next((library.path / "thumbnails").rglob("*.late"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])  # as after a power cut
    moments = library.store.moment_ids(modalities=("image", "keyframe")).tolist()
    pages = LatePairs(LateInteraction(name, library.settings), library._search._pages)
    assert len({pages._kept(moment) for moment in moments}) == len(moments)
    assert file.read_bytes() == whole
