"""Full text search: whatever is asked, and what of a file can be found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store import Store, match_any
from engine.store.fulltext.documents import name_words
from engine.types import Embedding, IndexedAsset, Kind, Modality, Moment
from tests.examples import examples
from tests.store.make import asset, picture, sound, stat

pytestmark = pytest.mark.slow

HOSTILE = [*"\"'*^()-+%\0🙂", "OR", "AND", "NOT", "NEAR(a b)", "text:"]


def search(store: Store, text: str, kinds: tuple[Kind, ...] = ()) -> list[int]:
    match = match_any(text)
    return [] if match is None else [moment_id for moment_id, _ in store.words(match, kinds, 20)]


@settings(
    max_examples=examples(250),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.one_of(st.text(), st.lists(st.sampled_from([*HOSTILE, "dog"])).map(" ".join)))
def test_no_text_is_a_syntax_error(store: Store, text: str) -> None:
    search(store, text)
    search(store, text, (Kind.IMAGE,))


@pytest.mark.parametrize("text", ["", " ", "🙂", "\0", '"', "***", "--", "_"])
def test_a_text_without_words_has_no_expression(text: str) -> None:
    assert match_any(text) is None


def test_an_expression_is_of_quoted_words() -> None:
    assert match_any('Dog OR "cat" dog NEAR') == '"dog" OR "or" OR "cat" OR "near"'
    assert len((match_any(" ".join(f"w{i}" for i in range(500))) or "").split(" OR ")) == 64


@pytest.mark.parametrize(
    "text",
    [
        "beach",
        "BEACH",
        "img beach",
        "2024",
        "beach-2024",
        "beach.2024",
        "summer",
        "holidays beaches",
    ],
)
def test_a_file_is_found_by_its_name_and_folder(
    store: Store, commit: Callable[..., int], text: str
) -> None:
    commit(picture("/pics/SummerHoliday/IMG_beach-2024.jpg"), picture("/other/x.jpg"))
    assert search(store, text) == [1]


def test_a_name_finds_its_asset_once(store: Store, commit: Callable[..., int]) -> None:
    commit(sound("/beach.wav", *(f"sentence {i}" for i in range(9))), picture("/beach.jpg"))
    assert sorted(search(store, "beach")) == [1, 10]


def test_words_are_stemmed_and_accents_do_not_matter(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(sound("/a.wav", "She was running past the café", "cafe\u0301s are closed"))
    assert search(store, "runs") == [1]
    assert sorted(search(store, "cafe")) == sorted(search(store, "café")) == [1, 2]
    assert sorted(search(store, "cafe\u0301")) == [1, 2]


def test_scores_are_positive_and_best_first(store: Store, commit: Callable[..., int]) -> None:
    commit(
        sound("/a.wav", "the dog barks", "dog dog dog", "the cat sleeps by the door"),
        picture("/pics/dog.jpg"),
        *(picture(f"/x/{i}.jpg") for i in range(20)),
    )
    found = store.words('"dog"', (), 10)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert found[0][0] == 2
    assert store.words('"dog"', (), 2) == found[:2]


def test_a_word_weighs_less_in_a_name_than_among_the_tags(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/1/dog.jpg", "a"), picture("/2/3.jpg", "b", "dog"))
    commit(*(picture(f"/x/{i}.jpg") for i in range(20)))
    assert search(store, "dog") == [2, 1]


def test_a_caption_finds_its_asset_once(store: Store, commit: Callable[..., int]) -> None:
    commit(sound("/a.wav", "one", "two", caption="Grandma's birthdays,\nin the garden"))
    assert search(store, "birthday") == search(store, "gardens") == [1]


def test_a_word_weighs_in_a_caption_as_much_as_among_the_tags(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/1/2.jpg", "a", caption="the garden"), picture("/3/4.jpg", "b", "a garden"))
    commit(picture("/garden/5 6 7.jpg"), *(picture(f"/x/{i}.jpg") for i in range(20)))
    scores = dict(store.words('"garden"', (), 9))
    assert scores[1] == scores[2] > scores[3]


def test_a_caption_follows_a_move_and_goes_with_what_replaces_the_file(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a", caption="birthday \0 cake \ud800"))
    with store.writer() as writer:
        writer.move(1, stat("/b.jpg"))
    assert search(store, "cake") == [1]
    commit(picture("/b.jpg", "b"))
    assert search(store, "cake") == []


def test_only_the_kinds_that_are_asked(store: Store, commit: Callable[..., int]) -> None:
    commit(sound("/a.wav", "a dog"), picture("/b.jpg", "b", "dog"))
    assert search(store, "dog", (Kind.IMAGE,)) == [2]
    assert search(store, "dog", (Kind.AUDIO,)) == [1]
    assert search(store, "dog", (Kind.VIDEO,)) == []
    assert sorted(search(store, "dog", (Kind.IMAGE, Kind.AUDIO))) == [1, 2]


def test_text_that_no_database_stores_is_still_committed(
    store: Store, commit: Callable[..., int]
) -> None:
    moment = Moment(Modality.SPEECH, 0.0, 1.0, 0, "nul \0 and \ud800 surrogate")
    commit(IndexedAsset(asset("/a.wav", "a", Kind.AUDIO), (Embedding(moment, {}),)))
    assert search(store, "surrogate") == [1]
    assert store.records([1])[1].moment.text == "nul \ufffd and \ufffd surrogate"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/pics/Summer_2024/IMG_beach-01.tar.gz",
         "pics Summer 2024 IMG beach 01 tar IMGbeach01tar gz"),
        ("/beach.jpg", "beach jpg"),
        ("/a/b/c/myHoliday2.mov", "b c myHoliday2 my Holiday 2 mov"),
        ("/pics/na\udcefve.jpg", "pics na ve nave jpg"),
        ("/HTTPServer.png", "HTTPServer HTTP Server png"),
        ("/M\u00fcnchen.png", "M\u00fcnchen png"),
    ],
)  # fmt: skip
def test_words_of_names(path: str, words: str) -> None:
    assert name_words(path) == words


@pytest.mark.parametrize("text", ["IMG_0044", "img0044", "IMG_0044.jpg", "0044", "holiday", "trip"])
def test_a_name_is_found_however_it_is_typed(
    store: Store, commit: Callable[..., int], text: str
) -> None:
    commit(picture("/TripToRome/holiday/IMG_0044.jpg"), picture("/other/IMG_0045.png"))
    assert search(store, text)[0] == 1


def test_moments_with_a_word_are_counted_no_further_than_asked(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(*(picture(f"/{i}.jpg", f"{i}", "dogs" if i % 2 else "a cat") for i in range(10)))
    counts = [store.count_words(match, 100) for match in ('"dog"', '"cat"', '"cat" OR "dog"')]
    assert counts == [5, 5, 10]
    assert store.count_words('"dog"', 3) == 3
    assert store.count_words('"fish"', 3) == 0


def test_moments_whose_files_have_a_word_written_about_them_are_listed(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(*(picture(f"/{i}.jpg", f"{i}", caption="dogs" if i % 2 else "") for i in range(10)))
    assert len(store.written('"dog"', 100)) == 5 and len(store.written('"dog"', 3)) == 3
    assert store.written('"fish"', 3) == []
