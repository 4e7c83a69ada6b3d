"""What a filter says in plain Python, and any assets and filters to try it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from hypothesis import strategies as st

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
    Tag,
)
from tests.store.make import asset

# --- what a filter says, in plain Python ---------------------------------------------

ORDER = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def passes(wanted: Filter, one: IndexedAsset) -> bool:
    match wanted:
        case Not(inner):
            return not passes(inner, one)
        case AllOf(parts):
            return all(passes(part, one) for part in parts)
        case AnyOf(parts):
            return any(passes(part, one) for part in parts)
    if wanted.op in ORDER:
        fact = FACTS[wanted.field](one)
        return fact is not None and ORDER[wanted.op](fact, wanted.value)
    return EQUAL[wanted.field](one, wanted.value) == (wanted.op == "=")


def made(one: IndexedAsset) -> str:
    changed = datetime.fromtimestamp(one.asset.mtime_ns // 10**9, UTC).astimezone()
    return one.asset.taken_at or changed.strftime("%Y-%m-%dT%H:%M:%S")


def in_box(one: IndexedAsset, box: tuple[float, float, float, float]) -> bool:
    if one.asset.place is None:
        return False
    (latitude, longitude), (south, west, north, east) = one.asset.place, box
    inside = west <= longitude <= east
    if west > east:
        inside = longitude >= west or longitude <= east
    return south <= latitude <= north and inside


def tagged(one: IndexedAsset, word: str) -> bool:
    tags = (tag for embedding in one.embeddings for tag in embedding.moment.tags)
    return any(tag.word.lower() == word.lower() for tag in tags)


def has(one: IndexedAsset, modality: Modality) -> bool:
    return any(part.moment.modality is modality for part in one.embeddings)


def fits(one: IndexedAsset, glob: str) -> bool:
    path = one.asset.path
    return fnmatchcase(path if "/" in glob else path.rpartition("/")[2], glob)


FACTS = {
    "date": made,
    "duration": lambda one: one.asset.duration,
    "size": lambda one: one.asset.size,
}
EQUAL = {
    "kind": lambda one, value: one.asset.media.kind == value,
    "path": fits,
    "place": in_box,
    "tags": tagged,
    "speech": lambda one, value: has(one, Modality.SPEECH) == (value == "yes"),
    "screen": lambda one, value: has(one, Modality.SCREEN) == (value == "yes"),
}

# --- any assets, and any filters over them ---------------------------------------------

# Without U+001A, which the catalog keeps as three characters: "?" is one of them each.
AWKWARD = "ab[]!^-*?.\\é\n+({$"
WORDS = ["dog", "Dog", "guitar", "Acoustic Guitar", "acoustic guitar", "éà", "ÉÀ", 'a"\\b']
DEGREES = [-180.0, -170.5, -60.0, -0.1, 0.0, 0.1, 45.0, 90.0, 170.5, 180.0]
LATITUDES = [degrees for degrees in DEGREES if abs(degrees) <= 90]
SECONDS = 10**9
STAMPS = [-1, 0, 1, SECONDS - 1, -SECONDS, -1_500_000_000, 1_718_000_000 * SECONDS + 999_999_999]
DATES = ["2024-06-10T06:13:20", "2024-06-10", "2024-06", "2024", "1969-12-31T23:59:59", "1970", ""]

names = st.text(AWKWARD, min_size=1, max_size=4)
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
moments = st.builds(
    Moment,
    modality=st.sampled_from(Modality),
    tags=st.lists(st.builds(Tag, st.sampled_from(WORDS), st.just(0.5)), max_size=2).map(tuple),
)


@st.composite
def indexed(draw: st.DrawFn, path: str) -> IndexedAsset:
    one = asset(path, path, draw(st.sampled_from(Kind)))
    one = replace(
        one,
        size=draw(st.integers(0, 3)),
        mtime_ns=draw(st.sampled_from(STAMPS)),
        duration=draw(st.sampled_from([None, 0.0, 1.5, 60.0])),
        taken_at=draw(st.sampled_from([None, "2024-06-10T06:13:20", "2024-05-31T23:59:59"])),
        place=draw(st.none() | st.tuples(st.sampled_from(LATITUDES), st.sampled_from(DEGREES))),
    )
    parts = draw(st.lists(moments, min_size=1, max_size=3))
    return IndexedAsset(one, tuple(Embedding(part, {}) for part in parts))


assets = st.lists(paths, min_size=1, max_size=6, unique=True).flatmap(
    lambda found: st.tuples(*map(indexed, found))
)
equal, order = st.sampled_from(["=", "!="]), st.sampled_from(list(ORDER))
globs = st.text(AWKWARD + "/", max_size=8) | st.lists(
    st.sampled_from(["*", "?", "[!a]", "[^a]", "[]-]", "[a-b]", "[b-a]", "[!-]", "[*]", "/", "a"]),
    max_size=5,
).map("".join)
numbers = st.sampled_from([-1, 0, 1, 1.5, 2, 60.0, 1e300, float("inf")])
boxes = st.tuples(*[st.sampled_from(part) for part in (LATITUDES, DEGREES) * 2]).map(
    lambda box: (min(box[0], box[2]), box[1], max(box[0], box[2]), box[3])
)
conditions = st.one_of(
    st.builds(Condition, st.just("kind"), equal, st.sampled_from([k.value for k in Kind])),
    st.builds(Condition, st.just("path"), equal, globs),
    st.builds(Condition, st.just("date"), order, st.sampled_from(DATES)),
    st.builds(Condition, st.sampled_from(["duration", "size"]), order, numbers),
    st.builds(Condition, st.just("place"), equal, boxes),
    st.builds(Condition, st.just("tags"), equal, st.sampled_from([*WORDS, "DOG", "acoustic"])),
    st.builds(
        Condition, st.sampled_from(["speech", "screen"]), equal, st.sampled_from(["yes", "no"])
    ),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)
