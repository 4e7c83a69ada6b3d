"""Examples of a search from a pipe and from the clipboard."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main


@pytest.fixture
def indexed(run, media, library):
    assert run("index", media, "--encoder", "fake").code == 0
    return media


@pytest.fixture
def piped(library):
    def command(content: bytes, *arguments: str) -> tuple[int, list[str], str]:
        done = CliRunner().invoke(
            main, [*arguments, "--json", "--library", str(library)], input=content
        )
        import json

        hits = json.loads(done.stdout).get("hits", []) if done.stdout else []
        return done.exit_code, [hit["path"] for hit in hits], done.stderr

    return command


@pytest.mark.parametrize(
    "arguments", [("similar", "-"), ("search", "-"), ("search", "--image", "-"),
                  ("search", "--video", "-")],
)  # fmt: skip
def test_a_picture_that_is_piped_in_is_the_example(piped, indexed, arguments):
    picture = indexed / "0.png"
    code, paths, _ = piped(picture.read_bytes(), *arguments)
    assert (code, paths[0]) == (0, str(picture))


def test_a_text_that_is_piped_in_is_the_query_or_the_path(piped, indexed):
    assert piped(b"red\n", "search", "-")[1][0] == str(indexed / "0.png")
    code, paths, _ = piped(f"{indexed}/0.png\n".encode(), "similar", "-")
    assert code == 0
    assert str(indexed / "0.png") not in paths


@pytest.mark.parametrize(
    ("content", "arguments", "line"),
    [
        (b"", ("similar", "-"), "sensorium: stdin: what is piped in is empty\n"),
        (b"\xff\xfe\0\1", ("search", "-"),
         "sensorium: stdin: neither a picture, a video nor a sound\n"),
        (b"x", ("similar",),
         "sensorium: name one example: a FILE, a URL, - for stdin, or --clipboard\n"),
    ],
)  # fmt: skip
def test_what_is_no_example_is_one_line(piped, indexed, content, arguments, line):
    code, _, err = piped(content, *arguments)
    assert (code, err) == (2, line)


def test_a_sound_that_is_said_to_be_a_picture_names_the_option(run, indexed):
    done = run("search", "--audio", indexed / "0.png")
    assert done.code == 2
    assert done.err.endswith("is a picture, not a sound: give it as --image\n")


@pytest.mark.parametrize("command", [("similar", "--clipboard"), ("search", "--clipboard")])
@pytest.mark.parametrize("copied", ["bytes", "file", "text"])
def test_the_clipboard_is_the_example(run, indexed, monkeypatch, tmp_path, command, copied):
    picture = indexed / "0.png"
    content = picture.read_bytes()
    offered = {
        "bytes": {"image/png": content},
        "file": {"text/uri-list": picture.as_uri().encode()},
        "text": {"UTF8_STRING": str(picture).encode()},
    }[copied]
    program = tmp_path / "bin" / "xclip"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\noffered = {offered!r}\n"
        "kind = sys.argv[sys.argv.index('-target') + 1]\n"
        "sys.stdout.buffer.write('\\n'.join(offered).encode() if kind == 'TARGETS'"
        " else offered[kind])\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = run(*command, "--json")
    assert done.code == 0, done.err
    paths = [hit["path"] for hit in done.json["hits"]]
    left_out = command[0] == "similar" and copied != "bytes"
    assert (str(picture) in paths) is not left_out
    assert left_out or paths[0] == str(picture)


def test_an_empty_clipboard_is_one_line(run, indexed, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("similar", "--clipboard")
    assert done.code == 2
    assert "there is no program here that reads the clipboard" in done.err
    assert Library.clipboard.__doc__


def test_a_hit_of_the_last_search_is_an_example_by_its_number(run, indexed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = [hit["path"] for hit in run("search", "red", "--json").json["hits"]]
    alike = [hit["path"] for hit in run("similar", "2", "--json").json["hits"]]
    assert alike and found[1] not in alike
    done = run("similar", "99")
    assert (done.code, done.out) == (2, "")
    assert "there is no hit 99: the last search has hits 1 to" in done.err
    (tmp_path / "1").write_bytes((indexed / "2.png").read_bytes())
    assert run("similar", "1", "--json").json["hits"][0]["path"].endswith("2.png"), "a file first"
