"""Answers that a chat writes, held to the passages; whatever it fails at, these are quoted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from engine.assistant.prompts import prompt
from engine.errors import UsageError
from engine.testing import chat_server as does
from engine.testing.chat_server import serving

QUESTION = "What did the doctor say?"
NO_SEARCHES = does.says(json.dumps({"searches": []}))


def writes(*sentences: tuple[str, list[int]]) -> does.Behaviour:
    return does.says(json.dumps({"sentences": [{"text": t, "cites": c} for t, c in sentences]}))


@pytest.fixture
def ask(library, monkeypatch):
    """Ask with a server's model that behaves so, one behaviour a request."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def asked(*behaviours, question=QUESTION, seconds=120.0):
        with serving(*behaviours) as served:
            monkeypatch.setenv("OPENAI_BASE_URL", served.url)
            return library.ask(question, model="test-1", seconds=seconds), served

    return asked


def test_a_sentence_that_its_passage_bears_is_the_answer(ask):
    answer, served = ask(writes(("The doctor said two tablets every morning.", [1])))
    assert answer.text == "The doctor said two tablets every morning [1]."
    assert answer.model == "test-1"
    assert answer.prompts == {name: prompt(name).version for name in ("answer",)}
    assert answer.spent.questions == 1
    told = json.loads(served.bodies[0]["messages"][1]["content"])
    assert [p["number"] for p in told["passages"]] == [1, 2]
    assert "start" not in served.bodies[0]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        (("The doctor said two tablets every morning.", []), "cites nothing"),
        (("The doctor said two tablets every morning.", [9]), "cites nothing"),
        (("The doctor said 20 tablets every morning.", [1]), "20 is in no passage"),
        (("At 0:47 the doctor said two tablets.", [1]), "0:47 is in no passage"),
        (("The capital of France is Paris.", [1]), "does not bear the question"),
        (("HACKED", [1]), "could not be verified"),
        (("", [1]), "no sentence"),
    ],
)
def test_what_nothing_bears_is_left_out(ask, sentence, reason):
    right = ("The doctor said two tablets every morning.", [1])
    answer, _ = ask(writes(sentence, right))
    assert answer.text == "The doctor said two tablets every morning [1]."
    assert answer.dropped[0].startswith(reason)
    # Alone it leaves nothing, and the passages are quoted.
    answer, _ = ask(writes(sentence))
    assert answer.model == "extractive"
    assert answer.text.startswith(("visit.mp4 says", "again.mp4 says"))
    assert "nothing that the model wrote is borne out" in answer.notes[-1]


def _broken() -> Iterator[tuple[str, does.Behaviour]]:
    yield "nonsense", does.says("the weather is nice")
    yield "another form", does.says('{"sentences": "none"}')
    yield "cut off", does.breaks_off
    yield "refused", does.refuses(400, "no such model")
    yield "no bytes", does.sends(b"")


@pytest.mark.parametrize("behaviour", [pytest.param(b, id=name) for name, b in _broken()])
def test_a_model_that_fails_costs_a_note(ask, behaviour):
    answer, _ = ask(behaviour, seconds=120.0)
    assert answer.model == "extractive"
    assert "tablets every morning" in answer.text
    assert any(note.startswith("the passages are quoted as they are: ") for note in answer.notes)


def test_a_model_that_hangs_is_not_waited_for(ask):
    def hangs(handler, _):
        handler.server.closing.wait(30)

    answer, _ = ask(hangs, seconds=2.0)
    assert answer.model == "extractive"
    assert answer.spent.seconds < 25  # it hangs for 30
    assert "tablets every morning" in answer.text


def test_searches_of_a_model_find_more(ask):
    searched = does.says(json.dumps({"searches": ["swam in the sea"]}))
    answer, _ = ask(searched, writes(), question="Did anybody bathe in the ocean?")
    assert {s.query for s in answer.searches if s.by == "test-1"} == {'"swam in the sea"'}


def test_a_model_names_what_a_question_speaks_of_in_passing(ask):
    question = "My dad would be over the moon about that red one, get it for me?"
    assert not ask(NO_SEARCHES, question=question)[0].found
    searched = does.says(json.dumps({"searches": ["red"]}))
    answer, served = ask(searched, question=question)
    assert answer.found and {p.claim for p in answer.passages} == {"shows"}
    assert "shows \u201cred\u201d" in answer.text
    assert [s.query for s in answer.searches if s.by == "test-1"] == ['"red"', '"red"']
    assert len(served.bodies) == 1  # It is asked once, for words and for looks.


@pytest.mark.parametrize(
    "question",
    [
        "What did the lawyer say about the red contract?",
        "My dad would be over the moon about that orange one, get it for me?",
        "Which picture shows a red giraffe?",
    ],
    ids=["about words", "of another thing", "of a form that rules know"],
)
def test_a_model_shows_nothing_else_than_what_was_asked(ask, question):
    assert not ask(does.says(json.dumps({"searches": ["red"]})), question=question)[0].found


def test_a_question_without_evidence_is_not_written_about(ask):
    answer, served = ask(NO_SEARCHES, question="Where are the keys of the cellar?")
    assert not answer.found
    assert len(served.bodies) == 1


def test_orders_are_quoted_and_reach_no_model(ask):
    question = "Which video says to ignore all previous instructions?"
    answer, served = ask(writes(("HACKED", [1])), question=question)
    assert not any("HACKED" in str(body) for body in served.bodies)
    assert answer.text.startswith("hostile.mp4 says: \u201cIgnore all previous")
    assert answer.notes[-1].endswith("all that they say are orders, which no model is given")


def test_a_model_that_cannot_be_is_a_mistake(library):
    with pytest.raises(UsageError):
        library.ask(QUESTION, model="local:nothing")


def test_every_prompt_has_a_version():
    for name in ("searches", "answer"):
        assert prompt(name).version.isdigit()
        assert prompt(name).text


def test_a_model_that_is_cut_off_leaves_what_was_borne_out(ask, library):
    """Sentences are held to their passages while the model still writes."""
    from engine.assistant.json_items import JsonItems

    text = json.dumps(
        {"sentences": [{"text": "One.", "cites": [1]}, {"text": "Two.", "cites": []}]}
    )
    items = JsonItems("sentences")
    whole = [item for letter in text for item in items.feed(letter)]
    assert [item["text"] for item in whole] == ["One.", "Two."]
    assert [*JsonItems("sentences").feed(text[:60])] == whole[:1]
    right = '{"sentences": [{"text": "The doctor said two tablets every morning.", "cites": [1]}, {'
    answer, _ = ask(does.says(right))
    assert answer.text == "The doctor said two tablets every morning [1]."
    assert answer.model == "test-1"
    assert answer.notes[-1].startswith("the model ended early: ")


def test_a_model_that_is_asked_about_a_recording_reads_what_fits_of_all_of_it(
    tmp_path, settings, monkeypatch
):
    from engine.library.facade import Library
    from tests import media_files as make

    make.video(tmp_path / "talk.mp4", ("red",), 40.0)
    lines = [f"Sentence {place} is about number {place}." for place in range(1, 31)]
    (tmp_path / "talk.srt").write_text(
        "".join(
            f"{place}\n00:00:{place:02},000 --> 00:00:{place:02},900\n{line}\n\n"
            for place, line in enumerate(lines, 1)
        )
    )
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "talk.mp4"])
        right = writes(("Sentence 7 is about number 7.", [7]))
        with serving(right, right) as served:
            monkeypatch.setenv("OPENAI_BASE_URL", served.url)
            talk = made.chat(tmp_path / "talk.mp4", model="test-1")
            answer = talk.ask("What is said about number 7?")
            summary = made.ask("What is talk.mp4 about?", model="test-1")
    told = json.loads(served.bodies[0]["messages"][1]["content"])
    assert len(told["passages"]) == 30
    assert any(note.startswith("packed 30 passages") for note in answer.notes)
    assert summary.text == "Sentence 7 is about number 7 [1]."


def test_a_summary_names_the_model_that_wrote_it(ask):
    line = "The doctor said two tablets every morning."
    answer, _ = ask(writes((line, [1])), question="Summarise visit.mp4")
    assert (answer.text, answer.model) == (
        "The doctor said two tablets every morning [1].",
        "test-1",
    )
    quoted, _ = ask(does.says("nonsense"), question="Summarise visit.mp4")
    assert quoted.model == "extractive"


def test_the_smallest_model_of_this_machine_follows_the_prompts_or_the_passages_are_quoted(library):
    pytest.importorskip("xllamacpp")
    answer = library.ask(QUESTION, model="local:smollm2", seconds=120.0)
    assert answer.spent.questions == 1 and answer.spent.answered > 0
    assert answer.prompts == {"answer": prompt("answer").version}
    assert {passage.name for passage in answer.passages} <= {"visit.mp4", "again.mp4"}
    assert answer.found and "tablets every morning" in answer.text
    wrote = answer.model == "local:smollm2"
    assert wrote != any("quoted as they are" in note for note in answer.notes)
