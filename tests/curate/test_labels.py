"""Labels and captions: where they come from, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.curate import caption_match, csv_annotations
from engine.curate import labels as module
from engine.curate import mislabeled as confident
from engine.curate.actions import apply
from engine.curate.asset_vectors import gather_assets
from engine.curate.text_relevance import SharedSpace
from engine.errors import ExtraMissing, PathNotFound, SpaceMismatch, UsageError
from engine.types import Modality
from tests import media_files as make
from tests.curate import points
from tests.curate.conftest import ids_of, new_run

pytestmark = pytest.mark.slow


@pytest.fixture
def items(library):
    return gather_assets(library.store, library.towers, Modality.IMAGE)


def test_labels_of_folders(library, items):
    found = dict(
        zip(items.assets.tolist(), module.labels(library.store, items, "folder"), strict=True)
    )
    known = ids_of(library.store)
    assert (found[known["media/0.png"]], found[known["more/0.png"]]) == ("media", "more")


def test_labels_and_groups_of_tags(library, items):
    known = ids_of(library.store)
    run = new_run(library.store)
    pairs = [("media/0.png", "a"), ("media/1.png", "a"), ("media/1.png", "b")]
    apply.tag(library.store, run.run_id, [(known[name], word) for name, word in pairs])
    found = dict(
        zip(items.assets.tolist(), module.labels(library.store, items, "tag"), strict=True)
    )
    assert found == {
        known["media/0.png"]: "a", known["media/1.png"]: None, known["media/2.png"]: None,
        known["more/0.png"]: None,
    }  # fmt: skip
    groups = dict(zip(items.assets.tolist(), module.tag_groups(library.store, items), strict=True))
    assert groups[known["media/1.png"]] == "b"  # the rarer of two
    assert groups[known["more/0.png"]] == "yellow"  # what the bridge saw
    with pytest.raises(UsageError, match="3 of 4 assets have no label by tag"):
        module.required(module.labels(library.store, items, "tag"), "tag")


def test_labels_of_a_table(library, items, media):
    table = media / "labels.csv"
    table.write_text(f"path,label\n0.png,cat\n{media / 'more' / '0.png'},dog\n")
    found = dict(
        zip(items.assets.tolist(), module.labels(library.store, items, str(table)), strict=True)
    )
    known = ids_of(library.store)
    assert (found[known["media/0.png"]], found[known["more/0.png"]]) == ("cat", "dog")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "columns path,label"),
        (b"path,name\na,b\n", "columns path,label"),
        (b"path,label\n", "says nothing"),
        (b"path,label\n0.png,\n", "line 2: a path and a label are needed"),
        (b"path,label\n0.png\n", "line 2: a path and a label"),
        (b"path,label\n0.png,a\n./0.png,b\n", "line 3: ./0.png has two of label: 'a' and 'b'"),
        (
            b"path,label\n0.png,a\n9.png,b\n8.png,b\n",
            "names 2 files .* the first in line 3: .*9.png",
        ),
        (b"path,label\n9.png,b\n", "names a file that the library does not hold, in line 2"),
        (b"path,label\n\xff\xfe,a\n", "as CSV in UTF-8"),
        (b'path,label\n"0.png,a\n', "as CSV in UTF-8|are needed"),
        (b"path,label\n0.png\x00,a\n", "as CSV in UTF-8|does not hold|NUL character"),
    ],
)
def test_a_table_that_cannot_be_used(library, media, content, line):
    (media / "labels.csv").write_bytes(content)
    with pytest.raises(UsageError, match=line) as caught:
        csv_annotations.read(library.store, media / "labels.csv", "label")
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there(library, media):
    with pytest.raises(PathNotFound, match="no such file"):
        csv_annotations.read(library.store, media / "labels.csv", "label")
    with pytest.raises(UsageError, match="is a directory"):
        csv_annotations.read(library.store, media, "label")


# --- wrong labels ---------------------------------------------------------------------


def test_swapped_labels_are_found():
    items, of = points.groups([40, 40, 40])
    labels: list[str | None] = [f"c{group}" for group in of]
    wrong = {3: "c1", 50: "c2", 100: "c0"}
    for place, label in wrong.items():
        labels[place] = label
    labels[7], labels[8] = None, "alone"
    found = confident.mislabeled(items, labels)
    assert {int(found.labelled[row]) for row in found.suspects} == set(wrong)
    assert {found.classes[found.suggested[row]] for row in found.suspects} == {"c0", "c1", "c2"}
    assert (len(found.labelled), found.folds) == (118, 5)
    assert found.left_out == (
        "left out, labels of one asset alone: alone",
        "left out, assets without a label: 1",
    )
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    assert len(confident.mislabeled(items, labels, top=1).suspects) == 1


def test_no_prediction_has_seen_its_own_label():
    rows = points.anywhere(200, dim=50).rows(slice(None))
    given = np.random.default_rng(1).integers(0, 2, 200)
    odds = confident.out_of_sample(rows, given, 5, 0)
    # Labels at random cannot be predicted; of those that were seen nearly all would be.
    assert (odds.argmax(axis=1) == given).mean() < 0.65


@pytest.mark.parametrize("labels", [["a"] * 10, [None] * 10, ["a"] * 9 + ["b"]])
def test_fewer_than_two_labels(labels):
    with pytest.raises(UsageError, match="at least two are needed"):
        confident.mislabeled(points.anywhere(10), labels)


def test_without_cleanlab_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cleanlab", None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[curate\]"):
        confident.mislabeled(points.anywhere(10), ["a", "b"] * 5)


def test_what_is_said_of_a_label(library, media):
    for colour in ("red", "blue"):
        for number in range(8):
            make.picture(media / colour / f"{number}.png", colour)
    make.picture(media / "red" / "wrong.png", "blue")
    library.index([media / "red", media / "blue"])
    items = gather_assets(library.store, library.towers, Modality.IMAGE)
    found = confident.mislabeled(items, module.labels(library.store, items, "folder"))
    said = {one.path: one for one in confident.findings(library.store, items, found)}
    one = said[str(media / "red" / "wrong.png")]
    assert "labelled 'red'" in one.why and "looks more like 'blue'" in one.why
    assert 0.5 < one.score <= 1


# --- captions -------------------------------------------------------------------------


def captioned(media, **captions: str):
    table = media / "captions.csv"
    lines = [f"{name}.png,{caption}" for name, caption in captions.items()]
    table.write_text("\n".join(["path,caption", *lines]) + "\n")
    return table


def test_a_caption_of_something_else_is_found(library, media):
    table = captioned(media, **{"0": "red", "1": "something green", "2": "yellow"})
    shared = SharedSpace(library.store, library.towers, Modality.IMAGE)
    said = csv_annotations.read(library.store, table, "caption").values()
    pairs = caption_match.match_captions(library.store, shared, said)
    found = caption_match.findings(pairs, caption_match.LEAST)
    assert [one.path for one in found] == [str(media / "2.png")]
    assert "'yellow'" in found[0].why and found[0].verdict == "misaligned"
    assert len(caption_match.findings(pairs, 1e9)) == 3
    assert len(caption_match.findings(pairs, 1e9, top=2)) == 2


def test_captions_of_the_files_themselves(library, media):
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "a green field"
    Image.new("RGB", (40, 40), (30, 180, 50)).save(media / "field.jpg", exif=exif)
    library.index([media])
    (said,) = caption_match.file_captions(library.store)
    assert (said.path, said.value) == (str(media / "field.jpg"), "a green field")
    shared = SharedSpace(library.store, library.towers, Modality.IMAGE)
    (pair,) = caption_match.match_captions(library.store, shared, [said])
    assert pair.cosine > 0.3


def test_no_captions_and_other_weights(library):
    shared = SharedSpace(library.store, library.towers, Modality.IMAGE)
    with pytest.raises(UsageError, match="no picture of the library has a caption"):
        caption_match.match_captions(
            library.store, shared, caption_match.file_captions(library.store)
        )
    with pytest.raises(UsageError, match="holds no sound"):
        SharedSpace(library.store, library.towers, Modality.SOUND)
    from dataclasses import replace

    class Other(type(library.towers.encoder)):
        shared = replace(library.towers.encoder.shared, revision="2")

    with pytest.raises(SpaceMismatch, match="other weights"):
        SharedSpace(library.store, replace(library.towers, encoder=Other()), Modality.IMAGE)
