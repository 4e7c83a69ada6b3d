"""Unpacking of the tars of WebDataset and img2dataset into a folder.

Nothing that a tar says is trusted: names that lead elsewhere, links, members that are
too large, twice there or cut short end the import, and nothing of it is left.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.text import printable
from engine.errors import BadImport
from engine.exchange.arrow_tables import Table
from engine.exchange.output_folder import OutputFolder
from engine.media.sniff import promises_media

TABLE = "files.parquet"
"""The table with what the tars say of each file, which a catalog has no place for."""
_TAR_BLOCK = 512
_LARGEST = 8 << 30
"""Greatest number of bytes of a file in a tar."""
_LARGEST_TEXT = 64 << 20
"""Greatest number of bytes of a member that is kept in memory: JSON, captions, vectors."""
_KEPT = ("json", "txt", "npy")
"""Endings of members that are kept in the table."""


@dataclass(slots=True)
class Unpacked:
    """Counts of what came out of tars."""

    files: int = 0
    ignored: dict[str, int] = field(default_factory=dict)
    """Members that are neither media nor known, by the ending of their name."""
    without: int = 0
    """Samples without any media."""


@dataclass(slots=True)
class _Sample:
    key: str
    media: list[tuple[str, str]] = field(default_factory=list)
    """Names of files, each with its SHA-256."""
    kept: dict[str, bytes] = field(default_factory=dict)
    """JSON, caption and vectors by the ending of their name."""


def found_in(source: Path) -> list[Path]:
    """List the tars that are meant: the file, or those of the folder, by name.

    Raises:
        BadImport: there are none.
    """
    tars = [source] if source.is_file() else sorted(source.glob("*.tar"))
    if not tars:
        raise BadImport(f"{source} has no tars in it")
    return tars


def unpack(tars: list[Path], folder: OutputFolder, progress: Progress = NO_PROGRESS) -> Unpacked:
    """Write the media of all tars below a folder each, and ``TABLE``.

    Raises:
        BadImport: a tar, or what is in it, is not as it should be.
        OSError: the disk does not take it.
    """
    done = Unpacked()
    sink = folder.open(TABLE)
    table = Table(sink, _schema())
    for tar in tars:
        for sample in _samples(tar, folder, done):
            done.without += not sample.media
            table.add([_row(tar, sample, media) for media in sample.media])
            progress.advance(len(sample.media))
    table.finish()
    folder.done(TABLE, sink)
    if not done.files:
        raise BadImport(f"{tars[0]}: none of {len(tars)} tars holds pictures, videos or sounds")
    return done


def _schema() -> Any:
    import pyarrow as pa

    text = pa.string()
    vectors = pa.struct([pa.field("name", text), pa.field("npy", pa.binary())])
    names = ("file", "tar", "key", "url", "caption", "sha256", "json")
    return pa.schema([*((name, text) for name in names), ("vectors", pa.list_(vectors))])


def _row(tar: Path, sample: _Sample, media: tuple[str, str]) -> dict[str, Any]:
    where = f"{printable(str(tar))}: {sample.key}.json"
    metadata: dict[str, Any] = {}
    raw = sample.kept.get("json")
    if raw is not None:
        try:
            metadata = json.loads(raw)
        except ValueError as error:
            raise BadImport(f"{where} is no JSON: {' '.join(str(error).split())}") from error
        if not isinstance(metadata, dict):
            raise BadImport(f"{where} is no JSON object")
    caption = sample.kept.get("txt", b"").decode("utf-8", "replace").strip()
    stated = metadata.get("caption")
    url = metadata.get("url")
    name, digest = media
    return {
        "file": name,
        "tar": printable(tar.name),
        "key": sample.key,
        "url": url if isinstance(url, str) else None,
        "caption": caption or (stated if isinstance(stated, str) and stated else None),
        "sha256": digest,
        "json": None if raw is None else json.dumps(metadata, ensure_ascii=True),
        "vectors": [
            {"name": ending, "npy": content}
            for ending, content in sample.kept.items()
            if ending.endswith("npy")
        ],
    }


def _samples(tar: Path, folder: OutputFolder, done: Unpacked) -> Iterator[_Sample]:
    """Yield the samples of a tar, whose media is written on the way."""
    current: _Sample | None = None
    seen: set[str] = set()
    names: set[str] = set()
    for member, stream in _members(tar):
        name = _safe(tar, member)
        if name is None:
            continue
        if name in names:
            raise BadImport(f"{_at(tar, member)} is there twice")
        key, _, ending = _split(name)
        if current is None or key != current.key:
            if current is not None:
                yield current
                names = set()
            if key in seen:
                raise BadImport(f"{_at(tar, member)}: its sample is there twice")
            seen.add(key)
            current = _Sample(key)
        names.add(name)
        most = _LARGEST_TEXT if ending.rpartition(".")[2] in _KEPT else _LARGEST
        if member.size > most:
            raise BadImport(f"{_at(tar, member)} has {member.size:,} bytes, past {most:,}")
        with _intact(tar, member):
            _keep(folder, f"{tar.stem}/{name}", stream, ending, current, done)
    if current is not None:
        yield current


def _keep(
    folder: OutputFolder,
    file: str,
    stream: IO[bytes],
    ending: str,
    sample: _Sample,
    done: Unpacked,
) -> None:
    last = ending.rpartition(".")[2]
    if promises_media(f".{last}"):
        sample.media.append((file, folder.copy(stream, file)))
        done.files += 1
    elif last in _KEPT:
        sample.kept[ending] = stream.read()
    else:
        done.ignored[last] = done.ignored.get(last, 0) + 1


def _members(tar: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield the files of a tar, one after another.

    Raises:
        BadImport: it is no tar, or is cut short.
    """
    try:
        with tarfile.open(tar, "r|") as opened:
            for member in opened:
                if member.isdir():
                    continue
                if not member.isreg():
                    raise BadImport(f"{_at(tar, member)} is a link or a device, and no file")
                stream = opened.extractfile(member)
                yield member, stream or io.BytesIO()
                opened.members = []  # type: ignore[attr-defined]  # else it keeps them all
            end = opened.offset
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise BadImport(f"{printable(str(tar))} is cut short, or no tar: {error}") from error
    except OSError as error:
        if error.errno is None:
            raise BadImport(f"{printable(str(tar))} is cut short: {error}") from error
        raise
    with tar.open("rb") as stream:
        stream.seek(end)
        # Python takes a missing or damaged header for the end; the end is a block of zeros.
        if stream.read(_TAR_BLOCK) != bytes(_TAR_BLOCK):
            raise BadImport(f"{printable(str(tar))} is cut short after {end:,} bytes")


@contextmanager
def _intact(tar: Path, member: tarfile.TarInfo) -> Iterator[None]:
    """Translate errors while a member is read, and add its name."""
    try:
        yield
    except tarfile.TarError as error:
        raise BadImport(f"{_at(tar, member)} is cut short: {error}") from error


def _at(tar: Path, member: tarfile.TarInfo) -> str:
    return f"{printable(str(tar))}: {printable(member.name)}"


def _safe(tar: Path, member: tarfile.TarInfo) -> str | None:
    """Return the member's name; None for what WebDataset passes over as well.

    Raises:
        BadImport: it leads out of the folder.
    """
    name = member.name.removeprefix("./")
    parts = PurePosixPath(name).parts
    odd = any(c in name for c in "\0\\\n\r") or any(not c.isprintable() for c in name)
    if name.startswith("/") or ".." in parts or odd or not parts:
        raise BadImport(f"{_at(tar, member)} is no name for a file below a folder")
    base = parts[-1]
    if base.startswith((".", "__")) or "." not in base:
        return None
    return "/".join(parts)


def _split(name: str) -> tuple[str, str, str]:
    """Split off the key, which ends at the first dot of the file's own name."""
    folder, slash, base = name.rpartition("/")
    key, dot, ending = base.partition(".")
    return f"{folder}{slash}{key}", dot, ending.lower()
