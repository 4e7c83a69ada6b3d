"""Files that are downloaded together, and the tags that some files have."""

from __future__ import annotations

import io
import zipfile

import pytest


def numbers(served) -> dict[str, int]:
    hits = served.http.get("/api/assets").json()["assets"]
    return {hit["path"].rpartition("/")[2]: hit["asset_id"] for hit in hits}


def archive(served, assets: str) -> zipfile.ZipFile:
    answer = served.http.get("/api/archive", params={"assets": assets})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="photos.zip"'
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_files_come_as_they_are_in_one_archive(served):
    known = numbers(served)
    with archive(served, f"{known['red.png']},{known['deep.wav']},{known['red.png']}") as made:
        assert made.namelist() == ["red.png", "deep.wav"] and made.testzip() is None
        for name in made.namelist():
            assert made.read(name) == (served.media / name).read_bytes()


def test_a_file_that_has_changed_is_left_out_and_named(served):
    known, file = numbers(served), served.media / "green.png"
    content = file.read_bytes()
    file.write_bytes(content + b"more")
    try:
        with archive(served, f"{known['red.png']},{known['green.png']}") as made:
            assert made.namelist() == ["red.png", "left out.txt"]
            assert b"green.png: the file has changed" in made.read("left out.txt")
    finally:
        file.write_bytes(content)


@pytest.mark.parametrize(
    ("assets", "status"), [("424242", 404), ("", 400), ("1,x", 400), ("1" * 7000, 400)]
)
def test_what_is_no_file_is_refused(served, assets, status):
    assert served.http.get("/api/archive", params={"assets": assets}).status_code == status


def test_tags_of_some_files_are_counted(served):
    known = numbers(served)
    pair = [known["red.png"], known["green.png"]]
    run = served.http.post("/api/tags", json={"assets": pair, "add": ["warm"]}).json()["run"]
    try:
        asked = {"assets": [known["red.png"], known["deep.wav"]]}
        counted = served.http.post("/api/tags/count", json=asked).json()
        assert counted == {"tags": [{"tag": "warm", "files": 1}]}
    finally:
        served.http.post(f"/api/runs/{run}/undo", json={}, params={"wait": 20})
