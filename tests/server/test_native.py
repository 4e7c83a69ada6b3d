"""The native routes: what they answer, and how they refuse."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from tests import media_files as make


def test_a_search_finds_what_the_library_finds(served, settings):
    hits = served.search("red", top=2)
    with Library.open(served.library, settings=settings) as library:
        expected = library.search("red", top=2)
    assert [hit["path"] for hit in hits] == [hit.path for hit in expected]
    assert [hit["confidence"] for hit in hits] == [hit.confidence for hit in expected]
    assert hits[0]["path"].endswith("red.png") and hits[0]["library"] == "photos"


def test_the_query_language_is_understood(served):
    assert {hit["kind"] for hit in served.search("kind:audio")} == {"audio"}
    assert served.search("red", kinds=["audio"]) == served.search("red", where=["kind = audio"])
    wrong = served.http.post("/api/search", json={"text": "red", "where": ["kind ="]})
    assert wrong.status_code == 400 and wrong.json()["error"]["code"] == "query_syntax"


def test_pages_follow_each_other(served):
    whole = served.search("red", top=4)
    first = served.http.post("/api/search", json={"text": "red", "top": 2}).json()
    second = served.http.post(
        "/api/search", json={"text": "red", "top": 2, "cursor": first["next"]}
    ).json()
    pages = [*first["hits"], *second["hits"]]
    assert [hit["moment_id"] for hit in pages] == [hit["moment_id"] for hit in whole]
    assert [hit["rank"] for hit in pages] == [1, 2, 3, 4]
    other = {"text": "green", "top": 2, "cursor": first["next"]}
    assert served.http.post("/api/search", json=other).json()["error"]["code"] == "bad_cursor"


def test_what_a_body_says_too_much_is_refused(served):
    for body in ({"text": "x", "topp": 3}, {"text": "x", "top": 0}, {"text": "x" * 5000}, {}):
        answer = served.http.post("/api/search", json=body)
        assert answer.status_code == 400 and answer.json()["error"]["code"] == "invalid_request"


def test_a_search_is_an_address_too(served):
    answer = served.http.get("/api/search", params={"text": "red", "top": 2}).json()
    assert answer["hits"] == served.search("red", top=2)
    assert served.http.get("/").json()["api"] == "/api/openapi.json"


@pytest.mark.parametrize(("kind", "content"), [("text/plain", "{}"), ("application/json", "{")])
def test_a_body_that_is_no_json_is_told_so(served, kind, content):
    answer = served.http.post("/api/search", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400 and "application/json" in answer.json()["error"]["message"]


def test_an_explanation_is_given_when_asked(served):
    answer = served.http.post("/api/search", json={"text": "red", "explain": True}).json()
    assert "red" in answer["plan"]


@pytest.mark.parametrize("text", ["+ /etc/passwd", "red + ./red.png", "red - ~/x.jpg"])
def test_no_file_of_the_machine_is_an_example(served, text):
    answer = served.http.post("/api/search", json={"text": text})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "path_refused"


def test_a_moment_an_asset_and_an_upload_are_examples(served):
    hit = served.search("red", top=1)[0]
    for body in ({"moment": hit["moment_id"]}, {"asset": hit["asset_id"]}):
        found = served.http.post("/api/similar", json=body).json()["hits"]
        assert found and hit["moment_id"] not in [h["moment_id"] for h in found]
    content = {"file": ("red.png", Path(hit["path"]).read_bytes())}
    found = served.http.post("/api/similar/upload", files=content).json()["hits"]
    assert found[0]["moment_id"] == hit["moment_id"]
    nothing = served.http.post("/api/similar", json={})
    assert nothing.status_code == 400
    text = {"file": ("x.jpg", b"no picture")}
    assert served.http.post("/api/similar/upload", files=text).status_code == 400


def test_files_moments_and_thumbnails(served):
    hit = served.search("red", top=1)[0]
    asset = served.http.get(f"/api/assets/{hit['asset_id']}").json()
    assert asset["path"] == hit["path"]
    moment = served.http.get(f"/api/moments/{hit['moment_id']}").json()
    assert moment["asset_id"] == hit["asset_id"]
    picture = Image.open(BytesIO(served.http.get(hit["thumbnail"]).content))
    assert picture.convert("RGB").getpixel((5, 5))[0] > 200
    for path in (
        "/api/assets/9999",
        "/api/moments/9999",
        "/api/thumbnails/9999",
        "/api/media/9999",
    ):
        answer = served.http.get(path)
        assert answer.status_code == 404 and answer.json()["error"]["code"].endswith("_not_found")


def test_media_come_whole_and_in_ranges(served):
    hit = served.search("kind:audio", top=1)[0]
    content = Path(hit["path"]).read_bytes()
    whole = served.http.get(hit["media"])
    assert whole.content == content and whole.headers["content-type"] == "audio/wav"
    part = served.http.get(hit["media"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    beyond = served.http.get(hit["media"], headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416


def test_a_file_that_was_replaced_is_not_handed_out(start, settings, tmp_path):
    media, secret = tmp_path / "media", tmp_path / "secret.png"
    media.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        make.picture(media / name, "red")
    secret.write_bytes((media / "a.png").read_bytes())
    facts = (media / "a.png").stat()
    os.utime(secret, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([media])
    served = start([tmp_path / "l"])
    hits = {Path(hit["path"]).name: hit["media"] for hit in served.search("kind:image")}
    assert served.http.get(hits["a.png"]).status_code == 200
    (media / "a.png").unlink()
    (media / "a.png").symlink_to(secret)  # of the same size and date
    make.picture(media / "b.png", "blue", (10, 10))
    (media / "c.png").unlink()
    codes = {name: served.http.get(url).json()["error"]["code"] for name, url in hits.items()}
    assert codes == {"a.png": "file_changed", "b.png": "file_changed", "c.png": "file_gone"}


def test_several_libraries_answer_as_one(start, made, settings, tmp_path):
    (tmp_path / "m").mkdir()
    make.picture(tmp_path / "m" / "red2.png", "red")
    with Library.open(tmp_path / "more", create=True, encoder="fake", settings=settings) as library:
        library.index([tmp_path / "m"])
    served = start([made[1], tmp_path / "more"])
    listed = served.http.get("/api/libraries").json()["libraries"]
    assert [each["name"] for each in listed] == ["photos", "more"]
    hits = served.search("red")
    assert {hit["library"] for hit in hits} == {"photos", "more"}
    assert [h["confidence"] for h in hits] == sorted([h["confidence"] for h in hits], reverse=True)
    assert {h["library"] for h in served.search("red", libraries=["more"])} == {"more"}
    assert all(served.http.get(hit["thumbnail"]).status_code == 200 for hit in hits)
    wrong = served.http.post("/api/search", json={"text": "x", "libraries": ["none"]})
    assert wrong.status_code == 404 and "photos, more" in wrong.json()["error"]["message"]


def test_what_another_process_commits_is_found(served, made, settings):
    media, library = made
    make.picture(media / "late.png", "yellow")
    with Library.open(library, settings=settings) as writing:
        writing.index([media])
    assert any(hit["path"].endswith("late.png") for hit in served.search("yellow"))


def test_the_page_of_the_api_names_every_route(served):
    page = served.http.get("/api/openapi.json").json()
    assert {"/api/search", "/api/media/{asset}", "/v1/embeddings", "/knn-service"} <= set(
        page["paths"]
    )
