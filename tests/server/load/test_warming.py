"""What the first visitor would wait for is read before anybody asks."""

from __future__ import annotations

from engine.errors import StoreError
from engine.server.load.warming import load_for_search, read_lists
from engine.server.shelf import Shelf
from engine.store import Store


def test_the_order_of_all_files_is_kept_for_the_first_visitor(served, monkeypatch):
    shelf = Shelf([served.library])
    try:
        read_lists(shelf)
        library = shelf.library()
        first = library.browse.assets(limit=3)
        monkeypatch.setattr(Store, "files", _refuses)
        assert library.browse.assets(limit=3) == first  # It is not read again.
    finally:
        shelf.close()


def test_what_fails_while_nobody_asks_is_told_to_the_one_who_does(served, monkeypatch):
    shelf = Shelf([served.library])
    try:
        monkeypatch.setattr(Store, "files", _refuses)
        read_lists(shelf)
    finally:
        shelf.close()


def test_the_words_of_a_library_are_read_before_the_first_one_that_it_has_not(served, monkeypatch):
    shelf = Shelf([served.library])
    try:
        load_for_search(shelf)
        monkeypatch.setattr(Store, "written_texts", _refuses)
        shelf.library().search("violyn", top=1)
        monkeypatch.undo()
        monkeypatch.setattr(Store, "words", _refuses)
        load_for_search(shelf)
    finally:
        shelf.close()


def _refuses(*_: object) -> None:
    raise StoreError("the catalog cannot be read")
