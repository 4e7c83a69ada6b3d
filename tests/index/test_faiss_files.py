"""The kind: a disk that fails while FAISS reads is an error of the system, and no damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.index import inverted_lists
from engine.index.exact import import_faiss
from engine.index.faiss_files import of_the_system, read_index


def test_what_cannot_be_read_is_no_damage(tmp_path: Path) -> None:
    faiss = import_faiss()
    with pytest.raises(RuntimeError):
        (tmp_path / "damaged").write_bytes(b"no index")
        read_index(tmp_path / "damaged", faiss)
    for reason in ("Input/output error", "Stale file handle", "Permission denied"):
        with pytest.raises(OSError, match=reason), of_the_system(tmp_path):
            raise RuntimeError(f"Error in faiss::read_index: read error in {tmp_path} ({reason})")


def test_lists_that_cannot_be_mapped_are_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faiss = import_faiss()
    rows = np.random.default_rng(1).standard_normal((64, 8)).astype(np.float32)
    index = faiss.index_factory(8, "IVF1,PQ4x4fs", faiss.METRIC_INNER_PRODUCT)
    index.train(rows)
    index.add(rows)
    inverted_lists.save(index, tmp_path, faiss)

    def failing(_: object) -> None:
        raise RuntimeError("could not mmap: Cannot allocate memory")

    monkeypatch.setattr(faiss.OnDiskInvertedLists, "do_mmap", failing)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        inverted_lists.attach(index, tmp_path, 64, faiss)


def test_a_table_of_lists_that_is_cut_is_damage_and_no_crash(tmp_path: Path) -> None:
    faiss = import_faiss()
    rows = np.random.default_rng(1).standard_normal((64, 8)).astype(np.float32)
    index = faiss.index_factory(8, "IVF1,PQ4x4fs", faiss.METRIC_INNER_PRODUCT)
    index.train(rows)
    index.add(rows)
    inverted_lists.save(index, tmp_path, faiss)
    (tmp_path / inverted_lists.LISTS).write_bytes(bytes(8))
    with pytest.raises(ValueError, match="size"):
        inverted_lists.attach(index, tmp_path, 64, faiss)
