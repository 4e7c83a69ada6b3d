"""Questions read by rules: the kind of answer, what it is about, and the searches."""

from __future__ import annotations

import pytest

from engine.assistant.question import Wanted, read_question
from engine.types import Kind


@pytest.mark.parametrize(
    ("text", "wanted", "subject", "kinds"),
    [
        ("Which video shows the whiteboard?", Wanted.FILES, "the whiteboard", (Kind.VIDEO,)),
        ("which pictures have a dog", Wanted.FILES, "a dog", (Kind.IMAGE,)),
        ("Is there a recording of thunder?", Wanted.FILES, "thunder", (Kind.AUDIO,)),
        ("Do I have any photos of my cat?", Wanted.FILES, "my cat", (Kind.IMAGE,)),
        ("Which memo mentions the doctor?", Wanted.SPEECH, "the doctor", (Kind.AUDIO,)),
        ("What is said about the budget?", Wanted.SPEECH, "the budget", ()),
        ("Who says that it rains?", Wanted.SPEECH, "that it rains", ()),
        ("How many pictures of pandas are there?", Wanted.COUNT, "pandas", (Kind.IMAGE,)),
        ("how many videos do I have?", Wanted.COUNT, "", (Kind.VIDEO,)),
        ("How many photos from 2023 are there?", Wanted.COUNT, "2023", (Kind.IMAGE,)),
        ("When was the picture of the zebra taken?", Wanted.DATE, "the zebra", (Kind.IMAGE,)),
        ("Where did I photograph the tower?", Wanted.PLACE, "the tower", (Kind.IMAGE, Kind.VIDEO)),
        ("哪张照片里有熊猫\uff1f", Wanted.FILES, "熊猫", (Kind.IMAGE,)),
        ("有多少张狗的照片\uff1f", Wanted.COUNT, "狗", (Kind.IMAGE,)),
        ("哪段录音提到了医生\uff1f", Wanted.SPEECH, "医生", (Kind.AUDIO,)),
        ("熊猫的照片是什么时候拍的\uff1f", Wanted.DATE, "熊猫", (Kind.IMAGE,)),
        # Of things and not of files: no rule knows these, so words answer them.
        ("How many tablets should I take?", Wanted.WORDS, "tablets should I take", ()),
        ("When is the meeting?", Wanted.WORDS, "the meeting", ()),
        ("What do I have to buy?", Wanted.WORDS, "buy", ()),
        ("会议什么时候开始\uff1f", Wanted.WORDS, "会议什么时候开始", ()),
    ],
)
def test_a_question_is_read_by_rules(text, wanted, subject, kinds):
    read = read_question(text)
    assert (read.wanted, read.subject, read.kinds) == (wanted, subject, kinds)


def test_words_are_searched_by_what_matters_and_by_the_question_itself():
    assert read_question("What did the doctor say?").searches == (
        "the doctor say",
        "What did the doctor say",
    )


def test_moments_in_order_are_one_search():
    assert read_question("Which video shows a car and then a dog?").searches == (
        '"a car" then "a dog"',
    )


def test_a_picture_has_no_moments_in_order():
    read = read_question("Which pictures show a car and then a dog?")
    assert read.searches == ("a car and then a dog",)


def test_files_from_a_time_are_asked_for_as_such():
    assert read_question("How many photos from 2023 are there?").searches == ("pictures from 2023",)


def test_a_second_question_is_a_clause_of_its_own():
    read = read_question("Which video mentions a treasure, and where is it buried?")
    assert (read.subject, read.clauses) == (
        "a treasure",
        ("Which video mentions a treasure", "where is it buried"),
    )


def test_a_question_behind_what_leads_to_it_is_a_clause_too():
    read = read_question("There was a message about a hike. How far did we walk?")
    assert read.clauses == (
        "There was a message about a hike. How far did we walk",
        "How far did we walk",
    )


@pytest.mark.parametrize("text", ["?", "what", "how many pictures", "a" * 2_000, "和 and what"])
def test_anything_can_be_asked(text):
    assert read_question(text).searches


@pytest.mark.parametrize(
    ("text", "pair", "measure", "least"),
    [
        ("Which is longer, a.mp4 or b.mp4?", ("a.mp4", "b.mp4"), "length", False),
        ("which video is shorter: a.mp4 or b.mp4", ("a.mp4", "b.mp4"), "length", True),
        ("Which of a.mp4 and b.mp4 is older?", ("a.mp4", "b.mp4"), "date", True),
        ("Is a.mp4 larger than b.mp4?", ("a.mp4", "b.mp4"), "size", False),
        ("a.mp4和b.mp4哪个更新\uff1f", ("a.mp4", "b.mp4"), "date", False),
        ("a.mp4比b.mp4长吗\uff1f", ("a.mp4", "b.mp4"), "length", False),
    ],
)
def test_two_files_are_compared(text, pair, measure, least):
    read = read_question(text)
    assert (read.wanted, read.compared, read.measure, read.least) == (
        Wanted.COMPARE, pair, measure, least,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted", "subject"),
    [
        ("How long is the video of the beach?", Wanted.LENGTH, "the video of the beach"),
        ("how long is bikes.mp4", Wanted.LENGTH, "bikes.mp4"),
        ("How long is the hike?", Wanted.WORDS, "the hike"),
        ("How long does the cake bake?", Wanted.WORDS, "the cake bake"),
        ("How large is it?", Wanted.SIZE, "it"),
        ("Summarize memo 4", Wanted.SUMMARY, "memo 4"),
        ("What is memo 4 about?", Wanted.SUMMARY, "memo 4"),
        ("总结一下memo 4", Wanted.SUMMARY, "memo 4"),
        ("What does he say about the money?", Wanted.SPEECH, "the money"),
    ],
)
def test_files_are_asked_about(text, wanted, subject):
    read = read_question(text)
    assert (read.wanted, read.subject) == (wanted, subject)
    assert type(read).from_dict(read.to_dict()) == read


@pytest.mark.parametrize(
    ("text", "wanted", "subject"),
    [
        ("Welches Bild zeigt ein Zebra?", "files", "ein Zebra"),
        ("Auf welchen Fotos ist ein Hund zu sehen?", "files", "ein Hund"),
        ("Wie viele Bilder mit Pandas gibt es?", "count", "Pandas"),
        ("Wann wurde das Bild vom Zebra aufgenommen?", "date", "Zebra"),
        ("Wo wurde das Foto vom Eiffelturm gemacht?", "place", "Eiffelturm"),
        ("Was hat der Arzt \u00fcber die Tabletten gesagt?", "speech", "die Tabletten"),
        ("In welchem Video geht es um einen Schatz?", "speech", "einen Schatz"),
        ("Wie lang ist das Video vom Strand?", "length", "das Video vom Strand"),
        ("Fasse Memo 4 zusammen", "summary", "Memo 4"),
    ],
)
def test_german_questions_are_read_and_answered_in_german(text, wanted, subject):
    question = read_question(text)
    assert (question.wanted, question.subject) == (wanted, subject)
    assert question.frames.absent == "Nicht in dieser Bibliothek."


@pytest.mark.parametrize("text", ["What was the die cast in?", "Who sang Der Freisch\u00fctz?"])
def test_a_word_of_german_makes_no_question_german(text):
    assert read_question(text).frames.absent == "Not in this library."
