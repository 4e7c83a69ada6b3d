"""Paths are shown relative, quoted where they would drive a terminal, and as links."""

from __future__ import annotations

import os
import subprocess

import pytest

from engine.common.shown_path import as_uri, on_terminal, relative

LATIN = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize(
    ("path", "folder", "shown"),
    [
        ("/a/b/c.png", "/a", "b/c.png"),
        ("/a/b/c.png", "/", "a/b/c.png"),
        ("/ab/c.png", "/a", "/ab/c.png"),
        ("/x/c.png", "/a", "/x/c.png"),
        ("/a/-rf", "/a", "./-rf"),
        ("/a/b/-rf", "/a", "b/-rf"),
        ("/a/c.png", None, "/a/c.png"),
    ],
)
def test_a_path_below_the_folder_begins_there(path, folder, shown):
    assert relative(path, folder) == shown


@pytest.mark.parametrize(
    "path", ["two words", "it's", 'a"b', "back\\slash", "日本", "עברית", "\xa0"]
)
def test_a_name_of_letters_is_shown_as_it_is(path):
    assert on_terminal(path) == path


@pytest.mark.parametrize(
    "path", ["a\nb", "tab\there", "\x1b[31m", "it's\n", "back\\\n1", "\u202egnp", LATIN, "\x7f0"]
)
def test_what_drives_a_terminal_is_quoted_so_that_a_shell_reads_it(path):
    quoted = on_terminal(path)
    assert quoted.isprintable()
    done = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)
    assert done.stdout == os.fsencode(path)


def test_a_link_holds_the_bytes_of_the_path():
    assert as_uri(f"/a b/{LATIN}#.png").endswith("/a%20b/caf%E9%23.png")
    assert as_uri("/a").startswith("file://")
