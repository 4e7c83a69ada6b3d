"""Full text search of scripts without spaces, and of marks on letters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.store import Store, match_any, tokens
from engine.store.fulltext import unspaced
from tests.store.make import picture


def found(store: Store, text: str) -> list[int]:
    return [moment_id for moment_id, _ in store.words(match_any(text) or "", (), 20)]


@pytest.mark.parametrize(
    ("said", "asked", "another"),
    [
        ("我们明天开会议", "会议", "开心"),
        ("我们明天开会议", "会", "心"),
        ("桜の木の下で人々がお弁当を食べています", "お弁当", "おにぎり"),
        ("東京タワーの夜景", "タワー", "ホテル"),
        ("เราจะประชุมกันพรุ่งนี้", "ประชุม", "แมว"),
        ("내일 회의를 합니다", "회의", "고양이"),
    ],
)
def test_a_word_is_found_where_no_space_parts_it(
    store: Store, commit: Callable[..., int], said: str, asked: str, another: str
) -> None:
    commit(picture("/a.jpg", caption=said), picture("/b.jpg", caption="we meet tomorrow"))
    assert found(store, asked) == [1]
    assert found(store, another) == []


def test_a_word_of_a_file_name_is_found_too(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/照片/北京故宫2024.jpg"), picture("/other/x.jpg"), picture("/o/कुत्ता.jpg"))
    assert found(store, "कुत्ता") == [3]
    for asked in ("故宫", "北京", "2024", "照片"):
        assert found(store, asked) == [1]


def test_vowel_marks_do_not_part_a_word(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg", caption="एक कुत्ता घास पर"), picture("/b.jpg", caption="तीन तारे"))
    assert found(store, "कुत्ता") == [1], "its letters alone are in the other as well"
    assert tokens("كَلْب") == tokens("كلب")


def test_words_with_spaces_stay_as_they_are():
    text = "Crème brûlée, naïve 1e5x don't"
    assert unspaced.to_index(text) == unspaced.to_ask(text) == text


def test_a_run_beside_other_words_is_parted_from_them():
    assert tokens("iPhone手机壳13") == ["iphone", "手机", "机壳", "13"]
    assert unspaced.to_index("狗").split() == unspaced.to_ask("狗").split() == ["狗"]
