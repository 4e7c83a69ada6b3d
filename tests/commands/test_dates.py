"""`sensorium stats --dates FILE` shows every date that a file has, and which one counts."""

from __future__ import annotations

import os

import pytest
from PIL import Image

from tests import media_files as make


def photo(path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = "2024:06:30 22:30:00"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    os.utime(path, (10**9, 10**9))
    return path


def test_the_date_that_counts_and_those_beside_it(run, tmp_path):
    done = run("stats", "--dates", photo(tmp_path / "a.jpg"), "--json", at=None)
    assert done.code == 0, done.err
    assert done.json["path"] == str(tmp_path / "a.jpg")
    dates = done.json["dates"]
    assert [one["chosen"] for one in dates].count(True) == 1
    (chosen,) = [one for one in dates if one["chosen"]]
    assert "2024-06-30" in str(chosen) and "exif" in str(chosen).lower()
    assert len(dates) > 1  # the file's own date is beside it
    lines = run("stats", "--dates", photo(tmp_path / "a.jpg"), at=None).out
    assert "2024-06-30" in lines and "2001-09-" in lines


def test_a_file_that_says_nothing_and_one_that_is_not_there(run, tmp_path):
    picture = make.picture(tmp_path / "b.png")
    os.utime(picture, (10**9, 10**9))
    assert "2001-09-" in run("stats", "--dates", picture, at=None).out
    done = run("stats", "--dates", tmp_path / "none.jpg", at=None)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have names on Unix")
def test_a_pipe_is_named_and_not_waited_for(run, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    done = run("stats", "--dates", tmp_path / "pipe.jpg", at=None)
    assert done.code == 1
    assert done.err.endswith("pipe.jpg: it is a pipe, a socket or a device, and no file\n")
    done = run("stats", "--dates", tmp_path / "gone.jpg", at=None)
    assert done.code == 2
    assert "there is no such file or folder; it is a link to what is not there" in done.err
