"""Queries and expressions to draw: random text, valid ones, and valid ones with slips in them.

Filters are drawn together with what they are to become, which is computed here, not by the
package.
"""

from __future__ import annotations

import unicodedata
from datetime import date

from hypothesis import strategies as st

from engine.types import AllOf, AnyOf, Condition, Filter, Not

TODAY = date(2024, 3, 31)
ANY_TEXT = st.text(st.characters(), max_size=60)
"""Control characters, NUL, marks that turn the direction, and lone surrogates among it."""
NASTY = "\"“”'\\:+-()<>=!,.~/ \n\t\0\ud800\u200f\u2028éß٣1²0then"

QUERIES = (
    "a red car",
    "2: red car + ./street.jpg - night",
    '"a \\"b\\" c" then 0.5: d -e kind:video',
    "12:30 train -kind:video,audio date:2024-06..2025",
    'file:"a b.jpg" + “c d” after:7d size:>=1.5mib place:1,2,3,-4',
    'path:"/a b/*" duration:<1m30s near:1,2,3,4 speech:no tag:"hot dog" before:today x',
    "",
)
EXPRESSIONS = (
    "kind = video and not (date < 2023 or size > 10mb)",
    'path like "*/beach/*" or place in (51.4, -0.2, 51.6, 0.1)',
    "kind in (video, audio) and after 7d or (((tags has 'hot dog')))",
    "duration<=1m30s and speech is no and before yesterday and not kind != image",
)


_DROP, _DOUBLE = "drop", "double"
_SLIPS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from([_DROP, _DOUBLE, *NASTY])), max_size=5
)


def with_slips(valid: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Valid texts in which some characters were dropped, doubled, or put in."""
    return st.builds(_slipped, st.sampled_from(valid), _SLIPS)


def _slipped(text: str, slips: list[tuple[int, str]]) -> str:
    for place, slip in slips:
        at = place % (len(text) + 1)
        there = text[at : at + 1]
        put = {_DROP: "", _DOUBLE: there * 2}.get(slip, slip + there)
        text = text[:at] + put + text[at + 1 :]
    return text


def of_path(glob: str) -> Filter:
    """What a pattern of a path is to become: a file, or a folder with all in it."""
    bare = glob.rstrip("/") or "/"
    found = [bare] if bare == glob else []
    if "/" not in bare and (not set(bare) & set("*?[") or "." not in bare):
        found.append(f"*/{bare}/*")
    if "/" in bare and not bare.endswith("*"):
        found.append(f"{bare.rstrip('/')}/*")
    forms = [unicodedata.normalize(f, g) if f else g for g in found for f in ("", "NFC", "NFD")]
    made = tuple(Condition("path", "=", g) for g in dict.fromkeys(forms))
    return made[0] if len(made) == 1 else AnyOf(made)


def in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_WORDS = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip)
_NAMES = _WORDS.filter(lambda text: "/" not in text and text not in (".", ".."))
_PATTERNS = st.one_of(_NAMES, _WORDS.map(lambda text: "/" + text), _WORDS.map("*/{}".format))
_KINDS = st.sampled_from(["image", "video", "audio"])
_DEGREES = st.integers(-90_000, 90_000).map(lambda n: n / 1000)
_BOXES = st.tuples(_DEGREES, _DEGREES, _DEGREES, _DEGREES).map(
    lambda box: (min(box[0], box[2]), box[1], max(box[0], box[2]), box[3])
)
_ORDER = st.sampled_from(["<", "<=", ">", ">="])


_FEW = st.integers(0, 99)
_DURATIONS = st.builds(
    lambda form, h, m, s: (form.format(h=h, m=m, s=s), 3600.0 * h + 60 * m + s),
    st.sampled_from(["{h}h{m}m{s}s", "{h}h{m}min{s}", "{h}H{m}M{s}S"]),
    _FEW,
    _FEW,
    _FEW,
)
_UNITS = {"": 1, "b": 1, "kb": 1000, "KiB": 1024, "mb": 10**6, "g": 10**9}
_SIZES = st.builds(
    lambda n, unit: (f"{n}{unit}", float(n * _UNITS[unit])),
    st.integers(0, 10_000),
    st.sampled_from(list(_UNITS)),
)
_LISTS = st.lists(_KINDS, min_size=1, max_size=3)


def _listed(kinds: list[str]) -> Filter:
    made = tuple(Condition("kind", "=", kind) for kind in kinds)
    return made[0] if len(made) == 1 else AnyOf(made)


def _joined(box: tuple[float, ...]) -> str:
    return ",".join(map(str, box))


_TOLD = st.one_of(
    _LISTS.map(lambda kinds: ("kind:" + ",".join(kinds), _listed(kinds))),
    _PATTERNS.map(lambda glob: ("path:" + in_quotes(glob), of_path(glob))),
    _WORDS.map(lambda word: ("tag:" + in_quotes(word), Condition("tags", "=", word.strip()))),
    st.builds(
        lambda op, d: (f"duration:{op}{d[0]}", Condition("duration", op, d[1])), _ORDER, _DURATIONS
    ),
    st.builds(lambda op, s: (f'SIZE:{op}"{s[0]}"', Condition("size", op, s[1])), _ORDER, _SIZES),
    _BOXES.map(lambda box: ("place:" + _joined(box), Condition("place", "=", box))),
    st.just(("speech:Yes", Condition("speech", "=", "yes"))),
    st.just(("after:2024-02", Condition("date", ">=", "2024-02"))),
)
query_filters: st.SearchStrategy[tuple[str, Filter]] = st.builds(
    lambda negated, told: ("-" + told[0], Not(told[1])) if negated else told, st.booleans(), _TOLD
)
"""A filter as it is written in a query, and what it becomes."""

_COMPARISONS: st.SearchStrategy[tuple[str, Filter]] = st.one_of(
    _LISTS.map(lambda kinds: (f"kind IN ({', '.join(kinds)})", _listed(kinds))),
    _KINDS.map(lambda kind: (f"Kind != {kind}", Condition("kind", "!=", kind))),
    _PATTERNS.map(lambda glob: (f"path like {in_quotes(glob)}", of_path(glob))),
    _WORDS.map(lambda word: (f"tags has {in_quotes(word)}", Condition("tags", "=", word.strip()))),
    st.builds(
        lambda op, d: (f"duration{op}{d[0]}", Condition("duration", op, d[1])), _ORDER, _DURATIONS
    ),
    st.builds(lambda op, s: (f"size {op} {s[0]}", Condition("size", op, s[1])), _ORDER, _SIZES),
    _BOXES.map(lambda box: (f"near in ({_joined(box)})", Condition("place", "=", box))),
    st.just(("speech is no", Condition("speech", "=", "no"))),
    st.just(("before 2024-02", Condition("date", "<", "2024-02"))),
)


def _grown(inner: st.SearchStrategy[tuple[str, Filter]]) -> st.SearchStrategy[tuple[str, Filter]]:
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        inner.map(lambda one: (f"not ({one[0]})", Not(one[1]))),
        several.map(lambda of: (" AND ".join(f"({t})" for t, _ in of), AllOf(_made(of)))),
        several.map(lambda of: ("\n or ".join(f"( {t} )" for t, _ in of), AnyOf(_made(of)))),
    )


def _made(of: list[tuple[str, Filter]]) -> tuple[Filter, ...]:
    return tuple(made for _, made in of)


expressions = st.recursive(_COMPARISONS, _grown, max_leaves=4)
"""An expression, and what it becomes."""


def holds(of: Filter, when: str) -> bool:
    """Whether a filter of dates is true of an asset of that date, compared as text is."""
    if isinstance(of, Not):
        return not holds(of.filter, when)
    if isinstance(of, AllOf):
        return all(holds(each, when) for each in of.filters)
    if isinstance(of, AnyOf):
        return any(holds(each, when) for each in of.filters)
    assert of.field == "date"
    return {
        "<": when < of.value,
        "<=": when <= of.value,
        ">": when > of.value,
        ">=": when >= of.value,
    }[of.op]
