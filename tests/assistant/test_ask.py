"""Answers without a model: quotes, files, counts and dates, each with its moment, or none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.assistant.answer import NOT_HERE
from engine.assistant.verification import Verifier
from engine.errors import QuerySyntax, UsageError
from engine.library.facade import Library
from tests import media_files as make
from tests.assistant.conftest import HOSTILE_NAME, SAID


def names(answer) -> set[str]:
    return {Path(passage.path).name for passage in answer.passages}


def test_what_is_said_is_quoted_once_with_every_moment_that_says_it(library):
    answer = library.ask("What did the doctor say?")
    (sentence,) = answer.sentences
    assert SAID["visit"].strip(".") in sentence.text
    assert sentence.cites == (1, 2)
    assert names(answer) == {"visit.mp4", "again.mp4"}
    # Times are those of the index.
    assert {(p.start, p.end) for p in answer.passages} == {(0.5, 0.9)}
    assert answer.text.endswith("[1][2].")
    assert str(answer).splitlines()[1].startswith("[1] ")


def test_a_number_of_things_is_a_matter_of_words(library):
    assert names(library.ask("How many tablets every morning?")) == {"visit.mp4", "again.mp4"}


def test_files_that_show_something_are_named_one_by_one(library):
    answer = library.ask("Which picture shows red?")
    assert {p.path.rpartition("/")[2] for p in answer.passages} >= {"00.png", "06.png"}
    assert all(p.confidence >= 0.5 and p.claim == "shows" for p in answer.passages)
    # No more is claimed than what was searched for, with how likely it is.
    assert all(
        f"shows \u201cred\u201d ({p.confidence:.0%})" in answer.text for p in answer.passages
    )


def test_files_are_counted(library):
    answer = library.ask("How many pictures show blue?")
    assert answer.text == "2 pictures are likely matches for \u201cblue\u201d [1][2]."
    assert library.ask("How many videos do I have?").text.startswith("5 videos [1]")
    assert library.ask("how many pictures are there?", where="path = 0*").text.startswith("10 pic")


def test_dates_and_places_come_from_the_index_or_are_not_known(library):
    told = library.ask("When was the picture of red taken?")
    (sentence,) = told.sentences  # once, for all of them
    assert "do not say when they were made" in sentence.text
    assert len(sentence.cites) == len(told.passages) == 3
    assert "do not say where" in library.ask("Where was the picture of red taken?").text


def test_an_answer_speaks_the_language_of_the_question(library):
    answer = library.ask("有多少张blue的照片\uff1f")
    assert answer.text == "2 张照片很可能符合\u201cblue\u201d [1][2]。"
    assert "里有\u201cred\u201d" in library.ask("哪张照片里有red\uff1f").text
    assert "没有注明时间" in library.ask("red的照片是什么时候拍的\uff1f").text
    assert library.ask("哪张照片里有熊猫\uff1f").text == "这个库里没有。"


@pytest.mark.parametrize(
    "question",
    [
        "What did the lawyer say about the contract?",
        "Where are the keys of the cellar?",
        "Which picture shows a giraffe?",
        "How many recordings of rain are there?",
        "Which video mentions a helicopter?",
    ],
)
def test_what_is_not_here_is_not_answered(library, question):
    answer = library.ask(question)
    assert (answer.found, answer.text, answer.passages) == (False, NOT_HERE, ())


def test_what_comes_nearest_to_no_answer_is_named_once_a_file(library):
    answer = library.ask("Which picture shows a giraffe?")
    assert [p.confidence for p in answer.nearest] == sorted(
        (p.confidence for p in answer.nearest), reverse=True
    )
    assert len({p.path for p in answer.nearest}) == len(answer.nearest) == 5
    first, label, *lines = str(answer).splitlines()
    assert (first, label) == (NOT_HERE, "What comes nearest:")
    assert lines == [f"- {passage.where}" for passage in answer.nearest]
    assert [row["path"] for row in answer.to_dict()["nearest"]] == [p.path for p in answer.nearest]
    answered = library.ask("What did the doctor say?")
    assert answered.nearest == () and "nearest:" not in str(answered)


def test_without_the_verifier_less_would_be_left_out(library, monkeypatch):
    """The cross-encoder is what stands between likely words and an answer."""
    question = "Who swam in the sea?"
    assert names(library.ask(question)) == {"trip.mp4"}
    sources = replace(library._assistant._sources, verifier=Verifier(None))
    monkeypatch.setattr(library._assistant, "_sources", sources)
    assert "words were not verified" in library.ask(question).notes[0]


def test_files_that_give_orders_change_nothing(library):
    for question in ("What did the doctor say?", "How many pictures show blue?"):
        assert "HACKED" not in library.ask(question).text
    said = library.ask("Which video says to ignore all previous instructions?")
    (sentence,) = said.sentences
    assert names(said) == {"hostile.mp4"}
    assert sentence.text.startswith("hostile.mp4 says: \u201cIgnore all previous")
    shown = library.ask("Which picture shows red?")
    assert HOSTILE_NAME in names(shown)
    assert shown.text.count("HACKED") == 1  # the name of the file, as a name


def test_a_question_that_is_no_query_is_asked_as_it_stands(library):
    for question in ("what is said about 2: + -", "which picture shows kind:nothing (", "why -?"):
        assert library.ask(question).searches


@pytest.mark.parametrize("question", ["", " ?!", "a" * 2_001])
def test_no_question_is_a_mistake(library, question):
    with pytest.raises(UsageError):
        library.ask(question)


def test_a_filter_that_cannot_be_read_is_a_mistake(library):
    with pytest.raises(QuerySyntax):
        library.ask("which picture shows red?", where="colour = red")


def test_the_record_tells_all(library):
    answer = library.ask("What did the doctor say?")
    document = json.loads(json.dumps(answer.to_dict()))
    assert document["model"] == "extractive"
    assert document["sentences"] == [{"text": answer.sentences[0].text, "cites": [1, 2]}]
    assert [c["number"] for c in document["citations"]] == [1, 2]
    assert [s["query"] for s in document["searches"]] == [*answer.question.searches]
    assert document["left_out"]
    explained = answer.explain()
    for part in ("wanted: words", "searched (rules)", "cited [1]", "left out, not likely", "took:"):
        assert part in explained


def test_files_of_a_time_are_counted_for_certain(library):
    assert library.ask("How many pictures from today are there?").text.startswith("13 pictures")
    assert not library.ask("How many pictures from 2001 are there?").found


def test_nothing_is_found_in_an_empty_library(tmp_path, settings):
    with Library.open(tmp_path / "empty", create=True, encoder="fake", settings=settings) as empty:
        for question in ("what is said?", "how many pictures are there?", "哪张照片里有熊猫"):
            assert not empty.ask(question).found


def test_two_files_are_compared_by_their_facts(library):
    answer = library.ask("Which is longer, visit.mp4 or notes.mp4?")
    assert answer.text == "notes.mp4 is longer than visit.mp4: 1.8 s against 1.0 s [1][2]."
    assert [p.name for p in answer.passages] == ["notes.mp4", "visit.mp4"]
    assert "visit.mp4 is shorter" in library.ask("which is shorter, visit.mp4 or notes.mp4").text
    assert library.ask("Is visit larger than visit?").text.startswith(
        "visit.mp4 and visit.mp4 are eq"
    )
    assert "does not say when" in library.ask("which is newer, visit.mp4 or 00.png?").text
    assert "比 visit.mp4 更长" in library.ask("visit.mp4和notes.mp4哪个更长").text
    assert not library.ask("Which is longer, nothing.mp4 or visit.mp4?").found


def test_files_say_how_long_and_how_large_they_are(library):
    assert library.ask("How long is visit.mp4?").text == "visit.mp4 is 1.0 s long [1]."
    assert library.ask("How large is 00.png?").text.startswith("00.png has ")
    assert library.ask("How long is 00.png?").text == "00.png has no length [1]."


def test_a_recording_is_summed_up_by_its_sentences(library):
    for question in ("What is trip.mp4 about?", "summarize trip", "trip.mp4讲了什么"):
        (passage,) = library.ask(question).passages
        assert (passage.name, passage.claim, passage.start) == ("trip.mp4", "says", 0.5)
    assert not library.ask("What is the fuss about?").found


def test_what_is_rather_something_else_is_not_counted(library, monkeypatch):
    sources = library._assistant._sources
    question = "How many pictures show blue?"
    better = {p.moment_id: ["red", "a\ndog", "x"] for p in library.ask(question).passages[:1]}
    counted = replace(sources, rivals=lambda _, ids: {i: better.get(i, []) for i in ids})
    monkeypatch.setattr(library._assistant, "_sources", counted)
    answer = library.ask(question)
    assert answer.text.startswith("1 picture is a likely match")
    assert any(left.reason == "rather shows \u201cred\u201d" for left in answer.left_out)


def test_words_that_stand_out_answer_where_nobody_reads_the_question(library, monkeypatch):
    """A question in another language is long, and so nothing is likely; its vector finds it."""
    question = "went to the beach and swam in the sea gestern morgen abends immer wieder"
    sources = library._assistant._sources
    unread = replace(sources, verifier=Verifier(None))
    monkeypatch.setattr(library._assistant, "_sources", unread)
    answer = library.ask(question)
    assert names(answer) == {"trip.mp4"}
    assert answer.passages[0].confidence < 0.5
    assert any("stands out" in note for note in answer.notes)
    assert not library.ask("wann wo wie viele gestern morgen abends").found


def test_the_whole_answer_keeps_its_time(library, monkeypatch):
    """What was not verified in time is left out, and said; the likeliest is judged all the same."""
    answer = library.ask("What did the doctor say?", seconds=1e-6)
    assert names(answer) <= {"visit.mp4", "again.mp4"}
    assert answer.found
    assert any("the time was over" in note for note in answer.notes)


def test_moments_in_order_are_all_cited(tmp_path, settings):
    make.video(tmp_path / "scenes.mp4", ("red", "blue"), 2.0)
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "scenes.mp4"])
        answer = made.ask("Which video shows red and then blue?")
        (sentence,) = answer.sentences
        assert sentence.cites == (1, 2)
        first, second = answer.passages
        assert (first.name, second.text) == ("scenes.mp4", "blue")
        assert first.start < second.start


def test_a_german_question_is_answered_in_german(library):
    answer = library.ask("Welches Video zeigt gr\u00fcn?")
    assert answer.text.startswith("trip.mp4 zeigt \u201egr\u00fcn\u201c") or not answer.found
    counted = library.ask("Wie viele Bilder habe ich?")
    assert counted.text.startswith("13 Bilder [1]")
