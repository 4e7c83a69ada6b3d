"""What chips make of a typed text means what it should, by the language itself."""

from __future__ import annotations

from engine.library.facade import Library
from engine.types import Query
from tests.server.page.browsing import Page

QUERIES = (
    "a red car",
    "red car + snow - people",
    "2: red car -night kind:video snow date:2024-06",
    "- 0.5: night + a b",
    '"the speaker" then "a chart" + red -blue',
    'kind:video beach tag:"hot dog, with" -path:*.jpg',
    'x-ray C++ "then - and" -5 degrees',
    "💃 dancing + a 12:30 train -“curly quotes”",
    "https://example.org/a.jpg + at night - people",
    "2: 3: x + 5 degrees",
)


TURNED = "text.turned(parsed.text, parts, place)"


def rewritten(page: Page, served, text: str, call: str) -> list:
    """Run a function of query_text.js on each part of a text."""
    parsed = served.http.get("/api/parse", params={"text": text}).json()
    return page.evaluate(
        f"""async (parsed) => {{
            const text = await import('/page/search/query_text.js');
            const parts = text.partsOf(parsed);
            return parts.map((part, place) => [part, {call}]);
        }}""",
        parsed,
    )


def meaning(query: Query) -> list[tuple]:
    return [
        (stage, part.value, part.asked, part.weight)
        for stage, parts in enumerate(query.stages)
        for part in parts
    ]


def read(text: str) -> Query:
    return Library.query(text, local=False)


def test_a_part_that_is_turned_counts_against_and_the_others_as_they_did(visit, served):
    page = visit()
    for text in QUERIES:
        before, calls = (
            meaning(read(text)),
            "text.mayBeTurned(parts, place) && text.turned(parsed.text, parts, place)",
        )
        words = -1
        for part, to in rewritten(page, served, text, calls):
            words += part["what"] == "words"
            if not to:
                continue
            if part["what"] == "filter":
                assert meaning(read(to)) == before and read(to).filter != read(text).filter, to
            else:
                expected = list(before)
                *same, weight = expected[words]
                expected[words] = (*same, -weight)
                assert meaning(read(to)) == expected, to
            ((_, back),) = [
                each
                for each in rewritten(page, served, to, TURNED)
                if each[0]["begin"] == part["begin"]
            ]
            assert meaning(read(back)) == before and read(back).filter == read(text).filter, back


def test_a_part_that_is_left_out_leaves_the_others_as_they_were(visit, served):
    page = visit()
    for text in QUERIES:
        before, words = meaning(read(text)), -1
        for part, to in rewritten(page, served, text, "text.without(parsed.text, parts, place)"):
            words += part["what"] == "words"
            if part["what"] == "then":
                continue
            expected = list(before)
            if part["what"] == "words":
                gone = expected.pop(words)
                if not any(each[0] == gone[0] for each in expected):  # its stage goes with it
                    expected = [(s - (s > gone[0]), *rest) for s, *rest in expected]
            if all(weight <= 0 for *_, weight in expected) and expected:
                continue  # nothing is wanted any more, which the box says
            assert meaning(read(to)) == expected, (text, to)


def test_a_weight_is_of_its_part_alone(visit, served):
    page = visit()
    for text in QUERIES:
        before, words = meaning(read(text)), -1
        for _, to in rewritten(
            page,
            served,
            text,
            "part.what === 'words' && text.weighted(parsed.text, parts, place, 0.25)",
        ):
            if not to:
                continue
            words += 1
            expected = list(before)
            *same, weight = expected[words]
            expected[words] = (*same, 0.25 if weight > 0 else -0.25)
            assert meaning(read(to)) == expected, (text, to)
