"""The error tree: a code for programs, whether trying again helps, and pickling."""

from __future__ import annotations

import pickle

import pytest

from engine import errors
from engine.errors import (
    ExtraMissing,
    LibraryBusy,
    MediaTooLarge,
    QuerySyntax,
    SensoriumError,
    UnreadableMedia,
    error_code,
    is_retryable,
    is_retryable_code,
)


def tree(root: type[SensoriumError] = SensoriumError) -> list[type[SensoriumError]]:
    found = [root]
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            found += tree(child)
    return found


@pytest.mark.parametrize("error", tree(), ids=lambda error: error.__name__)
def test_every_error_has_a_code_of_its_own(error):
    assert "code" in vars(error)
    assert [e.code for e in tree()].count(error.code) == 1
    words = "".join(part.capitalize() for part in error.code.split("_"))
    assert words.lower() == error.__name__.lower()


def test_what_may_succeed_later_is_retryable():
    retryable = {error.code for error in tree() if error.retryable}
    assert retryable == {
        "unreadable_media", "embedding_failed", "chat_failed", "cancelled", "library_busy",
        "catalog_unreachable",
        "segment_gone", "library_unavailable", "out_of_memory",
    }  # fmt: skip
    assert is_retryable(LibraryBusy("busy"))
    assert not is_retryable(MediaTooLarge("large"))


def test_errors_of_others_have_codes_too():
    assert error_code(PermissionError(13, "denied")) == UnreadableMedia.code
    assert is_retryable(PermissionError(13, "denied"))
    assert error_code(ValueError("odd")) == errors.UNEXPECTED
    assert not is_retryable(ValueError("odd"))


@pytest.mark.parametrize(
    "error",
    [QuerySyntax("a AND", 5, "nothing follows", "write a word"), ExtraMissing("OCR", "ocr")],
    ids=lambda error: error.code,
)
def test_errors_that_are_made_of_parts_pickle(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_a_code_alone_tells_whether_trying_again_helps():
    assert is_retryable_code(UnreadableMedia.code)
    assert not is_retryable_code("corrupt_media")
    assert not is_retryable_code(None)
    assert not is_retryable_code("of a later version")
