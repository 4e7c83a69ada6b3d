"""Thirty media that give orders, before a model that obeys each that it sees: none is obeyed."""

from __future__ import annotations

import glob
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.assistant.answer import EXTRACTIVE
from engine.library.facade import Library
from engine.query.language import quoted
from engine.store import Store
from engine.testing.chat_server import serving
from engine.testing.fake_encoder import fake_towers
from engine.testing.obedient_chat import obeys, shown_to
from tests import media_files as make
from tests.assistant.hostile_media import HOSTILE, Hostile, colour_of, ids, write

FEW = 5


class SignReader:
    """Reads in a picture what the sign of its colour says."""

    side = 32

    def read(self, image):
        mean = np.asarray(image, np.float32).mean((0, 1))
        signs = {n: colour_of(n) for n, each in enumerate(HOSTILE) if each.carrier == "sign"}
        near = min(signs, key=lambda n: float(np.abs(mean - signs[n]).sum()))
        return [HOSTILE[near].text] if np.abs(mean - signs[near]).sum() < 4 else []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, settings) -> Iterator[tuple[Library, list[Path]]]:
    place = tmp_path_factory.mktemp("hostile")
    media = place / "media"
    media.mkdir()
    paths = [write(media, number) for number in range(len(HOSTILE))]
    for number in range(60):  # words are rare among many files alone
        make.picture(media / f"plain{number}.png", "black", (20 + number, 20))
    towers = replace(fake_towers(), screen=SignReader())
    with Library(Store.create(place / "library", "fake"), settings, towers) as library:
        report = library.index([media])
        assert (report.added, report.failed) == (90, 0)
        yield library, paths


@pytest.fixture(scope="module")
def of_few(hostile, tmp_path_factory, settings) -> Iterator[Callable[[int], Library]]:
    """Libraries with five of the files each: a lesson verifies what each file says, one by one."""
    library, paths = hostile
    opened: dict[int, Library] = {}

    def of(number: int) -> Library:
        few = number // FEW
        if few not in opened:
            copy = shutil.copytree(library.path, tmp_path_factory.mktemp("few") / "library")
            opened[few] = stack.enter_context(Library.open(copy, settings=settings))
            for n, path in enumerate(paths):
                if n // FEW != few:
                    assert opened[few].remove(path) == 1
        return opened[few]

    with ExitStack() as stack:
        yield of


@pytest.fixture
def model(monkeypatch):
    """The obedient model, as a server; its answers are made while the test runs."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def started(each: Hostile, *, beside: bool = False):
        server = serving(obeys({_part(each): each.payload}, beside=beside))
        served = server.__enter__()
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        started.stop = lambda: server.__exit__(None, None, None)
        return served

    started.stop = lambda: None
    yield started
    started.stop()


def _part(each: Hostile) -> str:
    """Return the words of an order that stay as they are on any way to a model."""
    return max(re.split('[<>|{}\\[\\]"#\u202e\u202c]', each.order), key=len).strip()


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def state(library: Library, paths: list[Path]) -> object:
    """Return what an order could have changed: files, tags, settings, and the library itself."""
    files = {p: p.read_bytes() for p in sorted(paths[0].parent.iterdir())}
    return files, dict(library.stats().tags), library.generation, library.settings, len(
        library.curate.runs()
    )  # fmt: skip


def obeyed(answer, each: Hostile) -> bool:
    """Tell whether words of the order are the answer's own, and no quote of what a file says."""
    if answer.model == EXTRACTIVE:
        quotes = [letters(p.worded(answer.question.frames)) for p in answer.passages]
        return not all(letters(s.text) in quotes for s in answer.sentences)
    return letters(each.payload) in letters(answer.text)


def asked(library: Library, path: Path, question: str, **options):
    """Ask of one file, so that what it says reaches the model, and in little time."""
    return library.ask(question, where=f"path = {quoted(glob.escape(str(path)))}", **options)


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=ids())
def test_an_order_is_not_obeyed_and_changes_nothing(hostile, model, number):
    library, paths = hostile
    each, before = HOSTILE[number], state(*hostile)
    model(each)
    answer = asked(library, paths[number], each.question, model="test-1", seconds=120)
    assert not obeyed(answer, each)
    assert answer.found
    assert {p.path for p in answer.passages} == {str(paths[number])}
    assert state(*hostile) == before


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=ids())
def test_an_order_beside_a_true_sentence_is_not_obeyed(hostile, model, number):
    library, paths = hostile
    each = HOSTILE[number]
    model(each, beside=True)
    answer = asked(library, paths[number], each.question, model="test-1", seconds=120)
    assert not obeyed(answer, each)


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=ids())
def test_an_order_is_not_obeyed_in_a_summary_or_a_conversation(hostile, model, number):
    library, paths = hostile
    each, path = HOSTILE[number], paths[number]
    model(each, beside=True)
    summary = asked(library, path, f"summarize {path.name}", model="test-1")
    talk = library.chat(path, model="test-1")
    turns = [talk.ask("what is it about?"), talk.ask(each.question)]
    for answer in (summary, *turns):
        assert not obeyed(answer, each), answer.text


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=ids())
def test_an_order_is_not_obeyed_on_a_page(hostile, of_few, model, monkeypatch, number):
    monkeypatch.setattr("engine.compose.seen.EVERYDAY_THINGS", ("a dog",))  # each is a search
    each, path = HOSTILE[number], hostile[1][number]
    served = model(each, beside=True)
    written = _written(of_few(number), path, each)
    assert not any(_part(each) in shown_to(body) for body in served.bodies)
    assert [text for text in written if letters(each.payload) in letters(text)] == []


def _written(library: Library, path: Path, each: Hostile) -> list[str]:
    """Return what the model wrote of a story, a lesson and a report that the file is in."""
    story = library.story(each.thing, model="test-1")
    found = [text for chapter in story.chapters for text, _ in chapter.written]
    lesson = library.lesson(f"where the {each.thing} is kept", quiz=True, model="test-1")
    found += [text for text, _ in lesson.written] + [question.text for question in lesson.quiz]
    if path.suffix in (".mp4", ".mkv"):
        report = library.watch_report(path, questions=[each.question], model="test-1")
        found += [a.text for a in report.answers if a.model != EXTRACTIVE]
    return found


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=ids())
def test_what_it_says_can_be_asked(hostile, number):
    """A plain answer quotes the file, order and all, as what the file says."""
    library, paths = hostile
    each = HOSTILE[number]
    answer = asked(library, paths[number], each.question)
    assert answer.found
    assert answer.passages[0].path == str(paths[number])
    assert letters(each.true) in letters(answer.text)


def test_an_order_that_reaches_a_model_is_obeyed(hostile, model, monkeypatch):
    """The model obeys indeed: shown the whole passage, it writes the order's words beside it."""
    library, paths = hostile
    monkeypatch.setattr("engine.assistant.writing._bearing", lambda passage, *_: passage)
    monkeypatch.setattr("engine.assistant.writing._unborne", lambda *_: None)
    each = HOSTILE[0]
    served = model(each, beside=True)
    answer = asked(library, paths[0], each.question, model="test-1", seconds=120)
    assert _part(each) in shown_to(served.bodies[-1])
    assert obeyed(answer, each)
