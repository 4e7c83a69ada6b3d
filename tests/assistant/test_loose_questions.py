"""Questions in the words of people, which no rule knows: what is looked for is found in them."""

from __future__ import annotations

from datetime import date

import pytest

from engine.assistant.loose_questions import LONGEST_CLAUSE, read_loosely
from engine.assistant.question import (
    Wanted,
    has_known_form,
    read_anew,
    read_question,
    shown_instead,
)
from engine.types import Kind

IMAGE, VIDEO, AUDIO = Kind.IMAGE, Kind.VIDEO, Kind.AUDIO


@pytest.mark.parametrize(
    ("text", "subject", "kinds"),
    [
        ("Where can I see a tractor?", "a tractor", ()),
        ("Any clips with a ferry?", "a ferry", (VIDEO,)),
        ("I'm looking for a photo of an old tractor", "an old tractor", (IMAGE,)),
        ("Can you hear an owl hooting in one of the recordings?", "an owl hooting", (AUDIO,)),
        ("Is an owl hooting to be heard somewhere?", "an owl hooting", (VIDEO, AUDIO)),
        ("When does the ferry show up in the video?", "ferry", (VIDEO,)),
        ("How many ducks are on the pond in this picture?", "ducks on the pond", (IMAGE,)),
        ("Somebody is juggling in one of my photos, which one?", "juggling", (IMAGE,)),
        ("Which photo was taken in Norway?", "Norway", (IMAGE,)),
        ("I'd love to see an old tractor, got one?", "an old tractor", ()),
        ("Any fotos of tractors lying around?", "tractors", (IMAGE,)),
        (
            "Ich hätte gern das Foto, auf dem ein Traktor im Feld steht",
            "ein Traktor im Feld steht",
            (IMAGE,),
        ),
        ("我记得有一张图是几个人在划船\uff0c是哪张\uff1f", "人在划船", (IMAGE,)),
        ("把拖拉机的照片都找出来", "拖拉机", (IMAGE,)),
        ("Auf welchen Fotos ist ein Traktor zu sehen?", "ein Traktor", (IMAGE,)),
        ("Gibt es irgendwo ein Video mit einer Fähre?", "einer Fähre", (VIDEO,)),
        ("In welcher Aufnahme hört man eine Eule?", "eine Eule", (AUDIO,)),
        ("Welches Bild wurde in Norwegen aufgenommen?", "Norwegen", (IMAGE,)),
        ("能看到拖拉机吗\uff1f", "拖拉机", ()),
        ("有没有猫头鹰的声音\uff1f", "猫头鹰", (VIDEO, AUDIO)),
        ("帮我找一下拖拉机的照片", "拖拉机", (IMAGE,)),
    ],
)
def test_what_is_seen_or_heard_is_looked_for_in_files(text, subject, kinds):
    read = read_question(text)
    assert (read.wanted, read.subject, read.kinds) == (Wanted.FILES, subject, kinds)


@pytest.mark.parametrize(
    "text",
    [
        "What does the man in the video say about the ferry?",
        "Did anyone mention the tractor?",
        "Which road do I have to take to the ferry?",
        "What is the number on the ticket in the picture?",
        "When do I meet Paul at the ferry?",
        "Do I have to bring the tractor?",
        "Who called about the tractor?",
        "Wann muss ich an der Fähre sein?",
        "Wer spricht in der Aufnahme über die Fähre?",
        "Wie lautet die Nummer auf dem Bild?",
        "谁在录音里提到拖拉机\uff1f",
        "会议几点开始\uff1f",
    ],
)
def test_what_is_said_or_written_is_looked_for_in_words(text):
    read = read_question(text)
    assert read.wanted in (Wanted.WORDS, Wanted.SPEECH)
    assert shown_instead(read) is None


@pytest.mark.parametrize(
    ("text", "subject", "kinds"),
    [
        ("Is there a tractor in a field?", "a tractor in a field", ()),
        ("What is written on the side of the ferry?", "the side of the ferry", (IMAGE, VIDEO)),
        ("Was steht auf dem Traktor?", "Traktor", (IMAGE, VIDEO)),
        ("That ferry in the harbour, what company does it belong to?", "ferry in the harbour", ()),
        ("old tractor, please", "old tractor", ()),
        (
            "Two men are juggling in a park somewhere in here, can you find them?",
            "Two men juggling in a park",
            (),
        ),
    ],
)
def test_where_no_words_tell_of_a_thing_it_is_shown(text, subject, kinds):
    read = read_question(text)
    shown = shown_instead(read)
    assert read.wanted is Wanted.WORDS and shown is not None
    assert (shown.wanted, shown.subject, shown.kinds) == (Wanted.FILES, subject, kinds)


def test_where_nothing_shows_a_thing_words_may_tell_of_it():
    read = read_question("There was a voicemail congratulating me on a tractor. What did I win?")
    assert read.wanted is Wanted.FILES and read.kinds == (AUDIO,)
    assert read.subject == "congratulating me on a tractor"
    told = read_anew(read)
    assert told is not None and told.wanted is Wanted.WORDS
    assert read_anew(read_question("Which picture shows a tractor?")) is None


@pytest.mark.parametrize(
    ("text", "wanted", "subject"),
    [
        ("When were the photos with the tractor taken?", Wanted.DATE, "the tractor"),
        ("On which day was the ferry filmed?", Wanted.DATE, "ferry"),
        ("In which town were the tractor pictures taken?", Wanted.PLACE, "tractor"),
        ("How many tractor photos do I have?", Wanted.COUNT, "tractor"),
    ],
)
def test_times_places_and_numbers_of_files_are_asked_for_in_other_words_too(text, wanted, subject):
    read = read_question(text)
    assert (read.wanted, read.subject) == (wanted, subject)


def test_files_of_a_time_are_listed():
    read = read_question(f"What did I photograph in March {date.today().year - 1}?")
    assert read.searches == (f"pictures from March {date.today().year - 1}",)


@pytest.mark.parametrize("text", ["", "show", "in the picture", "which one", "哪里", "is there"])
def test_what_looks_for_nothing_is_not_read(text):
    assert read_loosely(text) is None


@pytest.mark.parametrize(
    "piece", ["a ", "where is my ", "which picture shows a ", "\u732b\u548c\u72d7"]
)
def test_of_a_text_that_is_longer_than_a_question_no_form_is_looked_for(piece):
    text = (piece * 2_000)[: LONGEST_CLAUSE + 1].rstrip() + "xx"
    question = read_question(text)
    assert read_loosely(text) is None
    assert not has_known_form(question) and question.wanted == "words"
    assert shown_instead(question) is None
    behind = read_question(f"{text}. Which picture shows a dog?")
    assert behind.clauses[-1] == "Which picture shows a dog"
