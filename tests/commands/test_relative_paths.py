"""Paths that commands print begin in the current folder where they lie below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Done

NAMES = {
    "failures": ("failures",),
    "classify": ("classify", "0.png", "-v.jpg", "--labels", "red,blue", "--no-header"),
    "curate": ("curate", "duplicates"),
}


@pytest.fixture
def standing(index, media: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of media, indexed, with a copy of a picture and a damaged one."""
    (media / "-v.jpg").write_bytes((media / "0.png").read_bytes())
    (media / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    index()
    monkeypatch.chdir(media)
    return media


def _paths(done: Done) -> set[str]:
    words = {word.rstrip(":") for line in done.out.splitlines() for word in line.split()}
    return {word for word in words if word.endswith((".png", ".jpg"))}


@pytest.mark.parametrize(
    ("command", "shown"),
    [("failures", {"damaged.jpg"}), ("classify", {"0.png", "./-v.jpg"}), ("curate", {"./-v.jpg"})],
)
def test_paths_begin_where_one_stands_or_are_whole(
    run, standing, library, command, shown, monkeypatch
):
    arguments = [word.replace("-v.jpg", "./-v.jpg") for word in NAMES[command]]
    assert shown <= _paths(run(*arguments))
    whole = {str(standing / name) for name in shown}
    assert whole <= _paths(run(*arguments, "--absolute"))
    monkeypatch.chdir(library)
    elsewhere = [str(standing / word) if word[0] in "0." else word for word in arguments]
    assert whole <= _paths(run(*elsewhere))
