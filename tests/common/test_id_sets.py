"""Sets of ids, against numpy's own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.id_sets import among, locate, look_up, union

pytestmark = pytest.mark.slow

IDS = st.lists(st.integers(1, 30), max_size=20).map(lambda ids: np.array(ids, np.int64))


@given(st.lists(IDS, max_size=4))
def test_a_union_has_each_id_once_in_order(parts):
    expected = np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))
    assert union(parts).tolist() == expected.tolist()


@given(IDS, IDS)
def test_membership(ids, known):
    assert among(ids, np.unique(known)).tolist() == np.isin(ids, known).tolist()


@given(IDS, IDS)
def test_places_and_values(ids, known):
    known = np.unique(known)
    found, places = locate(ids, known)
    assert found.tolist() == np.isin(ids, known).tolist()
    assert known[places].tolist() == ids[found].tolist()
    values = look_up(ids, known, 10 * known, missing=-1)
    assert values.tolist() == [10 * i if i in known else -1 for i in ids.tolist()]


def test_they_import_nothing_more_of_numpy():
    code = (
        "import sys, numpy as np; from engine.common.id_sets import among, union\n"
        "ids = union([np.array([2, 1])]); among(ids, ids)\n"
        "sys.exit('numpy.ma' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
