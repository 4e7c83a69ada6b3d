"""What cannot be done is one line of the command line, with a way out."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from engine.index import disk, gpu
from engine.index.exact import import_faiss


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("index", "no/such/folder"), "no/such/folder: there is no such file or folder"),
        (("search", "a dog"), "sensorium index"),
        (("stats",), "sensorium index"),
        (("index", ".", "--encoder", "no-such"), "no encoder is called 'no-such'"),
        (("search",), "nothing to search for"),
        (("index", ""), "an empty path"),
        (("index", "x" * 5000), "file name too long"),
        (("index", "~no-such-person/x"), "there is no such home folder"),
        (("remove", ""), "an empty path"),
    ],
)
def test_a_wrong_request_is_one_line_and_writes_nothing(run, library, arguments, says):
    if arguments == ("search",):
        run("index", library.parent, "--encoder", "fake")
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert says in done.err
    assert done.err.count("\n") == 1
    assert library.exists() == (arguments == ("search",))


def test_a_folder_that_is_no_library_is_left_as_it_is(run, media, tmp_path):
    before = sorted(path.name for path in media.iterdir())
    done = run("index", media, "--encoder", "fake", at=media)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert sorted(path.name for path in media.iterdir()) == before


@pytest.mark.parametrize("path", ["x" * 5000, "~no-such-person/x"])
@pytest.mark.parametrize("command", [("stats", "--library"), ("similar",), ("remove",)])
def test_a_path_that_no_system_would_open_is_one_line(indexed, library, command, path):
    where = None if "--library" in command else library
    done = indexed(*command, path, at=where)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert len(done.err) < 200


def test_a_catalog_that_cannot_be_had_is_one_line(run, media, library):
    for url, code, line in (
        ("postgresql://me:secret@host/media", 2, "PGPASSWORD"),
        ("postgresql://me@127.0.0.1:1/media", 1, "start the server"),
    ):
        done = run("index", media, "--encoder", "fake", "--catalog", url)
        assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)
        assert line in done.err
        assert "secret" not in done.err
        assert not library.exists()


def test_a_library_below_a_file_is_one_line(run, media):
    done = run("index", media, "--encoder", "fake", at=media / "0.png" / "deep" / "library")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert f"{media / '0.png'} is a file" in done.err


@pytest.mark.skipif(gpu.count_gpus(import_faiss()) > 0, reason="there is a GPU here")
@pytest.mark.parametrize("command", [("search", "red"), ("rebuild",)])
def test_a_gpu_that_is_not_there_is_one_line(indexed, command):
    done = indexed(*command, "--device", "cuda")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "no GPU here" in done.err
    assert indexed(*command, "--device", "cpu").code == 0


def test_another_encoder_is_refused(indexed, media):
    done = indexed("index", media, "--encoder", "compact")
    assert done.code == 2
    assert "--encoder fake" in done.err


def test_an_example_that_cannot_be_read_is_named(indexed, media, tmp_path):
    (tmp_path / "text.txt").write_text("no media")
    for example in (tmp_path / "text.txt", tmp_path / "missing.jpg"):
        done = indexed("similar", example)
        assert done.code == 2
        assert done.err.startswith(f"sensorium: {example}: ")
        assert done.err.count("\n") == 1


@pytest.mark.parametrize("text", ["\udcff\udcfe", "AND OR NOT *", "\x01", "🐕", "x" * 9000])
def test_no_text_is_too_odd_to_be_searched_for(indexed, text):
    done = indexed("search", text, "--not", f"{text} again")
    assert done.code == 0
    understood = {"🐕": "🐕 is read as 'dog'\n"}.get(text, "")
    assert done.err.removeprefix(understood) in (
        "", "nothing here is likely to match; the nearest:\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "position", "way_out"),
    [
        (['"red'], 1, "not closed"),
        (["red kinds:image"], 5, "did you mean 'kind'?"),
        (["red", "-", "dog", "+"], 11, ""),
        (['"a" then'], 5, ""),
        (["red", "--where", "size > 1parsec"], 8, ""),
        (["red", "--after", "yesteryear"], 7, ""),
    ],
)
def test_a_mistake_is_answered_with_its_place_and_a_way_out(indexed, words, position, way_out):
    done = indexed("search", *words)
    assert done.code == 2
    assert done.err.startswith(f"sensorium: at character {position}: ")
    assert way_out in done.err
    assert done.err.count("\n") == 1


def test_a_reranker_that_is_not_configured_is_named(indexed, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = indexed("search", "red", "--rerank", "llm")
    assert done.code == 2
    assert "OPENAI_API_KEY" in done.err


def test_too_many_hits_are_refused(indexed):
    done = indexed("search", "x", "--top", str(2**63))
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_what_the_engine_passes_over_is_one_line(indexed, library):
    with Library.open(library) as opened:
        spaces = opened.store.serving()
    for space in spaces:
        (disk.folder_of(library, space) / "1").mkdir(parents=True)
    done = indexed("search", "red")
    assert done.code == 0
    lines = done.err.splitlines()
    assert 1 <= len(lines) <= len(spaces)
    for line in lines:
        assert line.startswith("sensorium: warning: index ") and "passed over" in line


def test_where_no_folder_takes_a_model_one_line_names_the_cache(run, media, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SENSORIUM_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    done = run("index", media)
    assert done.code == 2
    assert "SENSORIUM_CACHE" in done.err


def test_a_sound_head_that_is_not_there_is_one_line_and_nothing_is_written(
    run, media, library, monkeypatch
):
    monkeypatch.setenv("SENSORIUM_SOUND_HEAD", "/no/such/head")
    done = run("index", media)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "/no/such/head" in done.err
    assert not library.exists()


def test_absurd_settings_are_one_line_and_nothing_is_written(run, media, library, monkeypatch):
    monkeypatch.setenv("SENSORIUM_THREADS", "100000")
    done = run("index", media, "--encoder", "fake")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "SENSORIUM_THREADS='100000' must be between" in done.err
    assert not library.exists()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("search", "red"), ("search", "red", "--json"), ("--help",)])
def test_a_full_disk_under_the_results_is_one_line(
    indexed, library, arguments, unbuffered, monkeypatch, warm
):
    """Where Python is to leave its output unbuffered, the process begins anew."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    where = () if arguments == ("--help",) else ("--library", str(library))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*warm, *arguments, *where],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "sensorium: the output cannot be written: no space left on device\n"


def test_a_reader_that_has_seen_enough_is_no_error(indexed, library, warm):
    read_end, write_end = os.pipe()
    os.close(read_end)  # `head` that is gone before the first line
    done = subprocess.run(
        [*warm, "search", "red", "--library", str(library)],
        stdout=write_end,
        stderr=subprocess.PIPE,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_commands_run_in_any_thread(library):
    results = []
    arguments = ["stats", "--library", str(library)]
    thread = threading.Thread(target=lambda: results.append(CliRunner().invoke(main, arguments)))
    thread.start()
    thread.join()
    assert results[0].exit_code == 2  # there is no library, and that is all
    assert isinstance(results[0].exception, SystemExit)


def test_an_unknown_option_is_refused(run):
    done = run("search", "x", "--no-such")
    assert done.code == 2
    assert "No such option" in done.err and "--help" in done.err
    assert done.err.count("\n") == 1


def test_an_empty_date_is_no_date_and_a_date_is_nothing_else(indexed):
    for date in ("", "2024 or kind = image", 'x" or "'):
        done = indexed("search", "red", "--after", date)
        assert done.code == 2
        assert done.err.count("\n") == 1
    assert indexed("search", "red", "--before", "2999").code == 0


def test_a_filter_that_nothing_passes_is_named(indexed):
    for extra in ((), ("--explain",)):
        done = indexed("search", "red", "--where", "size > 10gb", *extra)
        assert done.code == 0
        assert "no file passes the filter" in done.err
