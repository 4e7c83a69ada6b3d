"""The command line through real processes: its JSON is a contract."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

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


def test_compact_says_what_it_did(indexed, index, media):
    (media / "0.png").unlink()
    index()
    done = indexed("compact", "--json").json
    assert done["dropped"] == 2
    assert done["segments_after"] <= done["segments_before"]
    assert "0 rows of deleted moments are gone" in indexed("compact").out
    assert indexed("verify", "--deep").code == 0
