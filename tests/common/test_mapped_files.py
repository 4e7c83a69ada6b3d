"""A mapped file that is cut ends a program of ours with a line, and no signal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the signal is taken on Linux"),
]

_BEGIN = """
import os, shutil, sys
from pathlib import Path
from engine.common.mapped_files import guarded, watch_pages
folder, file = Path(sys.argv[1]), Path(sys.argv[1]) / "mapped"
watch_pages(ends=True)
def cut():
    os.truncate(file, 0)
"""
_KINDS = {
    "words of other languages": """
from engine.encoders.compact.lexicon import LEXICON, Lexicon
shutil.copy(LEXICON, file)
lexicon = Lexicon(file); lexicon.name("vogel"); cut(); lexicon.name("vogel")
""",
    "weights": """
from engine.encoders.compact.e5_file import _HEADER, DIM, LAYERS, E5File
file.write_bytes(_HEADER.pack(b"E5S1", 1, DIM, LAYERS, *[0] * 5, 0.0, *[9] * 6, 9) + bytes(9999))
weights = E5File(file); cut(); weights.scores
""",
    "a catalog": """
import sqlite3
from engine.store.sqlite import connect_reader
made = sqlite3.connect(file)
made.execute("CREATE TABLE words (word)")
made.executemany("INSERT INTO words VALUES (?)", [("word" * 99,)] * 9999)
made.commit(); made.close()
rows = connect_reader(file).execute("SELECT word FROM words")
rows.fetchone(); cut(); rows.fetchall()
""",
    "an index beside what is guarded": """
import numpy as np
file.write_bytes(bytes(9999))
mapped = np.memmap(file, np.uint8, "r"); cut()
with guarded(folder / "indexes"):
    mapped.sum()
""",
    "weights of a stranger's model": """
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
save_file({"w": np.ones(99999)}, file)
weights = safe_open(file, "np"); cut(); weights.get_tensor("w")
""",
    "tensors beside an exported model": """
import numpy as np, onnx
from engine.encoders.runtime.onnx_session import session
rows = np.ones((999, 999), np.float32)
graph = onnx.helper.make_graph(
    [onnx.helper.make_node("Gather", ["rows", "at"], ["row"])], "look_up",
    [onnx.helper.make_tensor_value_info("at", onnx.TensorProto.INT64, [1])],
    [onnx.helper.make_tensor_value_info("row", onnx.TensorProto.FLOAT, [1, 999])],
    [onnx.numpy_helper.from_array(rows, "rows")],
)
model = onnx.helper.make_model(
    graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
onnx.save_model(model, folder / "model.onnx", save_as_external_data=True, location="mapped")
loaded = session(folder / "model.onnx", 1)
cut(); loaded.run(None, {"at": np.array([998])})
""",
    "rows of a similarity join": """
import tempfile
from engine.index import matrix
matrix._IN_MEMORY = 0
tempfile.TemporaryFile = lambda dir: file.open("wb+")
rows = matrix.half_rows(99, 99); rows[:] = 1; cut(); rows.sum()
""",
    "arrays to import": """
import numpy as np
np.save(file.with_suffix(".npy"), np.ones(9999)); file.with_suffix(".npy").rename(file)
rows = np.load(file, mmap_mode="r"); cut(); rows.sum()
""",
}


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", _BEGIN + script, str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", _KINDS.values(), ids=_KINDS)
def test_what_is_cut_is_named_in_a_line(tmp_path: Path, script: str) -> None:
    done = _run(script, tmp_path)
    line = f"sensorium: {tmp_path}/mapped cannot be read any more: it was cut, or its disk fails"
    assert done.stderr.startswith(line) and done.stderr.count("\n") == 1
    assert (done.returncode, done.stdout) == (1, "")


def test_in_a_program_of_others_the_signal_does_what_it_did(tmp_path: Path) -> None:
    script = (
        _BEGIN.replace("ends=True", "")
        + """
import faulthandler, numpy as np
file.write_bytes(bytes(9999))
mapped = np.memmap(file, np.uint8, "r"); cut(); mapped.sum()
"""
    )
    words = [sys.executable, "-X", "faulthandler", "-c", script, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGBUS and done.stderr.startswith(
        "Fatal Python error: Bus error"
    )
