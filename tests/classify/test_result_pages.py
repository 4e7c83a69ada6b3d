"""Results of a classification in pages: orders, labels, thresholds, and a file that changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.classify.result_pages import ResultPages

ROWS = (
    ("/b.png", "dog", 0.9), ("/A.png", "cat", 0.57), ("/c.png", None, 0.8), ("/d.png", "dog", 0.25),
    ("/e.png", "cat", 0.57),
)  # fmt: skip


@pytest.fixture
def results(tmp_path) -> Path:
    file = tmp_path / "results.jsonl"
    write(file, ROWS)
    return file


def write(file: Path, rows) -> None:
    lines = (
        json.dumps({"file": name, "label": label, "probability": sure})
        for name, label, sure in rows
    )
    file.write_text("".join(f"{line}\n" for line in lines))


def names(page: tuple[list[dict], int]) -> list[str]:
    return [row["file"][1] for row in page[0]]


def test_pages_follow_each_other_in_the_order_that_is_asked_for(results):
    pages = ResultPages.of(results)
    assert names(pages.page(0, 9)) == ["b", "A", "c", "d", "e"]
    assert names(pages.page(0, 9, order="sure")) == ["b", "A", "e", "d", "c"]
    assert names(pages.page(0, 9, order="unsure")) == ["c", "d", "A", "e", "b"]
    assert names(pages.page(0, 9, order="file")) == ["A", "b", "c", "d", "e"]
    parts = [pages.page(skip, 2, order="sure") for skip in (0, 2, 4, 6)]
    assert [names(part) for part in parts] == [["b", "A"], ["e", "d"], ["c"], []]
    assert {total for _, total in parts} == {5}


def test_a_label_and_what_is_none_at_a_threshold(results):
    pages = ResultPages.of(results)
    assert names(pages.page(0, 9, label="cat")) == ["A", "e"]
    assert pages.page(0, 9, label="bird") == ([], 0)
    assert names(pages.page(0, 9, below=0.57)) == ["c", "d"]
    assert names(pages.page(0, 1, below=0.58)) == ["A"] and pages.page(0, 1, below=0.58)[1] == 4


def test_counts_are_those_of_each_threshold(results):
    cat, dog = ResultPages.of(results).counts()
    assert (cat.label, dog.label) == ("cat", "dog")
    for step in range(101):
        least = step / 100
        for count in (cat, dog):
            held = [s for _, label, s in ROWS if label == count.label and s >= least]
            assert count.at_least[step] == len(held), (count.label, least)


def test_a_file_is_read_again_only_when_it_has_changed(results):
    first = ResultPages.of(results)
    assert ResultPages.of(results) is first
    write(results, ROWS[:2])
    os.utime(results, ns=(1, 1))
    assert len(ResultPages.of(results)) == 2


def test_results_of_nothing(tmp_path):
    file = tmp_path / "none.jsonl"
    write(file, ())
    pages = ResultPages.of(file)
    assert len(pages) == 0 and pages.counts() == [] and pages.page(0, 9, order="sure") == ([], 0)
