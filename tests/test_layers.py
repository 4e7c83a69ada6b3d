"""The house plan holds: every import, those inside functions too, points one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = (
    {
        "engine.types",
        "engine.errors",
        "engine.config",
        "engine.common",
        "engine.torchvision_ops",
    },
    {"engine.media", "engine.encoders", "engine.store", "engine.generate"},
    {"engine.index", "indexers"},
    {"engine.testing"},
    {"engine.query", "engine.report"},
    {"engine.classify", "engine.curate", "engine.exchange", "engine.align", "engine.training"},
    {"engine.library_spaces", "engine.library_datasets"},
    {"engine.library"},
    {"engine.commands"},
    {"sensorium"},
)
HEAVY = {
    "torch",
    "faiss",
    "open_clip",
    "timm",
    "torchvision",
    "faster_whisper",
    "rich",
    "sklearn",
    "cleanlab",
    "umap",
    "transformers",
    "httpx",
    "pyarrow",
    "pandas",
    "webdataset",
    "datasets",
}
"""Imported only inside functions, or in modules that are themselves imported so."""


def modules() -> list[Path]:
    return sorted(
        [
            *ROOT.glob("engine/**/*.py"),
            *ROOT.glob("indexers/**/*.py"),
            *ROOT.glob("sensorium/**/*.py"),
        ]
    )


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str | None:
    """The room that a module is in; the longest name that is a room."""
    rooms = [r for layer in LAYERS for r in layer if module == r or module.startswith(r + ".")]
    return max(rooms, key=len, default=None)


def level(of_room: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if of_room in layer)


def wrong_arrows(module: str, imported: Iterator[str]) -> Iterator[str]:
    here = room(module)
    if here is None:
        return
    for name in imported:
        there = room(name)
        same_layer = there is not None and there != here and level(there) == level(here)
        if there is not None and (level(there) > level(here) or (same_layer and level(here) > 0)):
            yield f"{module} ({here}) imports {name} ({there})"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_one_way(path):
    if name_of(path) == "engine":  # re-exports the facade, lazily
        return
    assert room(name_of(path)), f"{path} is in no room of docs/design.md"
    tree = ast.parse(path.read_text())
    assert not list(wrong_arrows(name_of(path), imports(tree)))


def test_an_arrow_that_points_the_other_way_is_found():
    source = "def f():\n    from engine.library import Library\n"
    assert list(wrong_arrows("engine.store.catalog", imports(ast.parse(source))))
    assert list(wrong_arrows("indexers.scan", iter(["engine.index.exact"])))
    assert list(wrong_arrows("engine.media.image", iter(["engine.encoders.protocols"])))
    assert not list(wrong_arrows("engine.query.plan", iter(["engine.index.exact"])))


def heavy_at_import(tree: ast.Module) -> set[str]:
    """Heavy packages that the module's own body imports."""
    body = ast.Module([n for n in tree.body if not isinstance(n, ast.If)], [])
    outside = [n for n in body.body if isinstance(n, ast.Import | ast.ImportFrom)]
    found = imports(ast.Module(outside, []))  # type: ignore[arg-type]
    return {name.partition(".")[0] for name in found} & HEAVY


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_heavy_packages_load_only_when_they_are_used(path):
    if "export_" in path.name or "train_" in path.name:  # themselves imported inside functions
        return
    assert not heavy_at_import(ast.parse(path.read_text()))
