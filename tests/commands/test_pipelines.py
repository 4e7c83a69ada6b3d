"""Pipelines as people write them in bash reach every file, whatever its name is made of.

What a pipeline reaches is told by the SHA-1 of each file, in its output or in the folder OUT.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from tests.commands.conftest import ROOT

LINES = (
    b"plain.png", b"two words.png", b"latin-\xe9.png", "עברית.png".encode(), b"-rf.png",
    b"--help.png", b"it's.png", b'say "hi".png', b"$HOME.png", b"`id`.png", b"star*.png",
    b"[a].png", b"#hash.png", b"~tilde.png", b"semi;colon & more.png", "日本.png".encode(),
    b" leading.png", b"percent%20.png", b"a,b=c.png", "👩‍👩‍👧.png".encode(), b"sub dir/-x.png",
)  # fmt: skip
"""Names that stand in a line."""
ANY = (
    b"new\nline.png", b"two\n\nlines.png", b"tab\there.png", b"back\\slash.png", b"cr\r.png",
    b"escape\x1b[31m.png", b"latin-\xe9\nnew.png", "turn\u202earound.png".encode(), b"\n.png",
)  # fmt: skip
"""Names that stand in no line, or not as they are."""


@dataclass(frozen=True)
class Media:
    """A folder with a library of it."""

    folder: Path
    library: Path
    lines: dict[str, Path]
    """Files whose names stand in a line, by their SHA-1."""
    files: dict[str, Path]
    """All files."""

    @property
    def text(self) -> dict[str, Path]:
        return {sha: path for sha, path in self.files.items() if is_text(path)}


def is_text(path: Path) -> bool:
    try:
        return bool(str(path).encode())
    except UnicodeEncodeError:
        return False


@pytest.fixture(scope="session")
def media(tmp_path_factory, settings) -> Media:
    place = tmp_path_factory.mktemp("pipelines")
    lines, files = {}, {}
    for number, name in enumerate((*LINES, *ANY)):
        path = place / "media" / ("lines" if name in LINES else "any") / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (255, number, 0)).save(place / "made.png")
        (place / "made.png").rename(path)
        sha = hashlib.sha1(path.read_bytes()).hexdigest()
        files[sha] = path
        if name in LINES:
            lines[sha] = path
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as library:
        assert library.index([place / "media"]).added == len(LINES) + len(ANY)
    return Media(place / "media", place / "library", lines, files)


PREAMBLE = """
set -o pipefail
sensorium() { "$PYTHON" -I -S "$CLIENT" "$SOCKET" "$@"; }
all() { sensorium search red -t 100 "$@"; }
lines() { sensorium search red -t 100 --where 'path = "*/lines/*"' "$@"; }
reach() { for file; do sha1sum < "$file"; done; }
export -f reach
"""
HASH = re.compile(rb"\b[0-9a-f]{40}\b")
Expect = Callable[[Media], object]

PY_NUL = """python3 -c '
import hashlib, sys
for path in sys.stdin.buffer.read().split(b"\\0")[:-1]:
    print(hashlib.sha1(open(path, "rb").read()).hexdigest())'"""
PY_JSON = """python3 -c '
import base64, hashlib, json, os, sys
for hit in json.load(sys.stdin)["hits"]:
    raw = hit.get("path_bytes")
    path = base64.b64decode(raw) if raw else hit["path"]
    print(hashlib.sha1(open(path, "rb").read()).hexdigest())'"""
BY_BYTES = 'while read -r b; do f=$(printf %s "$b" | base64 -d; printf x); reach "${f%x}"; done'
JQ_BYTES = r""".hits[] | .path_bytes // (.path|@base64)"""

EVERY = (  # reach all files
    "all -0 | xargs -0 sha1sum",
    "all -0 | xargs -0 -n1 sha1sum",
    "all -0 | xargs -0 -I{} sha1sum {}",
    "all -0 | xargs -0 -P2 -n4 sha1sum",
    "all -0 | xargs -0 bash -c 'reach \"$@\"' _",
    "all --print0 | xargs --null sha1sum",
    "all -f -0 | xargs -0 sha1sum",
    "all -0 --absolute | xargs -0 sha1sum",
    "cd / && all -0 | xargs -0 sha1sum",
    "cd any && all -0 | xargs -0 sha1sum",
    "cd lines && all -0 | xargs -0 sha1sum",
    "cd 'lines/sub dir' && all -0 | xargs -0 sha1sum",
    "all -0 | while IFS= read -r -d '' f; do reach \"$f\"; done",
    "while IFS= read -r -d '' f; do reach \"$f\"; done < <(all -0)",
    "mapfile -d '' -t files < <(all -0); reach \"${files[@]}\"",
    'all -0 | xargs -0 cp --backup=numbered -t "$OUT"',
    'all -0 | xargs -0 cp --parents -t "$OUT"',
    'all -0 --absolute | xargs -0 ln -s -t "$OUT"',
    'all -0 | rsync -a --from0 --files-from=- . "$OUT"',
    'all -0 | tar --null -T - -cf - | tar -xf - -C "$OUT"',
    'all -0 | tar --null --files-from=- --create | tar -x -C "$OUT"',
    "all -0 | sort -z | xargs -0 sha1sum",
    "all -0 | sort -zu | xargs -0 sha1sum",
    "all -0 | shuf -z | xargs -0 sha1sum",
    "all -0 | head -z -n 100 | xargs -0 sha1sum",
    f"all -0 | {PY_NUL}",
    "all -0 | perl -0ne 'chomp; system(\"sha1sum\", $_)'",
    "all -0 | sed -z 's|^|./|' | xargs -0 sha1sum",
    "all -0 | xargs -0 grep -lZ PNG | xargs -0 sha1sum",
    "all -0 | tee /dev/null | xargs -0 sha1sum",
    'all -0 > "$TMP/list"; xargs -0 -a "$TMP/list" sha1sum',
    "LC_ALL=C all -0 | xargs -0 sha1sum",
    "PYTHONIOENCODING=ascii all -0 | xargs -0 sha1sum",
    "CLICOLOR_FORCE=1 all -0 | xargs -0 sha1sum",
    f"all --json | {PY_JSON}",
    f"all --json | jq -r '{JQ_BYTES}' | {BY_BYTES}",
    f"LC_ALL=C all --json | jq -r '{JQ_BYTES}' | {BY_BYTES}",
    'all > "$TMP/table"; SENSORIUM_OPEN=sha1sum sensorium open 1-$ALL',
    f"all -0 > /dev/null; sensorium show 1-$ALL --json | jq '{{hits: [.hits[].hit]}}' | {PY_JSON}",
)  # fmt: skip
EVERY_LINE = (  # reach all files whose names stand in a line
    "lines -f | while read -r f; do reach \"$f\"; done",
    "lines -f | while IFS= read -r f; do reach \"$f\"; done",
    "lines -f | xargs -d '\\n' sha1sum",
    "lines -f | tr '\\n' '\\0' | xargs -0 sha1sum",
    "mapfile -t files < <(lines -f); reach \"${files[@]}\"",
    "set -f; IFS=$'\\n'; for f in $(lines -f); do reach \"$f\"; done",
    "lines -f | sort | uniq | xargs -d '\\n' sha1sum",
    'lines -f | rsync -a --files-from=- . "$OUT"',
    'lines -f | tar -T - -cf - | tar -xf - -C "$OUT"',
    "cd lines && lines -f | while IFS= read -r f; do reach \"$f\"; done",
    "lines --absolute -f | xargs -d '\\n' sha1sum",
    "lines | cut -f4 | while IFS= read -r f; do reach \"$f\"; done",
    "lines | awk -F'\\t' '{print $4}' | xargs -d '\\n' sha1sum",
    "LC_ALL=C lines -f | xargs -d '\\n' sha1sum",
)  # fmt: skip
COUNTS: tuple[tuple[str, Expect], ...] = (
    ("all | wc -l", lambda media: len(media.files)),
    ("all -0 | tr -cd '\\0' | wc -c", lambda media: len(media.files)),
    ("all -0 | grep -zc ''", lambda media: len(media.files)),
    ("all --json | jq '.hits | length'", lambda media: len(media.files)),
    ("all --json | python3 -m json.tool | grep -c '\"path\":'", lambda media: len(media.files)),
    ("all --json | jq -r '.hits[] | [.rank, .kind, .path] | @tsv' | wc -l",
     lambda media: len(media.files)),
    ("all --json | jq -r '.hits[].kind' | sort -u | wc -l", lambda media: 1),
    ("all -0 | xargs -0 dirname -z | sort -zu | grep -zc ''", lambda media: 3),
    ("all -0 | xargs -0 cat | wc -c",
     lambda media: sum(path.stat().st_size for path in media.files.values())),
    ("lines -f | wc -l", lambda media: len(media.lines)),
    ("lines -f | grep -ac '\\.png$'", lambda media: len(media.lines)),
    ("lines -f | fzf --filter png | wc -l", lambda media: len(media.lines)),
    ("lines -f | awk 'END {print NR}'", lambda media: len(media.lines)),
    ("lines -f | head -3 | wc -l", lambda media: 3),
    ("all | sort -rn | head -3 | wc -l", lambda media: 3),
    ("all | head -1 | cut -f2", lambda media: "image"),
    ("sensorium failures --json | jq '.failures | length'", lambda media: 0),
    ("if sensorium search 'an opera' --likely -f; then echo yes; else echo $?; fi",
     lambda media: 1),
    ("sensorium search red --likely -f > /dev/null && echo found", lambda media: "found"),
)  # fmt: skip
ONE = (  # reach one file
    "lines -f -t 1 | xargs -d '\\n' sha1sum",
    "lines -f | head -1 | xargs -d '\\n' sha1sum",
    "all -0 | head -z -n 1 | xargs -0 sha1sum",
    'sha1sum -- "$(lines -f | head -n 1)"',
    'IFS= read -r first < <(lines -f); reach "$first"',
)
TEXT = (  # reach all files whose names are UTF-8
    "all --json | jq -j '.hits[] | select(.path_bytes | not) | .path + \"\\u0000\"'"
    " | xargs -0 sha1sum",
    "all --json | jq -r '.hits[] | select(.path_bytes | not) | \"reach \\(.path | @sh)\"' | bash",
)
FZF = (  # which writes U+FFFD for bytes that are no UTF-8, wherever its input comes from
    "all -0 | fzf --read0 --print0 --filter png | { xargs -0 sha1sum 2> /dev/null || true; }",
    "all -0 | fzf --read0 --print0 -e --filter .png | { xargs -0 sha1sum 2> /dev/null || true; }",
)
TOOLS = ("jq", "fzf", "rsync", "perl", "python3", "tar")


@pytest.fixture
def bash(media, warm, tmp_path) -> Callable[[str], bytes]:
    """Run a pipeline in the folder of the media, and return what it prints."""

    def run(pipeline: str) -> bytes:
        for tool in TOOLS:
            if re.search(rf"\b{tool}\b", pipeline) and shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")
        folders = {"OUT": tmp_path / "out", "TMP": tmp_path / "tmp"}
        for folder in folders.values():
            folder.mkdir()
        done = subprocess.run(
            ["bash", "-c", PREAMBLE + pipeline],
            cwd=media.folder,
            env=os.environ | {name: str(folder) for name, folder in folders.items()} | {
                "PYTHON": warm[0], "CLIENT": warm[-2], "SOCKET": warm[-1], "PYTHONPATH": str(ROOT),
                "SENSORIUM_LIBRARY": str(media.library), "ALL": str(len(media.files)),
                "SENSORIUM_CACHE": str(tmp_path / "cache"),
            },
            capture_output=True,
            timeout=120,
        )  # fmt: skip
        # 141: a reader such as head has seen enough, which is no error of ours.
        assert done.returncode in (0, 141), done.stderr.decode(errors="replace")
        return done.stdout

    return run


def reached(output: bytes, out: Path) -> set[str]:
    """Return the SHA-1 of each file that was printed, or that lies in OUT."""
    copies = (path for path in out.rglob("*") if path.is_file())
    found = {hashlib.sha1(path.read_bytes()).hexdigest() for path in copies}
    return found | {sha.decode() for sha in HASH.findall(output)}


@pytest.mark.parametrize("pipeline", EVERY)
def test_all_files_are_reached(bash, media, tmp_path, pipeline):
    assert reached(bash(pipeline), tmp_path / "out") == media.files.keys()


@pytest.mark.parametrize("pipeline", EVERY_LINE)
def test_all_files_with_names_in_a_line_are_reached(bash, media, tmp_path, pipeline):
    assert reached(bash(pipeline), tmp_path / "out") == media.lines.keys()


@pytest.mark.parametrize("pipeline", (*TEXT, *FZF))
def test_all_files_with_names_in_utf8_are_reached(bash, media, tmp_path, pipeline):
    assert reached(bash(pipeline), tmp_path / "out") == media.text.keys()


@pytest.mark.parametrize("pipeline", ONE)
def test_one_file_is_reached(bash, media, tmp_path, pipeline):
    (sha,) = reached(bash(pipeline), tmp_path / "out")
    assert sha in media.files


@pytest.mark.parametrize(("pipeline", "expected"), COUNTS, ids=[each for each, _ in COUNTS])
def test_the_count_is_right(bash, media, pipeline, expected):
    assert bash(pipeline).decode().strip() == str(expected(media))


def test_similar_reaches_all_but_the_example(bash, media, tmp_path):
    found = reached(
        bash("sensorium similar lines/plain.png -t 100 -0 | xargs -0 sha1sum"), tmp_path / "out"
    )
    (example,) = (sha for sha, path in media.files.items() if path.name == "plain.png")
    assert found == media.files.keys() - {example}
