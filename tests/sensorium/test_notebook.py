"""A notebook that uses the facade, run by a real kernel: a bar, pictures, a table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[2]
CELLS = (
    "from sensorium import Library",
    "library = Library.open({library!r}, create=True, encoder='fake')",
    "library.index([{media!r}], progress=True)",
    "result = library.search('red')\nresult",
    "print(result)",
    "result.to_pandas()[['rank', 'kind', 'path']]",
    "result[0].thumbnail()",
    "library.stats()",
    "library.ask('which picture shows red?')",
    "library.close()",
)


def run(cells: tuple[str, ...]) -> list[list[dict]]:
    """Return the outputs of each cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)})
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_a_bar_pictures_and_tables(media, tmp_path):
    where = {"library": str(tmp_path / "library"), "media": str(media)}
    outputs = run(tuple(cell.format(**where) for cell in CELLS))
    report = outputs[2][-1]["data"]["text/plain"]
    assert "added=5" in report or "5 files: 5 added" in report
    page = outputs[3][-1]["data"]["text/html"]
    assert page.count("data:image/jpeg;base64,") == page.count("<tr>") - 1 > 3
    assert "&lt;b&gt;red&amp;.png" in page
    assert outputs[4][-1]["text"].splitlines()[0].split() == ["#", "sure", "kind", "at", "file"]
    assert "<table" in outputs[5][-1]["data"]["text/html"]
    assert "image/png" in outputs[6][-1]["data"] or "image/jpeg" in outputs[6][-1]["data"]
    assert "assets: 1 audio, 3 image" in outputs[7][-1]["data"]["text/plain"]
    assert outputs[8][-1]["data"]["text/plain"].splitlines()[1].startswith("[1] ")
    if keep := os.environ.get("SENSORIUM_NOTEBOOK_PAGE"):
        Path(keep).write_text(f"<!doctype html><meta charset=utf-8>{page}")
