"""A library is taught names by examples, and queries find what the names stand for."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.errors import UsageError
from engine.library.facade import Library
from engine.query.concepts.concept import FOLDER


def picture(path, seed, thing=False):
    """Save noise of one hue, with a chequered square in it where it shows the thing."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 90, (64, 64, 3)) + random.integers(0, 120, 3)
    if thing:
        squares = np.indices((24, 24)).sum(axis=0) // 6 % 2 * 255
        left, top = random.integers(0, 40, 2)
        pixels[top : top + 24, left : left + 24] = squares[:, :, None]
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(40):
        picture(folder / f"plain{seed}.png", seed)
    for seed in range(12):
        picture(folder / f"x{seed}.png", 100 + seed, thing=True)
    return folder


@pytest.fixture(scope="module")
def library(folder, tmp_path_factory):
    with Library.open(tmp_path_factory.mktemp("l") / "library", create=True,
                      encoder="compact") as library:  # fmt: skip
        library.index(folder)
        yield library


@pytest.fixture
def examples(folder):
    return [folder / f"x{seed}.png" for seed in range(5)]


@pytest.fixture
def rex(library, examples):
    yield library.teach("Rex", examples)
    if "rex" in {concept.name.casefold() for concept in library.concepts}:
        library.concepts.forget("rex")


def names_of(result):
    return [hit.path.rsplit("/", 1)[-1] for hit in result.hits]


def test_a_name_finds_the_thing_in_pictures_that_were_no_examples(library, rex):
    found = names_of(library.search("rex", top=10, floor=False))
    assert sum(name.startswith("x") for name in found) >= 7, "by chance two"
    assert rex.count == 5
    assert rex.found is not None and rex.found >= 0.6


def test_the_plan_shows_the_name_and_quotes_make_it_text(library, rex):
    shown = library.explain(library.search("REX on the beach").plan)
    assert 'concept "Rex" in looks image' in shown
    assert 'text "on the beach"' in shown
    assert "concept" not in library.explain(library.search('"Rex" on the beach').plan)


def test_a_name_that_could_mean_a_month_is_a_name(library, examples):
    library.teach("April", examples)
    assert 'concept "April"' in library.explain(library.search("photos of April").plan)
    library.concepts.forget("April")


def test_what_is_not_wanted_goes_down(library, rex):
    among = names_of(library.search("a pattern -Rex", top=52, floor=False))
    assert sum(name.startswith("x") for name in among[:20]) <= 2


def test_more_examples_are_added_and_each_counts_once(library, rex, folder, examples):
    more = library.teach("REX", [*examples, folder / "x7.png"])
    assert (more.count, more.name) == (6, "REX")
    assert [concept.name for concept in library.concepts] == ["REX"]


def test_a_name_is_renamed_and_forgotten(library, rex):
    library.concepts.rename("rex", "Bodo")
    assert library.concepts["BODO"].count == 5
    assert "concept" not in library.explain(library.search("Rex").plan)
    library.concepts.forget("Bodo")
    assert len(library.concepts) == 0
    with pytest.raises(UsageError, match="nothing was taught as 'Rex'; taught are: none yet"):
        library.concepts["Rex"]


def test_a_name_goes_into_another_library_by_a_file(library, rex, tmp_path, folder):
    file = library.concepts.export("Rex", tmp_path / "rex.safetensors")
    with Library.open(tmp_path / "other", create=True, encoder="compact") as other:
        other.index(folder / "plain1.png")
        assert other.concepts.import_(file).count == 5
        with pytest.raises(UsageError, match="taught already"):
            other.concepts.import_(file)
        assert 'concept "Rex"' in other.explain(other.search("rex").plan)
    with Library.open(tmp_path / "fake", create=True, encoder="fake") as fake:
        fake.index(folder / "plain1.png")
        with pytest.raises(UsageError, match="another encoder"):
            fake.concepts.import_(file)


def test_names_outlive_a_rebuild_and_another_process_sees_them(library, rex):
    library.rebuild()
    with Library.open(library.path) as again:
        assert [concept.name for concept in again.concepts] == ["Rex"]
        assert not again.verify().problems
        again.concepts.rename("Rex", "Max")
    assert library.concepts["max"].count == 5
    library.concepts.rename("max", "Rex")


def test_a_library_of_before_has_no_names(library):
    assert not (library.path / FOLDER).exists() or list(library.concepts) == []
    assert names_of(library.search("a pattern", floor=False))


@pytest.mark.parametrize("count", [0, 1, 2, 31])
def test_too_few_and_too_many_examples_are_refused(library, folder, count):
    paths = [folder / f"plain{number}.png" for number in range(count)]
    with pytest.raises(UsageError, match="3 to 30 examples"):
        library.teach("Max", paths)
    assert len(library.concepts) == 0


def test_an_example_that_cannot_be_read_teaches_nothing(library, examples, tmp_path):
    (tmp_path / "no.txt").write_text("no picture")
    for bad in (tmp_path / "no.txt", tmp_path / "absent.png"):
        with pytest.raises(UsageError, match=str(bad)):
            library.teach("Max", [*examples, bad])
    assert len(library.concepts) == 0


def test_an_ordinary_word_is_said(library, examples):
    taught = library.teach("dog", examples)
    assert "in double quotes the word" in taught.notes[0]
    library.concepts.forget("dog")


def test_a_damaged_file_is_one_clear_error(library, rex):
    file = rex.file.with_name("broken.safetensors")
    file.write_bytes(b"junk")
    with pytest.raises(UsageError, match=r"broken\.safetensors is not a concept"):
        library.search("a dog")
    file.unlink()
