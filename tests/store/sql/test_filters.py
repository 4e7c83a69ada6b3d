"""A filter keeps what it says, on every database, and its negation all the rest."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.errors import InvalidQuery
from engine.query.language import parse_where
from engine.store import Store
from engine.types import (
    AllOf,
    AnyOf,
    Condition,
    Embedding,
    Filter,
    IndexedAsset,
    Kind,
    Modality,
    Moment,
    Not,
)
from tests.examples import examples
from tests.store.filtering import SECONDS, assets, filters, fits, globs, passes, paths
from tests.store.make import ROOT, asset, on_sqlite, picture, sound

pytestmark = pytest.mark.slow


def fill(store: Store, found: Iterable[IndexedAsset]) -> None:
    with store.writer() as writer, writer.transaction():
        writer.remove([known.asset_id for known in store.assets()])
        writer.commit(list(found))


def expected(store: Store, wanted: Filter, found: Iterable[IndexedAsset]) -> list[int]:
    kept = [one.asset.path for one in found if passes(wanted, one)]
    ids = (store.moments_of(store.get(path).asset_id) for path in kept)
    return sorted(record.moment_id for records in ids for record in records)


@settings(max_examples=examples(125), suppress_health_check=list(HealthCheck))
@given(found=assets, wanted=st.lists(filters, min_size=1, max_size=8))
def test_what_passes_is_what_the_filter_says(
    store: Store, found: tuple[IndexedAsset, ...], wanted: list[Filter]
) -> None:
    fill(store, found)
    for one in wanted:
        ids = store.passing(one)
        assert ids.dtype == "int64"
        assert ids.tolist() == expected(store, one, found)
        rest = store.passing(Not(one)).tolist()
        assert sorted([*ids.tolist(), *rest]) == store.moment_ids().tolist()


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@example(path="/a]b^c-d", some=["*[]]?[^^]?[-^]?"])
@example(path="/a", some=["[!]]"])
@given(path=paths, some=st.lists(globs, max_size=8))
def test_a_glob_matches_as_fnmatch_does(store: Store, path: str, some: list[str]) -> None:
    fill(store, [picture(path)])
    for glob in (form for one in some for form in (one, f"*{one}", f"/{one}", f"{one}*")):
        assert len(store.passing(Condition("path", "=", glob))) == fits(picture(path), glob), glob


# --- one by one -----------------------------------------------------------------------


@pytest.fixture
def names_of(store: Store) -> Callable[[Filter], list[str]]:
    """The names of the files that pass."""

    def run(wanted: Filter) -> list[str]:
        records = store.records(store.passing(wanted)).values()
        return sorted({Path(record.path).name for record in records})

    return run


Names = Callable[[Filter], list[str]]


def dated(path: str, taken_at: str | None, mtime: float = 0) -> IndexedAsset:
    one = picture(path)
    return replace(
        one, asset=replace(one.asset, taken_at=taken_at, mtime_ns=round(mtime * SECONDS))
    )


def test_a_month_is_from_its_name_to_that_of_the_next(
    commit: Callable[..., int], names_of: Names
) -> None:
    commit(
        dated("/may", "2024-05-31T23:59:59"),
        dated("/first", "2024-06-01T00:00:00"),
        dated("/last", "2024-06-30T23:59:59"),
        dated("/july", "2024-07-01T00:00:00"),
        dated("/own", None, datetime(2024, 6, 30, 23, 59, 59, 900_000, UTC).timestamp()),
        dated("/later", None, datetime(2024, 7, 1, tzinfo=UTC).timestamp()),
    )
    june = AllOf((Condition("date", ">=", "2024-06"), Condition("date", "<", "2024-07")))
    assert names_of(june) == ["first", "last", "own"]
    assert names_of(Not(june)) == ["july", "later", "may"]
    # As text, a month lies before every day in it.
    assert names_of(Condition("date", "<=", "2024-06")) == ["may"]
    assert names_of(Condition("date", ">", "2024-06-30T23:59:59")) == ["july", "later"]


def placed(path: str, *place: float) -> IndexedAsset:
    one = picture(path)
    return replace(one, asset=replace(one.asset, place=place or None))


def test_a_box_may_cross_the_meridian_of_180(commit: Callable[..., int], names_of: Names) -> None:
    commit(placed("/fiji", -17.7, 178.0), placed("/samoa", -13.8, -172.1), placed("/none"))
    commit(placed("/paris", 48.9, 2.3))
    across, around = (-20.0, 170.0, -10.0, -170.0), (-20.0, -170.0, -10.0, 170.0)
    assert names_of(Condition("place", "=", across)) == ["fiji", "samoa"]
    assert names_of(Condition("place", "=", around)) == []
    assert names_of(Condition("place", "!=", across)) == ["none", "paris"]


def test_what_an_asset_lacks_no_comparison_is_true_of(
    commit: Callable[..., int], names_of: Names
) -> None:
    commit(picture("/a.jpg"), sound("/b.wav", "hello"))
    short, long = Condition("duration", "<", 9.0), Condition("duration", ">=", 9.0)
    assert names_of(AnyOf((short, long))) == []
    assert names_of(Not(short)) == names_of(Not(long)) == ["a.jpg", "b.wav"]
    assert names_of(Condition("speech", "=", "no")) == ["a.jpg"]
    assert names_of(Condition("tags", "!=", "dog")) == ["a.jpg", "b.wav"]


def test_a_tag_is_compared_whole(commit: Callable[..., int], names_of: Names) -> None:
    commit(picture("/1", "a", "cat", "Acoustic Guitar"), picture("/2", "b", "guitar"))
    assert names_of(Condition("tags", "=", "acoustic GUITAR")) == ["1"]
    assert names_of(Condition("tags", "=", "guitar")) == ["2"]
    assert names_of(Condition("tags", "=", "acoustic%")) == []


@pytest.mark.parametrize("typed", ["éà à", "ÉÀ À", "Éà à", "Éà À"])
def test_the_case_of_a_tag_does_not_matter(
    commit: Callable[..., int], names_of: Names, typed: str
) -> None:
    commit(picture("/1", "a", "ÉÀ À"), picture("/2", "b", "éà à"), picture("/3", "c", "Éà à"))
    commit(picture("/4", "d", "Éà À"), picture("/5", "e", "ea a"))
    assert names_of(Condition("tags", "=", typed)) == ["1", "2", "3", "4"]


def test_a_glob_is_of_the_path_or_of_the_name(commit: Callable[..., int], names_of: Names) -> None:
    commit(picture("/pics/sea/a.jpg"), picture("/pics/b.jpg"), picture("/jpg.d/c.png"))
    assert names_of(Condition("path", "=", "*.jpg")) == ["a.jpg", "b.jpg"]
    assert names_of(Condition("path", "=", "/pics/*")) == ["a.jpg", "b.jpg"]
    assert names_of(Condition("path", "=", "/pics/[!a-s]*")) == []
    assert names_of(Condition("path", "=", "jpg*")) == []
    assert names_of(Condition("path", "=", "*.JPG")) == []


def test_a_name_that_is_no_text_is_found(commit: Callable[..., int], store: Store) -> None:
    commit(picture("/pics/na\udcefve.jpg"))
    assert store.passing(Condition("path", "=", "na\udcefve.*")).tolist() == [1]
    assert store.passing(Condition("path", "=", "*ve.jpg")).tolist() == [1]


def test_moments_are_also_of_kinds_and_modalities(commit: Callable[..., int], store: Store) -> None:
    heard = Embedding(Moment(Modality.SOUND, 0.0, 1.0), {})
    said = Embedding(Moment(Modality.SPEECH, 0.0, 1.0, 0, "hello"), {})
    commit(IndexedAsset(asset("/a.wav", "a", Kind.AUDIO), (heard, said)), picture("/b.jpg"))
    every = AllOf(())
    assert store.passing(every).tolist() == [1, 2, 3]
    assert store.passing(every, [Kind.AUDIO]).tolist() == [1, 2]
    assert store.passing(every, (), [Modality.SPEECH, Modality.IMAGE]).tolist() == [2, 3]
    assert store.passing(every, [Kind.IMAGE], [Modality.SPEECH]).tolist() == []
    assert store.passing(AnyOf(()), [Kind.IMAGE]).tolist() == []
    apart = AnyOf((Condition("path", "=", "a.*"), Condition("path", "=", "b.*")))
    assert store.passing(apart, [Kind.IMAGE]).tolist() == [3]


# --- what is no filter, and what would hurt -----------------------------------------------


def nested(depth: int) -> Filter:
    wanted: Filter = Condition("size", ">", 0)
    for _ in range(depth):
        wanted = AllOf((Not(wanted), Condition("size", ">=", 0)))
    return wanted


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (Condition("colour", "=", "red"), r"nothing is filtered by 'colour', but by kind, path"),
        (Condition("kind", "<", "image"), "kind is compared by = or !=, and not by '<'"),
        (Condition("size", "=", 3.0), "size is compared by <, <=, > or >=, and not by '='"),
        (Condition("kind", "=", "movie"), "kind is image, video or audio, and never 'movie'"),
        (Condition("speech", "=", "maybe"), "speech is yes or no, and never 'maybe'"),
        (Condition("size", ">", "3"), "size is compared with a number, and not with '3'"),
        (Condition("size", ">", float("nan")), "compared with a number"),
        (Condition("size", ">", 10**400), "compared with a number"),
        (Condition("duration", ">", True), "compared with a number"),
        (Condition("date", ">", 2024.0), "date is compared with a text"),
        (Condition("path", "=", "x" * 5_000), "at most 4,096 characters"),
        (Condition("place", "=", (1.0, 2.0, 3.0)), "a box of south, west, north, east"),
        (Condition("place", "=", (1.0, 2.0, float("nan"), 3.0)), "a box of south"),
        (Condition("place", "=", (9.0, 2.0, 8.0, 3.0)), "a box of south"),
        (nested(11), "more than 20 levels"),
        (AnyOf((Condition("size", ">", 0),) * 250), "more than 250 conditions"),
        (AllOf((AllOf(()),) * 1_000), "more than 250 conditions"),
    ],
)
def test_what_is_no_filter_is_named(store: Store, wanted: Filter, line: str) -> None:
    with pytest.raises(InvalidQuery, match=line) as caught:
        store.passing(wanted)
    assert "\n" not in str(caught.value)


def test_filters_of_every_allowed_size_are_answered(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg"))
    tag, place = Condition("tags", "!=", "x"), Condition("place", "!=", (0.0, 0.0, 1.0, 1.0))
    for wide in (AllOf((tag,) * 249), AnyOf((place,) * 249)):
        assert store.passing(wide).tolist() == [1]
    deep = nested(9)
    for leaf in (tag, place, Condition("path", "=", "*"), Condition("speech", "!=", "yes")):
        inside = AllOf((leaf, Not(Not(leaf)), deep))
        assert store.passing(inside, [Kind.IMAGE], [Modality.IMAGE]).tolist() == [1] * (
            passes(inside, picture("/a.jpg"))
        )


@pytest.mark.parametrize(
    "hostile",
    ["'", "' OR 1=1 --", "_og", "!", "🙂" * 4096, "%s", "%(v0)s", ":v0", "\0", "\ud800", ";"],
)
def test_no_value_is_read_as_sql(store: Store, commit: Callable[..., int], hostile: str) -> None:
    commit(picture("/a.jpg", "a", "dog"))
    for field in ("path", "tags"):
        assert store.passing(Condition(field, "=", hostile)).tolist() == []
        assert store.passing(Condition(field, "!=", hostile)).tolist() == [1]
    store.passing(Condition("date", ">", hostile))
    assert store.moment_ids().tolist() == [1]


@on_sqlite
def test_filtering_imports_no_sqlalchemy(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg"))
    code = (
        "import sys\n"
        "from engine.store import Store; from engine.types import Condition\n"
        "with Store.open(sys.argv[1]) as store:\n"
        "    assert store.passing(Condition('path', '=', '*.jpg')).tolist() == [1]\n"
        "assert 'sqlalchemy' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(store.path)], env=environment, check=True)


@on_sqlite
def test_speech_is_found_by_an_index(store: Store) -> None:
    from engine.store.sql.filters import SQLITE, select

    text, values = select(Condition("speech", "=", "yes"), (), (), SQLITE)
    plan = store.connections.reader.connection.execute(
        f"EXPLAIN QUERY PLAN {text}", values
    ).fetchall()
    assert "USING INDEX ix_moments_kind_modality" in " / ".join(row[3] for row in plan)


@pytest.mark.parametrize(("zone", "day"), [("Asia/Tokyo", "2024-07-01"), ("UTC", "2024-06-30")])
def test_a_date_on_disk_is_that_of_the_users_clock(
    store: Store,
    commit: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    day: str,
) -> None:
    changed = 1_719_786_600 * SECONDS  # 2024-06-30 22:30 in UTC
    one = picture("/a.jpg")
    commit(IndexedAsset(replace(one.asset, mtime_ns=changed), one.embeddings))
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for other in ("2024-06-30", "2024-07-01"):
            where = parse_where(f"date = {other}")
            assert len(store.passing(where)) == (other == day)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_files_are_listed_by_their_filter_whether_they_have_moments_or_not(store: Store) -> None:
    fill(store, [sound("/silence.wav"), sound("/talk.wav", "one"), picture("/a.jpg")])

    def listed(where: str | None, *kinds: str) -> set[str]:
        parsed = AllOf(()) if where is None else parse_where(where)
        return {file.path for file in store.files(parsed, kinds)}

    assert listed("kind = audio") == {"/silence.wav", "/talk.wav"}
    assert listed("path like '/s*'", "audio") == {"/silence.wav"}
    assert listed(None) == {"/silence.wav", "/talk.wav", "/a.jpg"}
    assert listed("kind = image", "audio") == listed(None, "video") == set()


def test_the_first_moment_of_a_file_is_that_of_its_least_number(store: Store) -> None:
    fill(store, [sound("/silence.wav"), sound("/talk.wav", "one", "two"), picture("/a.jpg")])
    numbers = {known.path: known.asset_id for known in store.assets()}
    first = store.first_moments(numbers.values())
    assert set(first) == {numbers["/talk.wav"], numbers["/a.jpg"]}
    moments = [each.moment_id for each in store.moments_of(numbers["/talk.wav"])]
    assert len(moments) > 1 and first[numbers["/talk.wav"]] == min(moments)
