"""The house plan holds: every import, those inside functions too, points one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trees import ROOT, trees

LAYERS = (
    {
        "engine.types",
        "engine.errors",
        "engine.completion_words",
        "engine.config",
        "engine.config_edit",
        "engine.config_file",
        "engine.common",
        "engine.torchvision_ops",
    },
    {"engine.media", "engine.encoders", "engine.store", "engine.generate"},
    {"engine.index", "indexers"},
    {"engine.query", "engine.report"},
    {"engine.classify", "engine.curate", "engine.exchange", "engine.align", "engine.training"},
    {"engine.assistant"},
    {"engine.compose"},
    {
        "engine.library.captions",
        "engine.library.datasets",
        "engine.library.embedding",
        "engine.library.open",
        "engine.library.search",
        "engine.library.spaces",
        "engine.library.views",
    },
    {"engine.library.questions", "engine.library.relevance"},
    {"engine.library.base"},
    {"engine.library.reading"},
    {"engine.library.encoding"},
    {"engine.library.exchange"},
    {"engine.library.asking"},
    {"engine.library.composing"},
    {"engine.library"},
    {"engine.encoder_trial"},
    {
        "engine.doctor",
        "engine.model_trial",
        "engine.models",
        "engine.profile_indexing",
        "engine.speaking",
    },
    {"engine.server"},
    {"engine.commands"},
    {"sensorium", "engine.testing"},
)
"""Rooms from left to right; a room imports those to its left alone.

The first layer is the ground, whose rooms may import each other. Nothing imports
``engine.testing`` but tests and the entry point that makes its encoder a plugin.
"""
HEAVY = {
    "alembic",
    "av",
    "cleanlab",
    "cv2",
    "datasets",
    "faiss",
    "fastapi",
    "faster_whisper",
    "google",
    "httpx",
    "mcp",
    "onnx",
    "onnxruntime",
    "open_clip",
    "openai",
    "pandas",
    "prometheus_client",
    "psycopg",
    "pyarrow",
    "rapidocr",
    "rich",
    "safetensors",
    "sentence_transformers",
    "sklearn",
    "sqlalchemy",
    "tifffile",
    "timm",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
    "umap",
    "uvicorn",
    "webdataset",
    "xllamacpp",
}
"""Imported only inside functions, or in modules that are themselves imported so."""
HEAVY_ALLOWED = {
    "engine.commands.output.cells": {"rich"},
    "engine.encoders.compact.export_pictures": {"timm", "torch"},
    "engine.encoders.compact.export_sounds": {"torch"},
    "engine.encoders.compact.export_text": {"safetensors", "torch"},
    "engine.encoders.compact.export_e5": {"torch"},
    "engine.encoders.runtime.export_towers": {"torch"},
    "engine.media.audio": {"av"},
    "engine.media.clip": {"av"},
    "engine.media.container": {"av"},
    "engine.media.envelope": {"av"},
    "engine.media.sampling": {"av"},
    "engine.media.seeking": {"av"},
    "engine.media.sound_file": {"av"},
    "engine.media.texts": {"av"},
    "engine.media.timed_texts": {"av"},
    "engine.media.upright": {"av"},
    "engine.media.video": {"av"},
    "engine.server": {"fastapi", "mcp", "prometheus_client", "uvicorn"},
    "engine.store.postgres": {"psycopg"},
    "engine.store.sql.migrations": {"alembic", "sqlalchemy"},
    "engine.store.sql.reads": {"sqlalchemy"},
    "engine.store.sql.schema": {"sqlalchemy"},
    "engine.store.write": {"sqlalchemy"},
}
"""Heavy packages of modules, and of rooms, that are themselves imported inside functions."""
FACADE = {
    "engine.types",
    "engine.errors",
    "engine.completion_words",
    "engine.config",
    "engine.config_edit",
    "engine.config_file",
    "engine.common",
    "engine.library",
    "engine.doctor",
    "engine.encoder_trial",
    "engine.model_trial",
    "engine.models",
    "engine.profile_indexing",
    "engine.server",
    "engine.speaking",
    "engine.commands",
}
"""All that a command imports when it runs: the ground, the facade, and other commands."""


def modules() -> dict[str, ast.Module]:
    """Return each module of ours as a tree, by its name."""
    return {name_of(path): tree for path, tree in trees().items()}


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
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
    """Return the room that a module is in; the longest name that is a room."""
    rooms = [r for layer in LAYERS for r in layer if is_in(module, r)]
    return max(rooms, key=len, default=None)


def is_in(module: str, of_room: str) -> bool:
    return module == of_room or module.startswith(of_room + ".")


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


def test_imports_point_one_way():
    # The package itself re-exports the facade, lazily.
    inside = {name: tree for name, tree in modules().items() if name != "engine"}
    assert [name for name in inside if not room(name)] == [], "in no room of docs/design.md"
    assert [
        arrow for name, tree in inside.items() for arrow in wrong_arrows(name, imports(tree))
    ] == []


def test_an_arrow_that_points_the_other_way_is_found():
    source = "def f():\n    from engine.library.facade import Library\n"
    assert list(wrong_arrows("engine.store.catalog", imports(ast.parse(source))))
    assert list(wrong_arrows("indexers.scan", iter(["engine.index.exact"])))
    assert list(wrong_arrows("engine.media.image", iter(["engine.encoders.protocols"])))
    assert list(wrong_arrows("engine.library.facade", iter(["engine.testing.fake_encoder"])))
    assert not list(wrong_arrows("engine.query.plan", iter(["engine.index.exact"])))


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def without_types(tree: ast.Module) -> Iterator[str]:
    """Yield what is imported when the module, or a function of it, runs."""
    for node in tree.body:
        if not is_for_types(node):
            yield from imports(node)


def at_import(body: list[ast.stmt]) -> Iterator[str]:
    """Yield what a body imports as it is, in blocks of ``try``, ``if`` and ``with`` too."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(ast.Module([node], []))
        elif isinstance(node, ast.Try):
            handled = [line for handler in node.handlers for line in handler.body]
            yield from at_import([*node.body, *handled, *node.orelse, *node.finalbody])
        elif isinstance(node, ast.If) and not is_for_types(node):
            yield from at_import([*node.body, *node.orelse])
        elif isinstance(node, ast.With | ast.For | ast.While | ast.ClassDef):
            yield from at_import(node.body)


def heavy_at_import(tree: ast.Module) -> set[str]:
    """Heavy packages that importing the module imports."""
    return {name.partition(".")[0] for name in at_import(tree.body)} & HEAVY


def heavy_allowed(module: str) -> set[str]:
    """Heavy packages that a module may import, by itself or by the room that it is in."""
    return set().union(*(names for of, names in HEAVY_ALLOWED.items() if is_in(module, of)))


def test_heavy_packages_load_only_when_they_are_used():
    found = {name: heavy_at_import(tree) - heavy_allowed(name) for name, tree in modules().items()}
    assert {name: packages for name, packages in found.items() if packages} == {}


@pytest.mark.parametrize("place", HEAVY_ALLOWED)
def test_what_may_be_heavy_is(place):
    found = [heavy_at_import(tree) for name, tree in modules().items() if is_in(name, place)]
    assert set().union(*found) == HEAVY_ALLOWED[place]


@pytest.mark.parametrize("module", ["engine.library.facade", "engine.commands.main", "sensorium"])
def test_what_is_imported_first_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == []


def test_heavy_packages_are_found_in_blocks_too():
    hidden = "try:\n    import torch\nexcept ImportError:\n    import faiss\n"
    assert heavy_at_import(ast.parse(hidden)) == {"torch", "faiss"}
    chosen = "import sys\nif sys.platform == 'linux':\n    import rich.console\n"
    assert heavy_at_import(ast.parse(chosen)) == {"rich"}
    typed = "if TYPE_CHECKING:\n    import torch\ndef f():\n    import faiss\n"
    assert not heavy_at_import(ast.parse(typed))


def beside_the_facade(tree: ast.Module) -> Iterator[str]:
    """Yield what a command may not do: import other rooms when it runs, or use a store."""
    for name in without_types(tree):
        ours = name.partition(".")[0] in ("engine", "indexers") and name != "engine"
        if ours and not any(is_in(name, allowed) for allowed in FACADE):
            yield f"imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "store":
            yield f"line {node.lineno} uses a store"


def test_commands_call_the_facade_alone():
    commands = {n: tree for n, tree in modules().items() if is_in(n, "engine.commands")}
    beside = {name: list(beside_the_facade(tree)) for name, tree in commands.items()}
    assert {name: lines for name, lines in beside.items() if lines} == {}


def test_what_goes_beside_the_facade_is_found():
    source = "def f(library):\n    from engine.store import Store\n    return library.store\n"
    assert len(list(beside_the_facade(ast.parse(source)))) == 3
    typed = "if TYPE_CHECKING:\n    from engine.store import Store\nfrom engine.types import Kind\n"
    assert not list(beside_the_facade(ast.parse(typed)))
