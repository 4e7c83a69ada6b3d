"""Answers about a file that is sent along: what it shows, and what is like it."""

from __future__ import annotations

import pytest

from engine.assistant.example_answer import KnownScene, SentExample, example_answer
from engine.assistant.question import read_question
from engine.errors import ChatFailed, InvalidQuery
from engine.generate.captioner import Scene
from tests import media_files as make


def test_what_is_like_it_is_cited_and_nothing_else(library, tmp_path):
    heard = []
    picture = make.picture(tmp_path / "new.png", "green", (44, 33))
    answer = library.ask_example(picture, on_sentence=heard.append)
    assert all("is similar" in str(each) for each in heard[1:])
    assert {p.claim for p in answer.passages} == {"alike"}
    assert {p.path.rpartition("/")[2] for p in answer.passages} >= {"01.png", "07.png"}
    assert answer.sentences[0].cites == () and answer.model == "extractive"
    assert "no model that sees is set up" in answer.notes[0]
    videos = library.ask_example(picture, "which video shows this?")
    assert {p.kind for p in videos.passages} <= {"video"}
    nothing = library.ask_example(picture, where="path = nowhere/*")
    assert (nothing.passages, str(nothing.sentences[-1])) == (
        (), "Nothing in this library is similar to it.",
    )  # fmt: skip


def test_what_is_no_file_is_a_mistake(library):
    with pytest.raises(InvalidQuery):
        library.ask_example(b"nothing")


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (KnownScene(Scene("image", ("a dog",))), "A picture of a dog."),
        (KnownScene(Scene("image", on_screen="STOP")), "A picture with the text \u201cSTOP\u201d."),
        (
            KnownScene(Scene("image"), ("a dog", 0.4)),
            "Nothing in the picture is recognised for certain; at best it shows a dog (40%).",
        ),
        (
            KnownScene(Scene("image"), ("a horse", 0.13)),
            "Nothing in the picture is recognised for certain.",
        ),
        (KnownScene(Scene("audio"), None), "Nothing in the sound is recognised for certain."),
    ],
)
def test_no_more_is_claimed_than_what_is_known(library, known, text):
    found = library.search("kind:image", top=1)
    answer = example_answer(
        read_question("?"), SentExample(lambda: known, None), found, library.store
    )
    assert str(answer.sentences[0]) == text


@pytest.mark.parametrize(
    ("question", "known", "text"),
    [
        ("描述这张图片", Scene("image", ("a zebra",)), "这张图片 里有\u201ca zebra\u201d。"),
        ("描述这张图片", Scene("image"), "这张图片里没有能确定识别的内容。"),
        ("Was ist das?", Scene("image", ("a zebra",), on_screen="STOP"),
         "Das Bild zeigt \u201ea zebra\u201c; auf dem Bild steht: \u201eSTOP\u201c."),
        ("Was ist das?", Scene("audio"),
         "Die Aufnahme zeigt nichts, was sicher zu erkennen ist."),
    ],
)  # fmt: skip
def test_it_is_answered_in_the_language_of_the_question(library, question, known, text):
    found = library.search("kind:image", top=1)
    sent = SentExample(lambda: KnownScene(known), None)
    answer = example_answer(read_question(question), sent, found, library.store)
    assert str(answer.sentences[0]) == text


def test_a_description_that_breaks_off_keeps_what_came(library):
    def describe(_, on_text):
        on_text("A red wall. And be")
        raise ChatFailed("it broke off")

    sent = SentExample(lambda: KnownScene(Scene("image")), describe, "sees-1")
    answer = example_answer(
        read_question("what is it?"), sent, library.search("kind:image", top=1), library.store
    )
    assert str(answer.sentences[0]) == "A red wall." and answer.model == "sees-1"
    assert "it broke off" in answer.notes[0]
