"""Inverted lists that stay on disk: a query reads the pages of those that it visits.

FAISS keeps the lists of a fast scan in memory, in blocks of 32 vectors, and reads all of
them when it opens an index. Its lists on disk have room for whole blocks, though, and a
search only asks where a list lies. So the blocks are written as they are, ids behind
them, and a table says where:

  codes.ivf    for each list its blocks, then its moments' places, at multiples of 64
  lists.u64    for each list its size, its size in whole blocks, and where it lies
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.index.faiss_files import of_the_system

CODES, LISTS = "codes.ivf", "lists.u64"
_ALIGNED = 64
"""Bytes of the widest load."""


def are_kept_apart(key: str) -> bool:
    """Tell whether an index of this factory key has such lists: those with product codes."""
    return key.startswith("IVF") and key.endswith("x4fs")


def save(index: Any, folder: Path, faiss: Any) -> None:
    """Write the lists of an inverted file with a fast scan, and empty it."""
    held = faiss.downcast_InvertedLists(index.invlists)
    per_block = held.n_per_block
    table = np.zeros((index.nlist, 3), np.uint64)
    with (folder / CODES).open("wb") as file:
        for number in range(index.nlist):
            size = held.list_size(number)
            whole = -(-size // per_block) * per_block
            file.write(bytes(-file.tell() % _ALIGNED))
            table[number] = size, whole, file.tell()
            if size:
                blocks = held.block_size * whole // per_block
                file.write(faiss.rev_swig_ptr(held.get_codes(number), blocks).data)
                file.write(faiss.rev_swig_ptr(held.get_ids(number), size).data)
                file.write(bytes(8 * (whole - size)))
    (folder / LISTS).write_bytes(table.tobytes())
    index.reset()


def attach(index: Any, folder: Path, count: int, faiss: Any) -> None:
    """Let an emptied index find its lists on disk, mapped into memory.

    Raises:
        OSError: the system does not let them be mapped now.
        RuntimeError, ValueError: they are damaged.
    """
    # Not by ``np.fromfile``: to that an error of the disk is the end of the file.
    table = np.frombuffer((folder / LISTS).read_bytes(), np.uint64)
    if table.size != 3 * index.nlist:
        raise ValueError(f"{LISTS} has not its size")
    on_disk = faiss.OnDiskInvertedLists()
    on_disk.nlist, on_disk.code_size = index.nlist, index.code_size
    on_disk.filename, on_disk.read_only = str(folder / CODES), True
    on_disk.totsize = (folder / CODES).stat().st_size
    on_disk.prefetch_nthread = 0  # a search visits few lists, and knows which
    on_disk.lists.resize(index.nlist)
    faiss.memcpy(on_disk.lists.data(), faiss.swig_ptr(table), table.nbytes)
    with of_the_system(folder / CODES):
        on_disk.do_mmap()
    index.replace_invlists(on_disk, True)
    on_disk.this.disown()
    index.ntotal = count


def load(index: Any, faiss: Any) -> None:
    """Bring attached lists back into memory, so that more can be added."""
    on_disk, per_block = index.invlists, index.bbs
    held = faiss.BlockInvertedLists(index.nlist, per_block, index.code_size * per_block)
    for number in range(index.nlist):
        size = on_disk.list_size(number)
        if size:
            held.resize(number, size)
            blocks = -(-size // per_block) * per_block * index.code_size
            faiss.memcpy(held.get_codes(number), on_disk.get_codes(number), blocks)
            faiss.memcpy(held.get_ids(number), on_disk.get_ids(number), 8 * size)
    index.replace_invlists(held, True)
    held.this.disown()
    index.init_code_packer()
