"""Templates are filled, and labels become means in the space."""

import numpy as np
import pytest

from engine.classify.labels import Label
from engine.classify.prompts import prompted
from engine.classify.templates import IMAGENET, SEEN, fill, read_templates, templates
from engine.errors import UsageError
from engine.testing.fake_encoder import FakeEncoder
from engine.types import Modality


@pytest.mark.parametrize(
    ("template", "words", "filled"),
    [
        ("{}", "the sea", "the sea"),
        ("a photo of a {}", "dog", "a photo of a dog"),
        ("a photo of a {}", "a dog", "a photo of a dog"),
        ("a photo of a {}", "An elephant", "a photo of an elephant"),
        ("a {} in a picture", "owl", "an owl in a picture"),
        ("a photo of the {}", "a", "a photo of the a"),
        ("{} and {}", "cats", "cats and cats"),
        ("a {weird} {}", "cat", "a {weird} cat"),
    ],
)
def test_a_template_is_filled_as_a_person_would(template, words, filled):
    assert fill(template, words) == filled


def test_every_modality_has_templates_with_a_slot():
    for name in ("default", "imagenet", "sound"):
        for modality in Modality:
            if modality is not Modality.SCREEN:
                assert all("{}" in template for template in templates(name)[modality])
    assert set(SEEN) < set(IMAGENET)
    assert templates("default")[Modality.SOUND] != templates("default")[Modality.IMAGE]


def test_templates_of_a_file_are_for_all(tmp_path):
    file = tmp_path / "templates.txt"
    file.write_text("# mine\n\nan icon of a {}\n{}\n")
    assert templates(str(file))[Modality.SPEECH] == ("an icon of a {}", "{}")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a {}\na photo\n", r"t\.txt:2: 'a photo' has no slot; write \{\}"),
        ("# only\n", "holds no template"),
    ],
)
def test_a_template_without_a_slot_is_named(tmp_path, content, line):
    file = tmp_path / "t.txt"
    file.write_text(content)
    with pytest.raises(UsageError, match=line):
        read_templates(file)


def test_a_set_that_there_is_none_of_is_said_with_those_there_are():
    with pytest.raises(UsageError, match=r"templates from imagnet: .*default, imagenet"):
        templates("imagnet")


def test_a_label_is_the_mean_over_templates_and_descriptions():
    embed = FakeEncoder().embed_texts
    labels = [Label("cat", ("cat", "tabby")), Label("dog", ("dog",))]
    said = prompted(embed, labels, ("{}", "old {}"))
    cat = embed(["cat", "tabby", "old cat", "old tabby"]).sum(axis=0)
    np.testing.assert_allclose(said.labels[0], cat / np.linalg.norm(cat), atol=1e-6)
    dog = embed(["dog", "old dog"]).sum(axis=0)
    np.testing.assert_allclose(said.labels[1], dog / np.linalg.norm(dog), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(said.bank, axis=1), 1, atol=1e-5)


def test_many_templates_ask_for_fewer_phrases_of_the_bank():
    embed = FakeEncoder().embed_texts
    few = prompted(embed, [Label("cat", ("cat",))], ("{}",))
    many = prompted(embed, [Label("cat", ("cat",))], ("{}",) * 40)
    assert len(many.bank) * 40 <= 1600 < len(few.bank) * 40


def test_the_bank_is_embedded_once_and_kept_for_all_labels():
    asked: list[int] = []
    kept: dict[tuple[str, ...], object] = {}

    def embed(texts):
        asked.append(len(texts))
        return FakeEncoder().embed_texts(texts)

    def keep(texts, make):
        if tuple(texts) not in kept:
            kept[tuple(texts)] = make()
        return kept[tuple(texts)]

    first = prompted(embed, [Label("cat", ("cat",))], ("{}",), keep)
    asked.clear()
    second = prompted(embed, [Label("dog", ("dog",))], ("{}",), keep)
    assert asked == [1]
    np.testing.assert_array_equal(first.bank, second.bank)
