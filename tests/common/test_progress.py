"""Reports pass through until a token is cancelled; then the next one raises."""

import pytest

from engine.common.progress import NO_PROGRESS, CancelToken, cancellable
from engine.errors import Cancelled


class Recorder:
    def __init__(self):
        self.reports = []

    def start(self, task, total=None, unit="files"):
        self.reports.append((task, total, unit))

    def advance(self, items=1, *, moments=0):
        self.reports.append((items, moments))

    def message(self, text):
        self.reports.append(text)


def test_without_a_token_the_progress_itself_is_returned():
    assert cancellable(NO_PROGRESS, None) is NO_PROGRESS


def test_reports_pass_through_until_the_token_is_cancelled():
    recorder, token = Recorder(), CancelToken()
    progress = cancellable(recorder, token)
    progress.start("index", 3)
    progress.advance(moments=2)
    progress.message("half way")
    assert recorder.reports == [("index", 3, "files"), (1, 2), "half way"]
    token.cancel()
    assert token.cancelled
    for report in (lambda: progress.start("x"), progress.advance, lambda: progress.message("y")):
        with pytest.raises(Cancelled):
            report()


def test_what_is_done_when_it_is_cancelled_is_still_reported():
    recorder, token = Recorder(), CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        cancellable(recorder, token).advance(moments=1)
    assert recorder.reports == [(1, 1)]
