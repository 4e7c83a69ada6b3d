"""The table of things: whose meanings it holds, and whose words."""

from __future__ import annotations

from engine.encoders.compact.things import PERSON, THING_ROOTS
from engine.training.pictures import Synset
from engine.training.things import caption_nouns, lines_of, meanings_of

ANIMAL = THING_ROOTS["animal"]
NOUNS = {
    "00001930": Synset(("physical entity",), ()),
    ANIMAL: Synset(("animal",), ("00001930",)),
    PERSON: Synset(("person",), ("00001930",)),
    "10": Synset(("dog",), (ANIMAL,)),
    "11": Synset(("dog", "cad"), (PERSON,)),
    "12": Synset(("kitchen",), ("00001930",)),
    "13": Synset(("idea",), ()),
    "14": Synset(("Crane",), (PERSON,)),
    "15": Synset(("crane",), (ANIMAL,)),
}
SENSES = {"dog": ["10", "11"], "cad": ["11"], "kitchen": ["12"], "idea": ["13"],
          "crane": ["14", "15"]}  # fmt: skip


def test_things_are_all_kept_and_of_other_nouns_those_that_are_used_and_physical():
    made = meanings_of(NOUNS, SENSES, ["10"], ["kitchen", "idea", "dog", "crane"])
    assert {*made} == {*NOUNS} - {"13"}
    assert "12" not in meanings_of(NOUNS, SENSES, ["10"], [])
    assert made["10"].is_class and not made["12"].is_class
    assert made["11"].words == ("cad",), "a dog is no person"
    assert (made["14"].words, made["15"].words) == (("Crane",), ("crane",)), "each its own"
    assert "10\t*\tdog\t" + ANIMAL + "\n" in [*lines_of(made)]


def test_nouns_of_captions_are_counted_once_a_picture():
    captions = [("two dogs", "a dog"), ("a dog runs",), ("dogs",), ("an idea, an idea, an idea",)]
    assert [*caption_nouns(captions, {"dog", "idea"})] == ["dog"]
