"""Captions that come later than their files."""

from __future__ import annotations

from collections.abc import Callable

from engine.store import Store
from tests.store.make import picture, sound


def caption_of(store: Store, path: str) -> str | None:
    known = store.get(path)
    assert known is not None
    return store.whole_assets([known.asset_id])[known.asset_id].caption


def test_only_what_has_none_gets_one(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"), picture("/b.jpg", caption="its own"), sound("/c.wav", "hello"))
    told = {"/a.jpg": "a red barn", "/b.jpg": "another", "/c.wav": "", "/nowhere.jpg": "lost"}
    before = store.generation()
    with store.writer() as writer:
        assert writer.fill_captions(told) == 1
        assert store.generation() == before + 1
        assert writer.fill_captions(told) == 0, "it has one by now"
    assert store.generation() == before + 1, "nothing has changed"
    assert caption_of(store, "/a.jpg") == "a red barn"
    assert caption_of(store, "/b.jpg") == "its own"
    assert caption_of(store, "/c.wav") is None


def test_a_caption_is_searched_and_the_name_stays(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/harbour.jpg", "", "boat"))
    with store.writer() as writer:
        writer.fill_captions({"/harbour.jpg": "fishermen mending\0 nets"})
    (moment,) = store.moment_ids().tolist()
    for word in ("fishermen", "nets", "harbour", "boat"):
        assert [found for found, _ in store.words(f'"{word}"')] == [moment], word


def test_facts_are_all_that_was_committed(store: Store, commit: Callable[..., int]) -> None:
    indexed = [picture("/a.jpg", caption="one"), sound("/b\udcff.wav", "two")]
    commit(*indexed)
    ids = [known.asset_id for known in store.assets()]
    assert [*store.whole_assets([*ids, 999]).values()] == [one.asset for one in indexed]
