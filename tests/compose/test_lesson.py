"""Lessons: sentences, pictures and sounds of a topic, each with its moment, and a quiz."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.assistant.evidence import Claim
from engine.compose.quiz import cloze_questions
from engine.compose.topic import read_topic
from engine.compose.watch_report import moment_passage
from engine.errors import UsageError
from engine.testing import chat_server as does
from engine.testing.chat_server import serving
from tests.compose.conftest import VIOLIN, Node, Page, check

TOPIC = "how a violin makes sound"


@pytest.fixture(scope="module")
def lesson(library, tmp_path_factory):
    out = tmp_path_factory.mktemp("lesson") / "lesson.html"
    made = library.lesson(TOPIC, out=out, quiz=True, level="university")
    assert out.read_text() == made.html
    return made


def answered(library, question: Node) -> tuple[str, str]:
    """Answer a question by the moment that it cites; return that, and what the page marks."""
    asked = next(question.all(name="claim"))
    mark = next(asked.all(name="cite"))
    moment = library.store.records([int(mark.attributes["data-moment"])])
    (record,) = moment.values()
    text = " ".join((record.moment.text or "").split())
    before, after = next(asked.all("q")).text.split("\u2003")
    labels = {label.attributes["for"]: label.text for label in question.all("label")}
    fits = [option for option in labels.values() if f"{before}{option}{after}".strip() in text]
    (right,) = question.all("input", "right")
    assert len(fits) == 1, (before, after, labels)
    return fits[0], labels[right.attributes["id"]]


def test_every_claim_has_a_moment(library, lesson):
    page = Page(lesson.html)
    assert check(page, library) >= len(lesson.quotes) + 2 * len(lesson.quiz)
    text = page.root.text
    assert VIOLIN[4] in text
    assert "no author and no licence" in text
    (film,) = page.all("video")
    assert film.attributes["src"].startswith("data:video/mp4;base64,")


def test_the_sentences_are_those_of_the_library(library, lesson):
    spoken = {passage.passage.text for passage in lesson.quotes}
    assert spoken <= set(VIOLIN)
    assert all(quoted.passage.verdict is not None for quoted in lesson.quotes)
    around = [p.text for quoted in lesson.quotes for p in (*quoted.before, *quoted.after)]
    assert around
    assert set(around) <= set(VIOLIN)


def test_the_quiz_is_answered_by_a_program_that_reads_the_page(library, lesson):
    page = Page(lesson.html)
    questions = page.all("fieldset")
    pairs = [answered(library, question) for question in questions]
    assert len(pairs) == len(lesson.quiz) > 3
    assert all(fits == marked for fits, marked in pairs)
    assert not page.all("script")


def test_ten_questions_of_ten_sentences_are_right(library, lesson):
    quoted = lesson.quotes[0].passage
    records = library.browse.moments_of(quoted.asset_id, "speech")
    passages = [moment_passage(r, quoted.path, Claim.SAYS, r.moment.text or "") for r in records]
    made = cloze_questions(passages, TOPIC)
    assert len(made) == 10
    for question in made:
        whole = [f"{question.before}{o}{question.after}" for o in question.options]
        assert [line in VIOLIN for line in whole].index(True) == question.answer
        assert sum(line in VIOLIN for line in whole) == 1
        assert len(set(map(str.casefold, question.options))) == len(question.options) >= 3
        assert not {"violin", "because", "until"} & set(map(str.casefold, question.options))
    assert cloze_questions(passages, TOPIC) == made


CHINESE = (
    "小提琴有四根琴弦\uff0c琴弓摩擦时会振动。", "琴弓上涂有松香\uff0c松香可以增加摩擦力。",
    "小提琴的身体是用木头做的\uff0c里面是空的。", "演奏者用手指按住琴弦来改变音高。",
    "短的琴弦振动得更快\uff0c声音也更高。", "老的小提琴价值几百万美元。",
)  # fmt: skip


def test_chinese_sentences_lose_a_word_that_is_one(library):
    quoted = library.lesson(TOPIC).quotes[0].passage
    passages = [replace(quoted, text=text, moment_id=n) for n, text in enumerate(CHINESE)]
    made = cloze_questions(passages, "小提琴怎么发声")
    assert len(made) >= 4
    for question in made:
        answer = question.options[question.answer]
        assert f"{question.before}{answer}{question.after}" == question.passage.text
        assert len(answer) >= 2 and answer not in ("小提琴", "可以")
        others = [option for option in question.options if option != answer]
        assert others and not any(option in question.passage.text for option in others)


def test_pupils_get_fewer_and_shorter_sentences(library, lesson):
    short = library.lesson(TOPIC)
    assert len(short.quotes) <= len(lesson.quotes)
    assert not any(quoted.before or quoted.after for quoted in short.quotes)
    assert not short.quiz
    assert "Quiz" not in Page(short.html).root.text


def test_a_thing_is_shown_where_nothing_is_said_of_it(library):
    made = library.lesson("green", quiz=True)
    assert made.found
    assert len(made.shown) >= 3
    page = Page(made.html)
    check(page, library)
    assert "Nothing that is said or written in this library" in page.root.text
    assert f"Likely green ({made.shown[0].confidence:.0%})" in page.root.text


@pytest.mark.parametrize("topic", ["how quantum computers work", "giraffes", "why red is warm"])
def test_there_is_not_enough_about_it(library, tmp_path, topic):
    made = library.lesson(topic, out=tmp_path / "lesson.html")
    assert (made.found, made.html) == (False, "")
    assert not [*tmp_path.iterdir()]


def test_no_topic_and_no_level_are_mistakes(library):
    for wrong in ("", "?!", "a" * 301):
        with pytest.raises(UsageError, match="a topic has"):
            library.lesson(wrong)
    with pytest.raises(UsageError, match="school and university"):
        library.lesson(TOPIC, level="kindergarten")


@pytest.mark.parametrize(
    ("topic", "thing"),
    [
        (TOPIC, "violin"), ("bees", "bees"), ("how do volcanoes work?", "volcanoes"),
        ("the Roman army", "Roman army"), ("小提琴", "小提琴"),
    ],
)  # fmt: skip
def test_the_thing_of_a_topic(topic, thing):
    assert read_topic(topic).thing == thing


# --- with a model ---------------------------------------------------------------------


@pytest.fixture
def taught(library, monkeypatch):
    """Make a lesson with a model that behaves so, one behaviour a request."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def made(*behaviours):
        with serving(*behaviours) as served:
            monkeypatch.setenv("OPENAI_BASE_URL", served.url)
            return library.lesson(TOPIC, quiz=True, model="test-1", seconds=20), served

    return made


def question(text, answer, wrong, cites=1):
    return {"question": text, "answer": answer, "wrong": wrong, "cites": cites}


def test_a_model_writes_what_its_moments_bear(library, lesson, taught):
    best = lesson.quotes[0].passage.text
    word = best.split()[-1].strip(".")
    right = question(f"Why does a violin make sound, and what of the {word}?", word,
                     ["cheese", "paper", "glass"])  # fmt: skip
    false = [
        question("How does a violin make sound?", "cheese", ["paper", "glass", "stone"]),
        question("How does a violin make sound?", word, ["violin", "glass", "stone"]),
        question("How does a violin make sound?", word, ["glass", "stone", "paper"], 99),
        question("What is the capital of France?", word, ["glass", "stone", "paper"]),
        {"question": 3},
        "nothing",
    ]
    sentences = [{"text": best, "cites": [1]}, {"text": "It is made in Paris.", "cites": [1]}]
    made, served = taught(
        does.says(json.dumps({"sentences": sentences})),
        does.says(json.dumps({"questions": [right, *false][:5]})),
    )
    assert [text for text, _ in made.written] == [best]
    assert [q.text for q in made.quiz if not q.is_cloze] == [right["question"]]
    assert made.quiz[0].options[made.quiz[0].answer] == word
    page = Page(made.html)
    check(page, library)
    assert "Paris" not in page.root.text
    assert len(served.bodies) == 2


@pytest.mark.parametrize("behaviour", [does.says("nonsense"), does.refuses(400, "gone")],
                         ids=["nonsense", "refused"])  # fmt: skip
def test_a_model_that_fails_costs_a_note(library, lesson, taught, behaviour):
    made, _ = taught(behaviour)
    assert made.quiz == library.lesson(TOPIC, quiz=True).quiz
    assert made.notes[-1].startswith("no model wrote here: ")
    check(Page(made.html), library)


def test_names_of_files_are_names(library):
    made = library.lesson("red")
    page = Page(made.html)
    check(page, library)
    names = {Path(passage.path).name for passage in made.shown}
    assert names
    assert "<img src=x" not in made.html
