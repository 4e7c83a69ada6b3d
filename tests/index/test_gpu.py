"""Which device builds an index; there is no GPU here, so the choice alone is tested."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.index.exact import import_faiss
from engine.index.gpu import count, select


@pytest.mark.parametrize(
    ("wanted", "gpus", "device"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda")],
)
def test_the_device_that_is_taken(wanted, gpus, device):
    assert select(wanted, gpus) == device


@pytest.mark.parametrize(
    ("wanted", "line"), [("cuda", "no GPU here; install faiss-gpu"), ("tpu", "'tpu'")]
)
def test_a_device_that_cannot_be_had(wanted, line):
    with pytest.raises(UsageError, match=line):
        select(wanted, 0)


def test_gpus_are_counted():
    assert count(import_faiss()) >= 0
    assert count(object()) == 0
