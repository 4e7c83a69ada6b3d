"""Answers of several libraries as one."""

from __future__ import annotations

from dataclasses import replace

from engine.assistant.answer import CitedAnswer, CitedSentence, StreamedSentence
from engine.assistant.evidence import Claim, EvidencePassage
from engine.assistant.question import read_question
from engine.server.asking.joined_answer import AnswerJoiner
from engine.types import Kind, Modality


def test_a_sentence_keeps_the_full_stop_of_its_language():
    heard = []
    joiner = AnswerJoiner(heard.append, several=False)
    joiner.add_sentence("home", StreamedSentence(CitedSentence("这里有熊猫", (), "。"), (), "m"))
    joiner.add_sentence("home", StreamedSentence(CitedSentence("Here is one", ()), (), "m"))
    assert [str(each.sentence) for each in heard] == ["这里有熊猫。", "Here is one."]


def test_what_comes_nearest_is_that_of_all_libraries_and_stands_for_no_answer():
    near = EvidencePassage(
        "/a.jpg", Kind.IMAGE, 1, 1, Modality.IMAGE, None, None, Claim.SHOWS, "a dog", 0.2
    )
    absent = CitedAnswer(read_question("Which picture shows a dog?"), (), (), nearest=(near,))
    nearer = replace(absent, nearest=(replace(near, path="/b.jpg", confidence=0.3),))
    joiner = AnswerJoiner(lambda _: None, several=True)
    joiner.add_answer("home", absent)
    joiner.add_answer("work", nearer)
    joined = joiner.joined()
    assert [(n.number, n.library, n.passage.path) for n in joined.nearest] == [
        (1, "work", "/b.jpg"),
        (2, "home", "/a.jpg"),
    ]
    assert joined.nearest_lines() == ["What comes nearest:", "- /b.jpg", "- /a.jpg"]
    joiner.add_sentence("home", StreamedSentence(CitedSentence("Here is one", ()), (), "m"))
    assert joiner.joined().nearest == ()
