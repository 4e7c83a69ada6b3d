"""Names of files, whatever their bytes, and folders of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.text import printable
from engine.store import Store
from engine.store.paths import from_text, outermost, to_text
from engine.types import Failure
from tests.store.make import picture

file_names = st.binary(min_size=1).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"")))


@given(file_names)
def test_every_name_comes_back(name: str) -> None:
    text = to_text(name)
    assert from_text(text) == name
    text.encode()


@given(file_names, file_names)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (to_text(one) == to_text(other)) == (one == other)


@pytest.mark.parametrize(
    "raw", [b"/pics/na\xefve.jpg", b"/pics/a\x1a41.jpg", b"/p/\xff\xfe/\n.jpg"]
)
def test_a_name_that_is_not_utf_8_is_kept(
    store: Store, commit: Callable[..., int], raw: bytes
) -> None:
    path = os.fsdecode(raw)
    commit(picture(path), picture("/pics/other.jpg"))
    known = store.get(path)
    assert known is not None
    assert os.fsencode(known.path) == raw
    assert store.records([1])[1].path == path
    assert path in [known.path for known in store.assets([Path(path).parent])]
    with store.writer() as writer:
        writer.fail([Failure(path, "cannot be read: \udcff")])
    assert store.failures()[0].path == path
    assert store.get(path) is None


def test_under_takes_whole_components_and_no_wildcards(
    store: Store, commit: Callable[..., int]
) -> None:
    everything = [
        "/m/100%/a.jpg", "/m/100%.jpg", "/m/100x/a.jpg", "/m/a_b/c.jpg", "/m/aXb/c.jpg",
        "/m/dir/a.jpg", "/m/dir/sub/b.jpg", "/m/dir-2/a.jpg", "/m/dir.jpg", "/m/dir0", "/z.jpg",
    ]  # fmt: skip
    commit(*map(picture, everything))

    def under(*paths: str) -> list[str]:
        return [asset.path for asset in store.assets(paths)]

    assert under("/m/100%") == ["/m/100%/a.jpg"]
    assert under("/m/a_b") == ["/m/a_b/c.jpg"]
    assert under("/m/dir") == under("/m/dir/") == ["/m/dir/a.jpg", "/m/dir/sub/b.jpg"]
    assert under("/m/dir.jpg") == ["/m/dir.jpg"]
    assert under("/m/dir", "/m/dir/sub", "/m/dir/a.jpg") == ["/m/dir/a.jpg", "/m/dir/sub/b.jpg"]
    assert under("/z.jpg", "/m/dir0") == ["/m/dir0", "/z.jpg"]
    assert under("/") == sorted(everything)
    assert under() == []
    assert [asset.path for asset in store.assets()] == sorted(everything)


def test_outermost_drops_what_lies_under_another() -> None:
    assert outermost(["/a/b", "/a", "/a-b", "/a/c", "/b/", "/b"]) == ["/a", "/a-b", "/b"]
    assert outermost(["/", "/a"]) == ["/"]
    assert outermost([]) == []


def test_a_name_in_a_message_stays_on_one_line() -> None:
    assert printable("/a\nb\udcff.jpg") == "/a\ufffdb\ufffd.jpg"
