"""Pictures that are taken for their nearest kin are no answer; kinds of what is asked for are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.assistant.kinship import asked_thing, nearer_name
from engine.encoders.compact.things import thing_names
from engine.types import Tag
from tests.assistant.test_ask import names

TABLE = thing_names()


def excluded(subject: str, **tags: float) -> str | None:
    thing = asked_thing(subject, TABLE)
    assert thing is not None
    seen = [Tag(word.replace("_", " "), weight) for word, weight in tags.items()]
    found = nearer_name(thing, seen, TABLE)
    return None if found is None else found.word


@pytest.mark.parametrize(
    ("subject", "tags", "rather"),
    [
        ("a giraffe", {"cheetah": 0.8}, "cheetah"),
        ("\u5927\u8c61", {"warthog": 0.6}, "warthog"),
        ("einen Elefanten", {"warthog": 0.6}, "warthog"),
        ("a pizza", {"frying_pan": 0.5, "Dutch_oven": 0.1}, "frying pan"),
        ("a castle", {"monastery": 0.4}, "monastery"),
        ("a coyote", {"grey_fox": 0.6, "coyote": 0.2}, "grey fox"),
    ],
)
def test_another_name_that_fits_clearly_better_speaks_against_what_is_asked(subject, tags, rather):
    assert excluded(subject, **tags) == rather


@pytest.mark.parametrize(
    ("subject", "tags"),
    [
        ("a panda", {"lesser_panda": 0.6}),
        ("eine Krabbe", {"fiddler_crab": 0.7}),
        ("a dog", {"Pembroke": 0.9}),
        ("a giraffe", {"cheetah": 0.2}),  # hardly recognised
        ("a dog", {"Pembroke": 0.3, "studio_couch": 0.6}),  # both are there
        ("a dog on a sofa", {"studio_couch": 0.6}),
        ("a kitchen", {"microwave": 0.9}),  # what stands in a room
        ("a woman", {"bow_tie": 0.9}),  # what people wear
        ("a horse", {"horse_cart": 0.6}),
    ],
)
def test_kinds_of_it_and_what_may_be_beside_it_do_not(subject, tags):
    assert excluded(subject, **tags) is None


def test_the_thing_is_the_noun_that_others_say_more_of():
    def noun(text: str) -> str:
        thing = asked_thing(text, TABLE)
        return "" if thing is None else thing.noun

    assert noun("a red double-decker bus") == "bus"
    assert noun("two people riding horses on the beach") == "horses"
    assert noun("a steam locomotive in winter") == "steam locomotive"
    assert noun("\u6c34\u6bcd") == "", "a word is not made of its characters"
    assert noun("Aurelia Zzyzx") == ""


class _Recognising:
    """A store whose pictures are recognised as something else."""

    def __init__(self, store, words: dict[int, str]) -> None:
        self._store, self._words = store, words

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def records(self, numbers):
        found = self._store.records(numbers)
        for number, word in self._words.items():
            if number in found:
                tags = (Tag(word, 0.8),)
                moment = replace(found[number].moment, tags=tags)
                found[number] = replace(found[number], moment=moment)
        return found


def test_an_answer_leaves_out_what_a_picture_is_not(library, monkeypatch):
    question = "Which picture shows a blue blue dog?"
    cited = library.ask(question).passages
    assert len(cited) >= 2
    words = {cited[0].moment_id: "tabby", cited[1].moment_id: "Pembroke"}
    sources = library._assistant._sources
    monkeypatch.setattr(
        library._assistant, "_sources",
        replace(sources, store=_Recognising(sources.store, words)),
    )  # fmt: skip
    answer = library.ask(question)
    assert names(answer) == {passage.name for passage in cited[1:]}
    assert "rather shows \u201ctabby\u201d (80%)" in [left.reason for left in answer.left_out]
    words.update({passage.moment_id: "tabby" for passage in cited})
    assert not library.ask(question).found, "nor does the best of them stand alone"
