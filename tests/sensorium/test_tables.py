"""Results are sequences, and tables of pandas and of Arrow."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest


@pytest.fixture(scope="module")
def results(library):
    return {
        "search": library.search("red", kinds=["image", "audio"]),
        "classify": library.classify(["red", "green"]),
        "curate": library.curate.quality(limits={"tiny": 5000}),
    }


@pytest.mark.parametrize("name", ["search", "classify", "curate"])
def test_a_result_is_a_sequence(results, name):
    result = results[name]
    assert len(result) == len(list(result)) > 1
    assert bool(result)
    assert result[0] == next(iter(result))
    assert result[-1] == list(result)[-1]
    assert list(result[:1]) == [result[0]]
    assert not result[:0]
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.parametrize("name", ["search", "classify", "curate"])
def test_a_result_is_a_table(results, name):
    result = results[name]
    table, frame = result.to_arrow(), result.to_pandas()
    assert table.num_rows == len(frame) == len(result)
    assert table.column_names == list(frame.columns)
    of_none = result[:0].to_arrow() if name != "classify" else table
    assert of_none.schema == table.schema, "an empty table has the same types"


def test_a_path_that_is_no_text_is_no_obstacle(results):
    odd = replace(results["search"][0], path="/a\udce9.jpg")
    assert replace(results["search"], hits=(odd,)).to_arrow()["path"].to_pylist() == [
        "/a\ufffd.jpg"
    ]


def test_files_that_fit_no_label_are_counted(results):
    found = results["classify"]
    assert found.unfitting == sum(result.known < 0.5 for result in found)
    assert ("unknown=True" in repr(found)) is bool(found.unfitting)
