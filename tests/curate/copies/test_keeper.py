"""The kind: of copies that are as good, the one in the original place is kept."""

from __future__ import annotations

import pytest

from engine.curate.copies.union_find import _is_spare


@pytest.mark.parametrize(
    "path",
    ["/p/Copy of a.jpg", "/p/a copy.jpg", "/p/a - Copy (2).jpg", "/p/a (1).jpg", "/p/a_copy.png",
     "/p/Trash/a.jpg", "/p/.Trash/files/a.jpg", "/p/backup/a.jpg", "/p/thumbs/a.jpg"],
)  # fmt: skip
def test_places_of_copies(path: str) -> None:
    assert _is_spare(path)


@pytest.mark.parametrize(
    "path",
    ["/p/a.jpg", "/p/copyright.jpg", "/p/Backup plan 2020/a.jpg", "/p/hardcopy.jpg", "a.jpg"],
)
def test_places_of_originals(path: str) -> None:
    assert not _is_spare(path)
