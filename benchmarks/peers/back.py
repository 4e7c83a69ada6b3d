"""Run clip-retrieval's back end over the vectors of a library, as a server to be loaded."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.environments import Unavailable, last_line, wait_for
from benchmarks.serving import Server
from engine.index.exact import import_faiss
from engine.library.facade import Library

_PACKAGES = ("flask", "flask-restful", "flask-cors", "fire", "h5py", "fsspec", "setuptools<81")
_INDEX = "HNSW32"
"""The structure that autofaiss, which makes its indexes, chooses where memory is no matter."""


def _site(work: Path) -> Path:
    """Return a folder with the packages of the back end, beside those of this interpreter."""
    folder, done = work / "clip-back-packages", work / "clip-back-packages.txt"
    if not done.exists() or done.read_text() != "\n".join(_PACKAGES):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        for wanted in (_PACKAGES, ("--no-deps", "clip-retrieval")):
            ran = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
            if ran.returncode:
                raise Unavailable(f"not installed: {last_line(ran.stderr)}")
        done.write_text("\n".join(_PACKAGES))
    return folder


def _index(path: Path, work: Path) -> Path:
    """Return the folder of an index of all vectors that texts are compared with, made once."""
    folder = work / f"clip-back-{path.name}"
    if not (folder / "image.index").exists():
        faiss = import_faiss()
        with Library.open(path) as library:
            library.search("all indexes are read")
            space = library.searcher.indexes[library.spaces.towers().shared.name]
            held = [index.vectors(index.ids()) for index in space.indexes.values()]
        vectors = np.concatenate(held)
        index = faiss.index_factory(vectors.shape[1], _INDEX, faiss.METRIC_INNER_PRODUCT)
        index.add(vectors)
        (folder / "metadata").mkdir(parents=True)
        rows = {"url": [f"/{i}.jpg" for i in range(len(vectors))], "caption": [""] * len(vectors)}
        pq.write_table(pa.table(rows), folder / "metadata" / "0.parquet")
        faiss.write_index(index, str(folder / "image.index"))
    return folder


@contextmanager
def clip_retrieval_back(library: Path, work: Path) -> Iterator[Server]:
    """Run the back end for the length of the ``with``.

    Raises:
        Unavailable: it cannot be installed, or does not begin.
    """
    work = work.resolve()
    folder, site = _index(library, work), _site(work)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    here = Path(__file__).resolve()
    paths = os.pathsep.join([str(site), str(here.parents[2])])
    log = folder / "log.txt"  # a line a request, which would fill a pipe
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(here.with_name("clip_retrieval_back.py")), str(folder), str(port)],
            env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.DEVNULL, stderr=out,
        )  # fmt: skip
    try:
        wait_for(process, f"http://127.0.0.1:{port}/indices-list", log)
        yield Server("127.0.0.1", port, process.pid)
    finally:
        process.kill()
        process.wait(60)
