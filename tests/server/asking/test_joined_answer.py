"""Answers of several libraries as one."""

from __future__ import annotations

from engine.assistant.answer import CitedSentence, StreamedSentence
from engine.server.asking.joined_answer import AnswerJoiner


def test_a_sentence_keeps_the_full_stop_of_its_language():
    heard = []
    joiner = AnswerJoiner(heard.append, several=False)
    joiner.add_sentence("home", StreamedSentence(CitedSentence("这里有熊猫", (), "。"), (), "m"))
    joiner.add_sentence("home", StreamedSentence(CitedSentence("Here is one", ()), (), "m"))
    assert [str(each.sentence) for each in heard] == ["这里有熊猫。", "Here is one."]
