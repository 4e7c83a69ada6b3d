"""A fact of a file that no database holds costs that fact, and never the file or the batch.

The kind: whatever a file system, a header or a tag says (times before 1677 and after 2262,
lengths that are no numbers, places off the earth, lone surrogates) goes to ``commit``,
``move``, ``touch`` and ``fail``, on both databases.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.common.file_state import is_unchanged, stored_mtime_ns
from engine.config import Settings
from engine.store import Store
from engine.store.write.storable_facts import lost_facts
from engine.testing.fake_encoder import fake_towers
from engine.types import Condition, Failure, FileStat, IndexedAsset, Modality, Moment, Tag
from indexers.file_hash import stat_file
from indexers.pipeline import run
from tests.examples import examples
from tests.indexers.runs import Told, pictures
from tests.store.make import asset, embedding, picture

pytestmark = pytest.mark.slow

INT64 = 2**63 - 1
numbers = st.integers() | st.sampled_from([-INT64 - 1, INT64, INT64 + 1, -(2**70), 2**32, 0])
floats = st.floats(allow_nan=True, allow_infinity=True) | st.none()
# Lone surrogates and NUL are what tags of music and cameras have.
texts = st.none() | st.text(st.characters(exclude_categories=())) | st.just("a\0\ud800b")
places = st.none() | st.tuples(st.floats(), st.floats())
moments = st.builds(
    Moment,
    modality=st.sampled_from([Modality.IMAGE, Modality.SPEECH]),
    start=floats,
    end=floats,
    ordinal=numbers,
    text=texts,
    tags=st.lists(st.builds(Tag, st.text(), st.floats()), max_size=2).map(tuple),
)
oddities = st.builds(
    dict,
    size=numbers,
    mtime_ns=numbers,
    width=st.none() | numbers,
    height=st.none() | numbers,
    duration=floats,
    taken_at=texts,
    place=places,
    caption=texts,
)


@given(st.lists(st.tuples(oddities, moments), min_size=1, max_size=4))
@settings(
    max_examples=examples(125),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_facts_are_committed_with_the_file_beside_them(
    store: Store, found: list[tuple[dict[str, object], Moment]]
) -> None:
    odd = [
        IndexedAsset(
            replace(asset(f"/odd{number}.jpg", f"{number}"), **facts),  # type: ignore[arg-type]
            (embedding(moment, f"{number}"),),
        )
        for number, (facts, moment) in enumerate(found)
    ]
    with store.writer() as writer:
        assert writer.commit([*odd, picture("/good.jpg")]) == len(odd) + 1
        stat = FileStat("/moved.jpg", found[0][0]["size"], found[0][0]["mtime_ns"])  # type: ignore[arg-type]
        known = store.get("/good.jpg")
        assert known is not None
        writer.touch(known.asset_id, replace(stat, path="/good.jpg"))
        writer.move(known.asset_id, stat)
        writer.fail([Failure("/bad.jpg", "odd", stat.size, stat.mtime_ns)])
        ids = [item.asset_id for item in store.assets()]
        assert len(ids) == len(odd) + 1
        for one in store.whole_assets(ids).values():
            assert -INT64 <= one.mtime_ns <= INT64
            assert one.duration is None or 0 <= one.duration < float("inf")
        assert len(store.passing(Condition("date", ">=", "1600"))) <= len(ids)
        assert store.passing(Condition("tags", "=", "dog")) is not None
        writer.remove(ids)


def test_a_time_that_the_catalog_cannot_hold_does_not_change_at_every_look(
    tmp_path: Path, store: Store, commit: Callable[..., int]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    for year in (1601, 2300, 2446):
        seconds = (year - 1970) * 31_556_952
        try:
            os.utime(path, (seconds, seconds))
        except OverflowError:
            pytest.skip("this system has no such times")
        stat = stat_file(path)
        assert -INT64 <= stat.mtime_ns <= INT64
        item = picture(str(path))
        commit(IndexedAsset(replace(item.asset, size=1, mtime_ns=stat.mtime_ns), item.embeddings))
        known = store.get(str(path))
        assert known is not None and known.mtime_ns == stat.mtime_ns
        assert is_unchanged(path, known.size, known.mtime_ns)
        assert stored_mtime_ns(path.stat()) == known.mtime_ns


def test_a_fact_that_is_left_out_is_one_line_of_the_run(store: Store, tmp_path: Path) -> None:
    lines: list[str] = []

    class Lines(Told):
        def message(self, text: str) -> None:
            lines.append(text)

    late = pictures(tmp_path / "media", 2)[0]
    os.utime(late, ns=(0, 10_400_000_000 * 10**9))
    if late.stat().st_mtime_ns < INT64:
        pytest.skip("this file system has no such times")
    run(store, fake_towers(), [tmp_path / "media"], Settings(), progress=Lines())
    assert lines == [f"{late}: its time on disk is before 1677 or after 2262; the nearest is kept"]


def test_facts_that_are_lost_are_named() -> None:
    usual = asset("/a.jpg", "a")
    odd = replace(usual, place=(91.0, 0.0), duration=float("inf"), width=-1, height=3)
    assert [line.split(" (")[0] for line in lost_facts(odd)] == [
        "its width", "its length in seconds", "its place"
    ]  # fmt: skip
    assert lost_facts(usual) == []
