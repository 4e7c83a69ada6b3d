"""Words on PostgreSQL score and are found as on SQLite."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from engine.store import Store, match_any
from engine.store.verify import verify
from engine.types import IndexedAsset
from tests.store.make import TEXT, on_postgres, sound, tamper

# --- words --------------------------------------------------------------------------

WORDS = ["dog", "dogs", "barking", "barks", "as", "is", "café", "IMG2024", "1e5x", "sea"]
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
assets = st.lists(
    st.tuples(texts, texts.map(lambda text: text or "x"), texts), min_size=1, max_size=6
)


@on_postgres
@hypothesis.settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=assets, asked=texts)
def test_words_score_as_on_sqlite(
    store: Store,
    tmp_path_factory: pytest.TempPathFactory,
    said: list[tuple[str, str, str]],
    asked: str,
) -> None:
    """To rounding, whatever is said, in names and elsewhere, and whatever is asked."""
    new = [
        sound(f"/{i} {name}/{name}.wav", text, text[:9], caption=caption)
        for i, (text, name, caption) in enumerate(said)
    ]
    match = match_any(asked)
    beside = tmp_path_factory.mktemp("beside") / "library"
    with Store.create(beside, "fake") as sqlite, sqlite.writer() as writer:
        writer.ensure_space(TEXT)
        writer.commit(new)
        replace_all(store, new)
        if match is not None:
            shift = int(store.moment_ids()[0]) - 1
            expected = dict(sqlite.words(match, (), 50))
            found = {moment - shift: score for moment, score in store.words(match, (), 50)}
            assert found == pytest.approx(expected, rel=1e-9)
            assert store.count_words(match, 50) == sqlite.count_words(match, 50) == len(expected)
            assert {moment - shift for moment in store.written(match, 50)} == {*expected}
    assert verify(store, deep=True).problems == ()


def replace_all(store: Store, assets: list[IndexedAsset]) -> None:
    with store.writer() as writer:
        writer.remove([asset.asset_id for asset in store.assets()])
        writer.commit(assets)


@on_postgres
def test_wrong_totals_are_noticed_and_rebuilt(store: Store, commit: Callable[..., int]) -> None:
    commit(sound("/a.wav", "the dog barks"))
    tamper(store, "UPDATE moments_fts_totals SET words = words + 1")
    assert "totals of the full text index are wrong" in verify(store, deep=True).problems[0]
    with store.writer() as writer:
        writer.rebuild_words()
    assert verify(store, deep=True).problems == ()


@on_postgres
def test_a_text_that_no_tsvector_holds_is_found_by_its_beginning(
    store: Store, commit: Callable[..., int]
) -> None:
    spoken = " ".join(f"w{i:x}" for i in range(300_000))
    commit(sound("/a.wav", spoken, "x" * 5_000, " ".join(map(chr, range(0x20000, 0x2A000)))))
    assert [moment for moment, _ in store.words(f'"{"x" * 5_000}"', (), 5)] == [2]
    assert [moment for moment, _ in store.words('"w2a"', (), 5)] == [1]
    assert store.records([1])[1].moment.text == spoken


@on_postgres
@pytest.mark.parametrize(
    ("read", "index"),
    [
        ("assets_under", "assets_path_key"),
        ("asset_at", "assets_path_key"),
        ("assets_hash", "ix_assets_content_hash"),
        ("records", "moments_pkey"),
        ("moments_of", "ix_moments_asset_id"),
        ("moment_ids_both", "ix_moments_kind_modality"),
    ],
)
def test_lookups_use_an_index(store: Store, read: str, index: str) -> None:
    from engine.store.sql.postgres_reads import READS

    names = ("path", "low", "high", "hash", "ids", "id", "kinds", "modalities")
    values = {name: "1" if name == "id" else "[]" for name in names}
    connection = store.connections.reader.connection
    connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    plan = connection.execute(f"EXPLAIN {READS[read]}", values).fetchall()
    assert index in " / ".join(row[0] for row in plan)
