"""A question takes yes, no and Ctrl-C, whenever they come."""

from __future__ import annotations

import io
import sys

import click
import pytest

from engine.commands.confirmation import is_confirmed


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("y\n", True), (" YES\n", True), ("n\n", False), ("\n", False), ("what?\ny\n", True)],
)
def test_the_answer_is_no_unless_it_is_yes(typed, answer, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert is_confirmed("Go on?") is answer
    assert capsys.readouterr() == ("", "Go on? [y/N]: Error: invalid input\n" * ("?" in typed)
                                   + "Go on? [y/N]: ")  # fmt: skip


def test_the_end_of_the_input_is_no_answer(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(click.Abort):
        is_confirmed("Go on?")


def test_ctrl_c_is_not_lost_while_the_question_is_shown(monkeypatch):
    class Shown(io.StringIO):
        def flush(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    monkeypatch.setattr(sys, "stderr", Shown())
    with pytest.raises(click.Abort):
        is_confirmed("Go on?")
