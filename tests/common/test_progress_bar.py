"""Whoever asks for progress gets a bar, lines, or their own object; nobody gets silence."""

import pytest

from engine.common.progress import NO_PROGRESS, CancelToken
from engine.common.progress_bar import _Bar, watched
from engine.errors import Cancelled


def test_nothing_is_shown_when_nothing_is_asked(capsys):
    with watched() as progress:
        assert progress is NO_PROGRESS
        progress.message("unseen")
    assert capsys.readouterr() == ("", "")


def test_in_a_pipe_messages_are_lines(capsys):
    with watched(True) as progress:
        progress.start("index", 2)
        progress.advance()
        progress.message("an index is being made")
    assert capsys.readouterr() == ("", "an index is being made\n")


def test_on_a_terminal_there_is_a_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with watched(True) as progress:
        progress.advance(moments=3)
        progress.start("index", 2)
        progress.advance(2, moments=5)
        progress.message("[one] line")
    shown = capsys.readouterr().err
    assert "[one] line" in shown


def test_a_token_cancels_whatever_is_shown():
    token = CancelToken()
    with watched(False, token) as progress:
        token.cancel()
        with pytest.raises(Cancelled):
            progress.advance()


def test_the_same_task_again_goes_on_in_the_same_bar():
    """A bar that is removed and drawn anew flickers: a task that comes in parts is one bar."""
    drawn = []

    class Rich:
        def add_task(self, task, **facts):
            drawn.append(("add", task, facts["total"]))
            return 1

        def remove_task(self, number):
            drawn.append(("remove", number))

        def update(self, number, **facts):
            if "total" in facts:
                drawn.append(("total", facts["total"]))

    bar = _Bar(Rich())
    for _ in range(3):
        bar.start("comparing images", 2, "pairs")
        bar.advance(2)
    bar.start("comparing sounds", 5)
    assert drawn == [
        ("add", "comparing images", 2), ("total", 4), ("total", 6),
        ("remove", 1), ("add", "comparing sounds", 5),
    ]  # fmt: skip
