"""Conversations: what a turn refers to in the answers before it, and what is kept of them."""

from __future__ import annotations

import json

import pytest

from engine.errors import PathNotFound, UsageError
from tests.assistant.test_ask import names


@pytest.fixture
def talk(library):
    return library.chat()


def cited(answer) -> list[str]:
    return [passage.name for passage in answer.passages]


@pytest.mark.parametrize("text", ["the second one", "Show me the second one!", "第二个", "[2]"])
def test_a_number_means_what_the_last_answer_cites(talk, text):
    first = talk.ask("What did the doctor say?")
    answer = talk.ask(text)
    assert answer.passages == (first.passages[1],)
    assert "tablets" in answer.text


def test_what_is_shown_is_what_was_cited(talk):
    first = talk.ask("Which picture shows blue?")
    assert set(cited(first)) >= {"02.png", "08.png"}
    assert talk.ask("show me").passages == first.passages
    assert talk.ask("给我看看").passages == first.passages


@pytest.mark.parametrize("text", ["show me", "and after that?", "the first one", "然后呢"])
def test_nothing_is_referred_to_before_there_is_an_answer(talk, text):
    answer = talk.ask(text)
    assert not answer.found
    assert answer.text == "There is no answer so far to refer to."


@pytest.mark.parametrize(
    "text",
    ["more like this", "Show me something like it!", "\u7c7b\u4f3c\u7684\u5462\uff1f",
     "noch so eins", "mehr davon", "are there any similar pictures?",
     "zeig mir etwas \u00c4hnliches"],
)  # fmt: skip
def test_what_is_like_a_moment_is_found_without_it(talk, text):
    first, *_ = talk.ask("Which picture shows blue?").passages
    answer = talk.ask(text)
    assert answer.notes[0] == f"asked for what is like {first.name}"
    alike = {"02.png", "08.png"} - {first.name}
    assert alike <= set(cited(answer)) and first.name not in cited(answer)
    assert {passage.claim for passage in answer.passages} == {"alike"}
    assert talk.ask("the first one").passages == answer.passages[:1]


def test_what_is_like_the_second_one_is_like_that(talk):
    second = talk.ask("Which picture shows blue?").passages[1]
    for text in ("something like the second one", "etwas wie das zweite"):
        answer = talk.ask(text)
        assert second.name not in cited(answer) and answer.found
        talk.ask("Which picture shows blue?")


def test_words_are_like_words_of_other_files(talk):
    talk.ask("What did the doctor say?")
    first = talk.ask("the first one").passages[0]
    (other,) = talk.ask("more like this").passages
    assert (other.claim, other.path != first.path) == ("says", True)
    assert "tablets" in other.text


def test_nothing_alike_is_an_answer_in_the_language_of_the_question(library):
    talk = library.chat()
    talk.ask("Who swam in the sea?")
    answer = talk.ask("noch so eins")
    assert (answer.found, answer.text) == (
        False,
        "Nichts in dieser Bibliothek ist ihm \u00e4hnlich.",
    )


@pytest.mark.parametrize("text", ["das zweite", "Zeig mir das zweite Bild!", "Nummer 2"])
def test_a_german_number_means_what_the_last_answer_cites(talk, text):
    first = talk.ask("Which picture shows blue?")
    assert talk.ask(text).passages == (first.passages[1],)


def test_german_pronouns_mean_the_file_that_was_cited(talk):
    talk.ask("Who swam in the sea?")
    for text in ("Wann wurde das aufgenommen?", "wann wurde dieses Video gemacht?", "und wann?"):
        answer = talk.ask(text)
        assert cited(answer) == ["trip.mp4"]
        assert "sagt nicht, von wann es ist" in answer.text
    assert cited(talk.ask("Wie lang ist das?")) == ["trip.mp4"]
    assert "beach" in talk.ask("Worum geht es darin?").text
    # An article is no pronoun.
    assert talk.ask("Was hat das Krokodil gesagt?").notes[:1] != ("asked about trip.mp4",)


def test_german_corrections_ask_the_same_about_something_else(talk):
    talk.ask("Which picture shows blue?")
    assert set(cited(talk.ask("Nein, ich meinte green"))) >= {"01.png", "07.png"}
    first = talk.ask("was ist mit blue?")
    assert not set(cited(talk.ask("noch ein anderes?"))) & set(cited(first))


def test_a_file_that_is_described_is_not_the_one_that_was_cited(talk):
    talk.ask("Which picture shows blue?")
    answer = talk.ask("When was the picture of red taken?")
    assert set(cited(answer)) >= {"00.png", "06.png"}


def test_a_number_that_is_not_there_is_said(talk):
    talk.ask("Who swam in the sea?")
    answer = talk.ask("the fourth one")
    assert (answer.found, answer.text) == (False, "The last answer cites 1 moment.")
    assert len(talk.ask("show me").passages) == 1  # the turn that failed is no turn


@pytest.mark.parametrize(
    "text", ["No, I meant green", "not that one, I mean green", "what about green?", "我是说green"]
)
def test_a_correction_asks_the_same_about_something_else(talk, text):
    talk.ask("Which picture shows blue?")
    answer = talk.ask(text)
    assert answer.question.subject == "green"
    assert set(cited(answer)) >= {"01.png", "07.png"}
    assert answer.notes[0].startswith("understood as: Which picture shows green")


def test_a_correction_is_of_the_question_that_found_what_was_asked_about(talk):
    talk.ask("Which picture shows blue?")
    talk.ask("When was it taken?")
    answer = talk.ask("I meant green")
    assert answer.question.text == "Which picture shows green?"
    assert set(cited(answer)) >= {"01.png", "07.png"} and "made" not in answer.text


@pytest.mark.parametrize("text", ["not that one", "another one?", "换一个", "any others?"])
def test_others_are_asked_for_without_those_that_were_named(talk, text):
    first = talk.ask("Which picture shows blue?")
    answer = talk.ask(text)
    assert not set(cited(answer)) & set(cited(first))


def test_a_pronoun_means_the_file_that_was_cited(talk):
    talk.ask("Who swam in the sea?")
    for text in ("When was it taken?", "when was that video made?"):
        answer = talk.ask(text)
        assert cited(answer) == ["trip.mp4"]
        assert "does not say when it was made" in answer.text
    answer = talk.ask("what is said about the doctor in it?")
    assert (answer.found, answer.text) == (False, "Not in trip.mp4.")


def test_a_number_narrows_a_question(talk):
    talk.ask("What did the doctor say?")
    first, second = talk.turns[-1].passages
    assert talk.ask("when was the second one made?").passages[0].path == second.path
    assert first.path != second.path


def test_what_comes_after_is_the_next_sentence(library, tmp_path):
    assert library.chat().ask("Who swam in the sea?").found
    talk = library.chat()
    talk.ask("Who swam in the sea?")
    # The one sentence of the file has none after it, but there are keyframes.
    answer = talk.ask("and after that?")
    assert all(p.start > talk.turns[0].passages[0].start for p in answer.passages)


def test_a_conversation_may_be_about_some_files(library):
    folder = next(iter(library.store.assets())).path.rpartition("/")[0]
    talk = library.chat(f"{folder}/visit.mp4")
    assert names(talk.ask("What did the doctor say?")) == {"visit.mp4"}
    assert not talk.ask("Who swam in the sea?").found
    assert names(library.chat([folder]).ask("Who swam in the sea?")) == {"trip.mp4"}
    with pytest.raises(PathNotFound, match="nothing there is in this library"):
        library.chat(f"{folder}/nothing.mp4")


def test_a_conversation_is_saved_and_goes_on(library, talk, tmp_path):
    first = talk.ask("What did the doctor say?")
    talk.save(tmp_path / "talk.json")
    for saved in (tmp_path / "talk.json", json.loads(json.dumps(talk.to_dict()))):
        again = library.chat(saved=saved)
        assert again.to_dict() == talk.to_dict()
        assert again.ask("the second one").passages[0].where == first.passages[1].where


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "about": 3}'])
def test_what_is_no_conversation_is_refused(library, tmp_path, text):
    (tmp_path / "talk.json").write_text(text)
    with pytest.raises(UsageError, match="conversation"):
        library.chat(saved=tmp_path / "talk.json")
    with pytest.raises(UsageError, match="cannot be read"):
        library.chat(saved=tmp_path / "nothing.json")


def test_history_is_bounded(library, monkeypatch):
    talk = library.chat()
    for _ in range(22):
        talk.ask("How many videos do I have?")
    assert len(talk.turns) == 20


def test_sentences_come_as_they_are_made(library):
    heard = []
    answer = library.ask("Which picture shows blue?", on_sentence=heard.append)
    assert [each.sentence for each in heard] == [*answer.sentences]
    assert [p for each in heard for p in each.passages] == [*answer.passages]


def test_one_word_asks_for_a_fact_of_what_was_cited(talk):
    talk.ask("Who swam in the sea?")
    assert "does not say when it was made" in talk.ask("And when?").text
    assert "does not say where it was made" in talk.ask("where?").text
    assert talk.ask("how long is it?").text == "trip.mp4 is 1.2 s long [1]."
    assert "visit.mp4" in talk.ask("Is it longer than visit.mp4?").text


def test_what_a_number_recalls_is_still_about_what_was_asked(talk):
    talk.ask("Which picture shows blue?")
    talk.ask("the first one")
    assert set(cited(talk.ask("and green?"))) >= {"01.png", "07.png"}


def test_a_question_without_a_verb_is_about_what_was_said(talk):
    talk.ask("What did the doctor say?")
    answer = talk.ask("Which tablets?")
    assert set(cited(answer)) == {"visit.mp4", "again.mp4"}
    assert not talk.ask("How many spoons?").found


def test_chinese_pronouns_ask_for_facts_too(talk):
    talk.ask("哪张照片里有blue\uff1f")
    answer = talk.ask("它是什么时候拍的\uff1f")
    assert cited(answer) == ["02.png"]
    assert "没有注明时间" in answer.text
    assert set(cited(talk.ask("那green呢\uff1f"))) >= {"01.png", "07.png"}


def test_what_the_list_does_not_show_is_not_shown(talk):
    talk.ask("Which picture shows blue?")
    assert not talk.ask("What about a giraffe?").found
    assert talk.ask("show it to me").text == "The last answer cites nothing."
