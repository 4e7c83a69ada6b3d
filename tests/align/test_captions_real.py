"""Captions that are learned with a real encoder, from crops of pictures of scikit-image."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

from engine import Library

_CAPTIONS = {
    "astronaut": "a woman in an orange suit before a flag",
    "chelsea": "my cat Nepomuk looks up",
    "coffee": "breakfast at the blue house",
    "rocket": "the launch that Vera filmed",
    "camera": "uncle Otto with his tripod",
    "coins": "the treasure from the cellar",
    "hubble_deep_field": "what the club saw through the telescope",
    "brick": "the wall behind the garage",
    "grass": "the lawn before it was mown",
    "gravel": "the path to the mill",
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Five crops of each picture, with the caption of it."""
    from skimage import data

    folder = tmp_path_factory.mktemp("real")
    captions = {}
    for name, caption in _CAPTIONS.items():
        picture = Image.fromarray(getattr(data, name)()).convert("RGB")
        width, height = picture.size
        for number, (left, top) in enumerate(
            ((0, 0), (0.3, 0), (0, 0.3), (0.3, 0.3), (0.15, 0.15))
        ):
            box = (left * width, top * height, (left + 0.7) * width, (top + 0.7) * height)
            file = folder / f"{len(captions):02}-{number}.jpg"
            picture.crop(tuple(map(round, box))).save(file)
            captions[file] = caption
    return captions


@pytest.mark.parametrize("encoder", ["compact-multilingual"])
def test_names_that_no_encoder_knows_are_learned(pictures, tmp_path, settings, encoder):
    files = list(pictures)
    known, new = (
        [f for f in files if not f.stem.endswith("4")],
        [f for f in files if f.stem[-1] == "4"],
    )
    lines = [json.dumps({"path": str(file), "caption": pictures[file]}) for file in known]
    (tmp_path / "captions.jsonl").write_text("\n".join(lines))
    alone = replace(settings, ocr=False)  # photographs without a word in them
    with Library.open(tmp_path / "library", create=True, encoder=encoder, settings=alone) as lib:
        lib.index(known)
        report = lib.align.learn_captions(tmp_path / "captions.jsonl", force=True)
        assert report.stored and report.placed == len(known) == 40
        lib.index(new)
        for file in new:
            paths = [hit.path for hit in lib.search(pictures[file], top=10).hits]
            assert str(file) in paths, "a crop that was not learned from is found by the caption"
