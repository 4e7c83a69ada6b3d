"""The public interface: its names, their documentation and types, and what importing costs."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sensorium
import sensorium.encoders

ROOT = Path(__file__).parents[2]
PUBLIC = [
    "AlignReport", "AlignStatus", "BackfillReport", "BadImport", "CancelToken", "Cancelled",
    "CaptionRun", "CatalogUnreachable", "ChatFailed", "CitedAnswer", "Classification",
    "Compaction", "Conversation", "CorruptMedia",
    "CurationRun", "Description", "EmbeddingFailed", "EmptyMedia",
    "EncoderUnavailable", "Evaluation", "ExportFailed", "ExportFormat", "ExportReport",
    "ExtraMissing", "Failure", "FetchRefused", "FilesVanished", "Finding", "Fusion", "Group",
    "Hit", "HitDetails", "ImportFormat", "ImportReport", "IndexReport", "InvalidQuery", "Kind",
    "Label", "Library", "LibraryBusy", "LibraryCorrupt", "LibraryDescription", "LibraryNotFound",
    "LibraryReadOnly", "LibraryStats", "LibraryUnavailable", "MediaError", "MediaTooLarge",
    "Modality", "NotALibrary", "OutOfMemory", "PartKind", "Passage", "PathNotFound", "Plan",
    "Progress", "Query", "QueryPart", "QuerySyntax", "SearchResult", "SegmentGone",
    "SensoriumError", "Settings", "SpaceMismatch", "SpaceStats", "Span", "Speech", "StoreError",
    "Story", "StreamedSentence", "TopicLesson", "UnreadableMedia", "UnsupportedMedia", "UsageError",
    "VerifyReport", "WatchReport", "Why",
    "__version__",
    "quoted", "speak",
]  # fmt: skip
ENCODERS = [
    "Embedded", "Encoder", "EncoderUnavailable", "Fetched", "Heard", "Logits", "Modality",
    "Offered", "Pixels", "ScreenBridge", "Sentence", "SoundBridge", "Space", "Spectrogram",
    "SpeechBridge", "Tag", "Towers", "Vectors", "Waveform", "available", "revision_of",
]  # fmt: skip
MODULES = ((sensorium, PUBLIC), (sensorium.encoders, ENCODERS))


@pytest.mark.parametrize(("module", "names"), MODULES, ids=["sensorium", "encoders"])
def test_the_public_names_are_these(module, names):
    assert module.__all__ == names
    assert module.__all__ == sorted(module.__all__)


def test_every_public_name_can_be_had_and_listed():
    assert dir(sensorium) == PUBLIC
    namespace: dict[str, object] = {}
    exec("from sensorium import *", namespace)
    assert set(namespace) >= set(PUBLIC)


def test_there_is_no_other_name():
    with pytest.raises(AttributeError, match="has no attribute 'Store'"):
        sensorium.Store  # noqa: B018


def classes() -> list[tuple[str, object]]:
    named = [(n, getattr(module, n)) for module, names in MODULES for n in names]
    aliases = ("__version__", "Pixels", "Spectrogram", "Vectors", "Waveform")
    return [(n, value) for n, value in named if n not in aliases]


@pytest.mark.parametrize(("name", "value"), classes(), ids=[name for name, _ in classes()])
def test_every_public_name_is_documented(name, value):
    assert (value.__doc__ or "").strip(), f"{name} has no docstring"
    for base in value.__mro__ if isinstance(value, type) else ():
        for member, attribute in vars(base).items() if is_ours(base) else ():
            if not member.startswith("_") and callable(attribute):
                assert (attribute.__doc__ or "").strip(), f"{name}.{member} has no docstring"


def is_ours(value: type) -> bool:
    return value.__module__.partition(".")[0] in ("engine", "indexers", "sensorium")


@pytest.mark.parametrize(("name", "value"), classes(), ids=[name for name, _ in classes()])
def test_every_public_class_pickles_by_its_own_place(name, value):
    assert pickle.loads(pickle.dumps(value)) is value
    assert is_ours(value)


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd,
        env=os.environ | {"MYPYPATH": str(ROOT)},
    )  # fmt: skip


def test_importing_costs_nothing_heavy():
    heavy = ("numpy", "torch", "faiss", "sqlalchemy", "PIL", "rich", "onnxruntime", "click")
    code = (
        "import sys, sensorium; sensorium.Kind, sensorium.LibraryBusy, sensorium.Settings;"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = python("-c", code)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert sensorium.__version__ == version("sensorium")


def test_the_package_runs_as_a_command():
    done = python("-m", "sensorium", "--version")
    assert (done.returncode, done.stdout.startswith("sensorium, version ")) == (0, True)


SCRIPT = """
from __future__ import annotations

import asyncio
from pathlib import Path

from sensorium import (
    CancelToken, Hit, Kind, Library, LibraryBusy, Query, QueryPart, SearchResult, SensoriumError,
    Settings, quoted,
)
from sensorium.encoders import Embedded, Encoder, Space, available


def best(library: Library, text: str) -> Hit | None:
    result: SearchResult = library.search(quoted(text), kinds=[Kind.IMAGE, "video"], top=3)
    return result[0] if result else None


def first_bytes() -> bytes:
    return Path("a.jpg").read_bytes()


async def serve(library: Library) -> list[str]:
    result = await library.asearch("a dog", top=5)
    return [hit.path for hit in result]


def main() -> None:
    settings = Settings.from_env({"SENSORIUM_DEVICE": "cpu"})
    token = CancelToken()
    with Library.open(Path("photos.library"), create=True, settings=settings) as library:
        try:
            report = library.index([Path.home()], progress=True, cancel=token)
        except LibraryBusy as error:
            print(error.code, error.retryable)
        except SensoriumError as error:
            raise SystemExit(error.exit_code) from error
        else:
            print(report.added + report.changed, report)
        print(library.run(Query((QueryPart("a dog"),))).to_dicts())
        print(library.similar(first_bytes(), top=2).to_arrow().num_rows, bool(library.search("x")))
        print(best(library, "a cat"), asyncio.run(serve(library)))
        first, rest = library.search("a cat")[0], library.search("a cat")[1:]
        first.open()
        first.thumbnail().save("thumbnail.jpg")
        print(len(rest), library.stats().assets[Kind.IMAGE], library.verify(deep=True).problems)


def build(settings: Settings) -> Encoder:
    raise NotImplementedError


print([offered.name for offered in available()], Space("a", "a", "1", 2), Embedded({}, ()))
"""
"""What a user may write. It is checked, and not run."""


def test_a_users_script_passes_mypy_strict(tmp_path):
    """By the project's own settings, whose cache `make lint` has filled: else it takes 20 s."""
    (tmp_path / "script.py").write_text(SCRIPT)
    cache, settings = f"--cache-dir={ROOT / '.mypy_cache'}", ROOT / "pyproject.toml"
    assert tomllib.loads(settings.read_text())["tool"]["mypy"]["strict"] is True
    done = python("-m", "mypy", cache, "--config-file", str(settings), "script.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
