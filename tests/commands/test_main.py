"""The command line through real processes: its JSON is a contract."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from engine.index import disk, gpu
from engine.index.exact import import_faiss
from tests import media_files as make


def test_index_reports_what_it_did(run, media):
    done = run("index", media, "--encoder", "fake", "--json")
    assert done.code == 0
    report = done.json
    assert (report["found"], report["added"], report["failed"]) == (5, 5, 0)
    assert report["moments"] == 5
    again = run("index", media, "--json").json
    assert (again["added"], again["unchanged"], again["moments"]) == (0, 5, 0)


def test_a_dry_run_writes_nothing(run, media, library):
    done = run("index", media, "--encoder", "fake", "--dry-run", "--json")
    assert (done.json["added"], done.json["dry_run"]) == (5, True)
    assert not library.exists()
    run("index", media, "--encoder", "fake")
    make.sound(media / "new.wav", (500, 2.0))
    assert run("index", media, "--dry-run", "--json").json["added"] == 1
    assert run("stats", "--json").json["assets"]["audio"] == 2


def test_search_prints_the_contract(indexed, media):
    document = indexed("search", "red", "--json").json
    assert set(document) == {
        "query", "took_ms", "below", "partial", "reranked", "notes", "hits",
    }  # fmt: skip
    part = {"value": "red", "asked": "text", "weight": 1.0}
    assert document["query"] == {"parts": [part], "top": 10}
    assert (document["below"], document["partial"], document["reranked"]) == (4, False, None)
    assert {"plan", "encode", "search", "total"} <= set(document["took_ms"])
    best = document["hits"][0]
    assert set(best) == {
        "rank", "score", "kind", "path", "asset_id", "moment_id", "modality", "start", "end",
        "why", "more", "others", "spans", "confidence", "likely",
    }  # fmt: skip
    assert best["path"] == str(media / "0.png")
    assert best["likely"] and 0.5 <= best["confidence"] < 1
    assert not document["hits"][-1]["likely"] and len(document["hits"]) == 5
    assert (best["rank"], best["kind"], best["start"], best["end"]) == (1, "image", None, None)
    assert {w["branch"] for w in best["why"]} == {"text", "words"}
    text = next(w for w in best["why"] if w["branch"] == "text")
    assert (text["space"], text["words"]) == ("fake", "red")
    assert text["raw"] == pytest.approx(1.0, abs=1e-3)


def test_a_sound_has_its_seconds(indexed, media):
    best = indexed("search", "high tone", "--json").json["hits"][0]
    assert best["path"] == str(media / "shrill.wav")
    assert (best["start"], best["end"]) == (0.0, pytest.approx(2.0, abs=0.05))


def test_kinds_top_and_paths_only(indexed, media):
    kinds = {h["kind"] for h in indexed("search", "tone", "--kind", "audio", "--json").json["hits"]}
    assert kinds == {"audio"}
    assert len(indexed("search", "red", "-t", "2", "--json", "--all").json["hits"]) == 2
    lines = indexed("search", "red", "-f", "-t", "1").out.splitlines()
    assert lines == [str(media / "0.png")]


def test_what_is_not_wanted_falls_behind(indexed, media):
    asked = ("red blue", "--not", "red", "--kind", "image", "--json", "--all")
    hits = indexed("search", *asked).json["hits"]
    paths = [hit["path"] for hit in hits]
    assert paths.index(str(media / "2.png")) < paths.index(str(media / "0.png"))


def test_examples(indexed, media, tmp_path):
    shutil.copy(media / "1.png", tmp_path / "example.png")
    hit = indexed("search", "--image", tmp_path / "example.png", "--json").json["hits"][0]
    assert hit["path"] == str(media / "1.png")
    make.sound(tmp_path / "example.wav", (2900, 2.0))
    hit = indexed("search", "--audio", tmp_path / "example.wav", "--json").json["hits"][0]
    assert hit["path"] == str(media / "shrill.wav")


def test_similar_leaves_the_file_itself_out(indexed, index, media):
    shutil.copy(media / "1.png", media / "copy.png")
    index()
    hits = indexed("similar", media / "1.png", "--json").json["hits"]
    assert hits[0]["path"] == str(media / "copy.png")
    assert str(media / "1.png") not in {hit["path"] for hit in hits}
    assert {hit["kind"] for hit in hits} == {"image"}


def test_similar_takes_kinds_too(indexed, index, media):
    make.video(media / "clip.mp4", ["green", "red"])
    index()

    def kinds(*options):
        hits = indexed("similar", media / "1.png", *options, "--json").json["hits"]
        return {hit["kind"] for hit in hits}

    assert kinds() == {"image", "video"}
    assert kinds("--kind", "video") == {"video"}
    assert kinds("--kind", "image", "--kind", "video") == {"image", "video"}
    assert kinds("--kind", "audio") == set()


def test_a_kind_is_what_the_content_is(indexed, index, media):
    (media / "deep.wav").rename(media / "deep.mp4")
    index()
    hits = indexed("search", "tone", "--kind", "video", "--json").json["hits"]
    assert hits == []
    hits = indexed("search", "low tone", "--kind", "audio", "--json").json["hits"]
    assert str(media / "deep.mp4") in {hit["path"] for hit in hits}


def test_plain_lines_in_a_pipe(indexed, media):
    lines = indexed("search", "red").out.splitlines()
    sure, kind, at, path, words = lines[0].split("\t")
    assert int(sure.removesuffix("%")) >= 50
    assert len(lines) == 5, "a hit a line, and nothing else"
    assert (kind, at, path, words) == ("image", "-", str(media / "0.png"), "red")


EVIL = "a\nb\tc\x1b[31mred\x7f\u202egnp.png"


def test_no_name_breaks_a_line_or_drives_a_terminal(indexed, media):
    make.picture(media / EVIL, "yellow")
    (media / f"broken{EVIL}").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    reported = indexed("index", media)
    failed = indexed("failures")
    lines = indexed("search", "yellow", "-t", "1")
    only = indexed("search", "yellow", "-f", "-t", "1")
    missing = indexed("similar", media / f"missing{EVIL}")
    for text in (failed.out, lines.out, missing.err):
        assert text.count("\n") == 1
    assert len(reported.err.splitlines()) == 2
    shown = reported.out + reported.err + failed.out + lines.out + missing.err
    assert not set(shown) & set("\x1b\x7f\u202e")

    columns = lines.out.rstrip("\n").split("\t")
    assert len(columns) == 5
    assert json.loads(columns[3]) == str(media / EVIL)
    assert only.out == f"{media / EVIL}\n", "its bytes as they are"
    true = indexed("search", "yellow", "-t", "1", "--json").json["hits"][0]["path"]
    assert true == str(media / EVIL)


def test_a_name_of_plain_letters_is_printed_as_it_is(indexed, index, media):
    name = 'äöü "quoted" \\ 日本 \u200d.png'
    make.picture(media / name, "yellow")
    index()
    assert indexed("search", "yellow", "-f", "-t", "1").out == f"{media / name}\n"


def test_a_name_that_is_no_utf8_goes_into_a_pipe_as_its_bytes(indexed, index, media, library):
    path = media / os.fsdecode(b"\xff.png")
    make.picture(media / "there.png", "yellow").rename(path)
    index()
    options = ("-f", "-t", "1", "--library", str(library))
    command = [sys.executable, "-m", "engine.commands.main", "search", "yellow", *options]
    assert subprocess.run(command, capture_output=True).stdout == bytes(path) + b"\n"


def test_remove_forgets_and_leaves_the_file(indexed, media):
    assert indexed("remove", media / "0.png", "--json").json == {"removed": 1}
    assert (media / "0.png").exists()
    paths = {hit["path"] for hit in indexed("search", "red", "--json").json["hits"]}
    assert str(media / "0.png") not in paths
    assert indexed("remove", media, "--json").json == {"removed": 4}
    assert indexed("search", "red").out == ""


def test_failures_are_listed_counted_and_tried_again(indexed, media):
    (media / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    done = indexed("index", media)
    assert done.code == 0
    assert "1 failed" in done.out
    assert done.err.count("\n") == 2  # the file with its reason, and where to look
    assert str(media / "broken.jpg") in done.err
    listed = indexed("failures", "--json").json["failures"]
    assert [failure["path"] for failure in listed] == [str(media / "broken.jpg")]
    assert "\n" not in listed[0]["reason"]
    shutil.copy(media / "0.png", media / "broken.jpg")  # a file is what its content says
    assert indexed("failures", "--retry", "--json").json["added"] == 1
    assert indexed("failures", "--json").json["failures"] == []


def test_every_kind_of_bad_file_costs_one_line_and_nothing_else(indexed, media):
    bad = {
        "empty.jpg": b"",
        "random.mp4": bytes(range(256)) * 8,
        "cut.png": (media / "0.png").read_bytes()[:60],
        "no-streams.wav": (media / "deep.wav").read_bytes()[:20],
    }
    for name, content in bad.items():
        (media / name).write_bytes(content)
    make.huge_png(media / "huge.png")
    make.sound(media / "no-samples.wav")
    names = {*bad, "huge.png", "no-samples.wav"}
    make.picture(media / "good.png", "yellow")

    done = indexed("index", media, "--json")
    assert (done.code, done.json["failed"], done.json["added"]) == (0, len(names), 1)
    lines = done.err.splitlines()
    assert {line.partition(": ")[0] for line in lines} == {str(media / name) for name in names}
    assert all(line.partition(": ")[2] for line in lines)
    listed = indexed("failures", "--json").json["failures"]
    assert {failure["path"] for failure in listed} == {str(media / name) for name in names}
    huge = next(failure for failure in listed if failure["path"].endswith("huge.png"))
    assert "SENSORIUM_MAX_PIXELS" in huge["reason"]
    assert indexed("search", "yellow", "-f", "-t", "1").out == f"{media / 'good.png'}\n"
    assert indexed("search", "green", "-f", "-t", "1").out == f"{media / '1.png'}\n"


def test_stats_count_what_is_held(indexed, library):
    found = indexed("stats", "--json").json
    assert found["assets"] == {"image": 3, "audio": 2}
    assert found["moments"] == {"image": 3, "sound": 2}
    assert found["library"] == str(library)
    assert found["encoder"] == "fake"
    assert {space["name"] for space in found["spaces"]} == {"fake", "fake-looks", "fake-sounds"}


def test_verify_says_what_is_wrong_and_exits_with_1(indexed, library):
    done = indexed("verify", "--deep", "--json")
    assert (done.code, done.json["problems"], done.json["moments"]) == (0, [], 5)
    stray = library / "segments" / "00000099-stray.parquet"
    with (library / "lock").open("r+") as lock:  # a writer at work keeps it from being tidied
        fcntl.flock(lock, fcntl.LOCK_EX)
        stray.write_bytes(b"x")
        done = indexed("verify")
    assert done.code == 1
    assert stray.name in done.out
    assert indexed("verify").code == 0  # opening has tidied up
    assert not stray.exists()


def test_rebuild_makes_the_words_again(indexed, library):
    with sqlite3.connect(library / "catalog.sqlite") as database:
        database.execute("DELETE FROM moments_fts")
    database.close()
    assert indexed("verify").code == 1
    assert indexed("rebuild", "--json").json == {"moments": 5}
    assert indexed("verify").code == 0
    why = indexed("search", "red", "--json").json["hits"][0]["why"]
    assert "words" in {part["branch"] for part in why}


def test_doctor_looks_at_everything(indexed):
    done = indexed("doctor", "--json")
    assert done.code == 0
    checks = {check["name"]: check for check in done.json["checks"]}
    assert {"faiss", "text tower, English", "image bridge", "sound bridge", "library"} <= set(
        checks
    )
    assert checks["library"]["ok"]


def test_doctor_exits_with_1_when_something_is_wrong(run, media):
    done = run("doctor", at=media)  # a folder that is no library
    assert done.code == 1
    (line,) = (line for line in done.out.splitlines() if " library: " in line)
    assert line.startswith("MISSING")
    assert run("doctor").code == 0  # none yet is nothing wrong


@pytest.mark.parametrize("command", ["search", "similar", "stats", "failures", "rebuild"])
def test_what_was_mended_is_said_on_stderr(indexed, media, library, command):
    for number, segment in enumerate(sorted((library / "segments").iterdir())):
        if command not in ("stats", "failures"):  # which read no segment
            content = bytearray(segment.read_bytes())
            content[40:80] = bytes(40)
            segment.write_bytes(content)
        elif number == 0:  # one that is lost, of several
            segment.unlink()
    arguments = {"search": ("red",), "similar": (media / "0.png",)}.get(command, ())
    done = indexed(command, *arguments, "--json")
    assert done.code == 0
    assert isinstance(done.json, dict)
    warned = [line for line in done.err.splitlines() if "warning: " in line]
    assert warned
    assert all(line.startswith("sensorium: warning: ") for line in warned)


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


def test_compact_says_what_it_did(indexed, index, media):
    (media / "0.png").unlink()
    index()
    done = indexed("compact", "--json").json
    assert done["dropped"] == 2
    assert done["segments_after"] <= done["segments_before"]
    assert "0 rows of deleted moments are gone" in indexed("compact").out
    assert indexed("verify", "--deep").code == 0


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


def paths(done) -> list[str]:
    assert done.code == 0, done.err
    return [Path(hit["path"]).name for hit in done.json["hits"]]


def test_parts_and_weights_on_the_command_line(indexed, media):
    asked = ("2: red", "+", "blue", "-", "green", "--json", "--all", "--kind", "image")
    assert paths(indexed("search", *asked)) == ["0.png", "2.png", "1.png"]
    example = str(media / "2.png")
    assert paths(indexed("search", f"{example}", "--json", "-t", "1")) == ["2.png"]


def test_then_joins_what_follows_in_one_file(run, media, library):
    make.video(media / "film.mp4", ["red", "green", "blue"], seconds=6.0)
    run("index", media, "--encoder", "fake")
    found = run("search", "red", "then", "blue", "--json").json["hits"]
    assert [Path(hit["path"]).name for hit in found] == ["film.mp4"]
    (hit,) = found
    assert [span["asked"] for span in hit["spans"]] == ["red", "blue"]
    assert hit["start"] == hit["spans"][0]["start"] < hit["spans"][1]["start"]
    backwards = run("search", "blue", "then", "red")
    assert "nothing" in backwards.err
    assert "[blue at 0:12]" in run("search", "red", "then", "blue").out


def test_filters_on_the_command_line(indexed, media):
    every = ("search", "tone red", "--json", "--all")
    assert set(paths(indexed(*every, "--where", "duration < 10 and kind = audio"))) == {
        "deep.wav", "shrill.wav",
    }  # fmt: skip
    assert set(paths(indexed(*every, "--where", "path like 1*"))) == {"1.png"}
    assert set(paths(indexed(*every, "--where", "tags has red"))) == {"0.png"}
    assert paths(indexed(*every, "--before", "1999")) == []
    assert len(paths(indexed(*every, "--after", "1999"))) == 5
    assert set(paths(indexed("search", "tone kind:audio path:d*", "--json", "--all"))) == {
        "deep.wav"
    }


@pytest.mark.parametrize("fusion", ["calibrated", "rrf", "weighted", "max", "early", "interaction"])
def test_every_way_to_fuse_finds_what_is_there(indexed, fusion):
    assert paths(indexed("search", "red", "--fusion", fusion, "--json"))[0] == "0.png"


def test_weights_on_the_command_line(indexed):
    asked = (
        "search",
        "red",
        "--all",
        "--json",
        "--weight",
        "image=0,words=0",
        "--weight",
        "sound=2",
    )
    document = indexed(*asked, "--explain").json
    assert {branch["modality"] for branch in document["plan"]["branches"]} == {"sound"}
    assert {branch["weight"] for branch in document["plan"]["branches"]} == {2.0}
    bad = indexed("search", "red", "--weight", "pictures=1")
    assert (bad.code, "no weight of 'pictures'" in bad.err) == (2, True)
    assert indexed("search", "red", "--weight", "image").code == 2


def test_explain_shows_the_plan_and_what_came_of_it(indexed):
    lines = indexed("search", "red - blue", "--explain", "--where", "size > 1").out.splitlines()
    assert lines[0].startswith("plan: calibrated fusion over ")
    text = "\n".join(lines)
    assert "filter: size > 1: 5 moments pass" in text
    assert 'text "red" in fake image, 3 vectors, exact, filtered inside the index' in text
    assert 'not "blue" in full text, weight -1' in text
    assert "milliseconds: " in text
    assert "1 x text" in text
    document = indexed("search", "red", "--explain", "--json").json
    assert document["plan"]["fusion"] == "calibrated"
    assert {outcome["found"] for outcome in document["outcomes"]} == {1, 2, 3}


def test_where_nothing_is_likely_a_sentence_says_so_and_the_nearest_follow(indexed):
    nearest = indexed("search", "an opera singer")
    assert nearest.err == "nothing here is likely to match; the nearest:\n"
    assert len(nearest.out.splitlines()) == 5
    assert indexed("search", "an opera singer", "--all").out == nearest.out


def test_likely_keeps_what_is_above_the_line(indexed, media):
    assert indexed("search", "red", "--likely", "-f").out.splitlines() == [str(media / "0.png")]
    none = indexed("search", "an opera singer", "--likely")
    assert (none.code, none.out) == (1, "")
    assert none.err == "nothing here is likely to match: 5 moments are less likely\n"


def test_a_deadline_marks_what_is_partial(indexed):
    done = indexed("search", "red", "--deadline-ms", "1", "--json")
    assert done.json["partial"] is True
    assert "partial: the deadline" in indexed("search", "red", "--deadline-ms", "1").err


def test_what_belongs_together_is_counted(run, media, library):
    for copy in range(3):
        shutil.copy(media / "0.png", media / f"copy{copy}.png")
    run("index", media, "--encoder", "fake")
    document = run("search", "red", "--group", "alike", "--json").json
    assert document["hits"][0]["more"] == 3
    assert "(and 3 more like it)" in run("search", "red", "--group", "alike").out
    assert len(run("search", "red", "--json", "--likely").json["hits"]) == 4


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
    indexed, library, arguments, unbuffered, monkeypatch
):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    where = () if arguments == ("--help",) else ("--library", str(library))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "engine.commands.main", *arguments, *where],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "sensorium: the output cannot be written: no space left on device\n"


def test_a_reader_that_has_seen_enough_is_no_error(indexed, library):
    read_end, write_end = os.pipe()
    os.close(read_end)  # `head` that is gone before the first line
    done = subprocess.run(
        [sys.executable, "-m", "engine.commands.main", "search", "red", "--library", str(library)],
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
