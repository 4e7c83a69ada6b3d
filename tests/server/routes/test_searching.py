"""Searching by words and by examples, page by page, and help with typing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from engine.server.routes.answers import HitAnswer, HitPage, ParsedAnswer
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
    assert whole and second["next"] is None
    other = {"text": "green", "top": 2, "cursor": first["next"]}
    assert served.http.post("/api/search", json=other).json()["error"]["code"] == "bad_cursor"


def test_what_a_body_says_too_much_is_refused(served):
    for body in ({"text": "x", "topp": 3}, {"text": "x", "top": 0}, {"text": "x" * 5000}):
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
    assert "red" in answer["plans"]["photos"]


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


def test_answers_are_as_the_page_of_the_api_has_them(served):
    page = served.http.post("/api/search", json={"text": "red", "explain": True}).json()
    HitPage.model_validate(page)
    assert set(page) <= set(HitPage.model_fields)
    assert set(page["hits"][0]) <= set(HitAnswer.model_fields)
    assert page["hits"][0]["file"]["width"] == 40 and page["hits"][0]["file"]["date"]
    assert set(page["took_ms"]["photos"]) >= {"encode", "search", "total"}


def test_hits_come_by_date_and_above_the_line_of_confidence(start, settings, tmp_path):
    for number, (folder, name) in enumerate((("a", "1"), ("b", "2"), ("a", "3"))):
        (tmp_path / folder).mkdir(exist_ok=True)
        file = make.picture(tmp_path / folder / f"red{name}.png", "red")
        os.utime(file, (1e9 + number * 1e5,) * 2)
        make.picture(tmp_path / folder / f"blue{name}.png", "blue")
    for folder in "ab":
        with Library.open(
            tmp_path / f"{folder}.lib", create=True, encoder="fake", settings=settings
        ) as library:
            library.index([tmp_path / folder])
    served = start([tmp_path / "a.lib", tmp_path / "b.lib"])
    asked = {"text": "red", "sort": "date", "where": ["path like 'red*'"]}
    names = [Path(hit["path"]).name for hit in served.search(**asked)]
    assert names == ["red3.png", "red2.png", "red1.png"]
    first = served.http.post("/api/search", json=asked | {"top": 2}).json()
    rest = served.http.post("/api/search", json=asked | {"top": 2, "cursor": first["next"]}).json()
    both = [*first["hits"], *rest["hits"]]
    assert [Path(hit["path"]).name for hit in both] == names and rest["next"] is None
    assert [hit["rank"] for hit in both] == [1, 2, 3]
    plans = served.http.post("/api/search", json=asked | {"explain": True}).json()["plans"]
    assert set(plans) == {"a.lib", "b.lib"}
    likely = served.search("red", sort="date", likely=True)
    assert all(hit["likely"] for hit in likely)
    listed = served.search("kind:image", sort="path")
    assert [hit["path"] for hit in listed] == sorted(hit["path"] for hit in listed)


def test_hits_are_grouped_as_asked(served):
    grouped = served.search("red", group="alike")
    assert sum(hit["more"] + 1 for hit in grouped) == len(served.search("red", group="none"))
    assert served.http.get("/api/search?text=red&group=nothing").status_code == 400


def test_an_address_says_all_that_a_body_does(served):
    body = {"kinds": ["image"], "where": ["path like '*e*'"], "sort": "path", "top": 2}
    link = {"text": "red", "kind": ["image"], "where": "path like '*e*'", "sort": "path", "top": 2}
    answer = served.http.get("/api/search", params=link).json()
    assert answer["hits"] == served.search("red", **body)
    following = served.http.get("/api/search", params=link | {"cursor": answer["next"]}).json()
    assert following["hits"] and following["hits"][0]["rank"] == 3


@pytest.fixture
def halves(start, settings, tmp_path):
    """A server over a picture that is red on its left and blue on its right, and plain ones."""
    folder = tmp_path / "halves"
    folder.mkdir()
    both = Image.new("RGB", (80, 40), "red")
    both.paste(Image.new("RGB", (40, 40), "blue"), (40, 0))
    both.save(folder / "both.png")
    for colour in ("red", "blue", "green"):
        make.picture(folder / f"{colour}.png", colour)
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([folder])
    served = start([tmp_path / "l"])
    served.numbers = {
        Path(hit["path"]).stem: hit["moment_id"] for hit in served.search("kind:image")
    }
    return served


def best_of(served, **body: object) -> str:
    answer = served.http.post("/api/similar", json=body)
    assert answer.status_code == 200, answer.text
    HitPage.model_validate(answer.json())
    return Path(answer.json()["hits"][0]["path"]).stem


def test_a_region_of_a_picture_is_an_example(halves):
    both = halves.numbers["both"]
    left, right = ({"x": x, "y": 0, "w": 0.5, "h": 1} for x in (0, 0.5))
    assert best_of(halves, moment=both, region=left) == "red"
    assert best_of(halves, moment=both, region=right) == "blue"
    path = next(h["path"] for h in halves.search("kind:image") if h["path"].endswith("both.png"))
    for region, colour in ((left, "red"), (right, "blue")):
        files = {"file": ("x.png", Path(path).read_bytes())}
        form = {key: str(value) for key, value in region.items()}
        answer = halves.http.post("/api/similar/upload", files=files, data=form)
        hits = [Path(hit["path"]).stem for hit in answer.json()["hits"]]
        assert next(name for name in hits if name != "both") == colour
    outside = {"moment": both, "region": {"x": 0.6, "y": 0, "w": 0.6, "h": 1}}
    answer = halves.http.post("/api/similar", json=outside)
    assert answer.status_code == 400 and "region" in answer.json()["error"]["message"]


def test_examples_are_mixed_with_words_and_with_others(halves):
    numbers = halves.numbers
    assert best_of(halves, moment=numbers["red"], text="blue", top=3) == "blue"
    assert best_of(halves, moment=numbers["red"], text="green", top=3) == "green"
    assert best_of(halves, moment=numbers["red"], more=[{"moment": numbers["blue"]}]) == "both"
    less = halves.http.post(
        "/api/similar", json={"moment": numbers["both"], "less": [{"moment": numbers["red"]}]}
    ).json()["hits"]
    names = [Path(hit["path"]).stem for hit in less]
    assert names[0] == "blue" and not {"both", "red"} & set(names)  # examples are left out
    filtered = {"moment": numbers["both"], "where": ["path like 'green*'"]}
    assert best_of(halves, **filtered) == "green"
    page = halves.http.post("/api/similar", json={"moment": numbers["both"], "top": 1}).json()
    following = halves.http.post(
        "/api/similar", json={"moment": numbers["both"], "top": 1, "cursor": page["next"]}
    ).json()
    assert following["hits"][0]["rank"] == 2
    path = {"moment": numbers["both"], "text": "/etc/passwd"}
    answer = halves.http.post("/api/similar", json=path)
    assert answer.json()["error"]["code"] == "path_refused"


def test_a_sound_has_no_region(served):
    sound = served.search("kind:audio", top=1)[0]
    body = {"asset": sound["asset_id"], "region": {"x": 0, "y": 0, "w": 0.5, "h": 0.5}}
    answer = served.http.post("/api/similar", json=body)
    assert answer.status_code == 400 and "no region" in answer.json()["error"]["message"]


def test_a_query_is_read_piece_by_piece_with_its_mistakes(served):
    def parse(text: str) -> dict:
        answer = served.http.get("/api/parse", params={"text": text})
        assert answer.status_code == 200
        ParsedAnswer.model_validate(answer.json())
        return answer.json()

    fine = parse('2: red car - night kind:video "a b"')
    roles = [(each["role"], fine["text"][each["begin"] : each["end"]]) for each in fine["pieces"]]
    assert roles == [
        ("weight", "2:"), ("word", "red"), ("word", "car"), ("sign", "-"), ("word", "night"),
        ("filter", "kind:video"), ("phrase", '"a b"'),
    ]  # fmt: skip
    assert (
        fine["excluded"] == ["night"]
        and not fine["mistakes"]
        and fine["kinds"] == ["video"]
        and fine["asked"] == ["red car", "a b"]
    )
    wrong = parse("durration:<60 cat size:huge")
    marked = [wrong["text"][each["begin"] : each["end"]] for each in wrong["mistakes"]]
    assert marked == ["durration:<60", "huge"] and "duration" in wrong["mistakes"][0]["advice"]
    assert parse('a "b')["mistakes"][0]["begin"] == 2 and parse("")["mistakes"] == []
    assert parse("- cat")["mistakes"][0]["wrong"] and parse("/etc/passwd")["pieces"]


def test_what_is_typed_is_completed(served):
    def complete(text: str, **more: object) -> list[str]:
        answer = served.http.get("/api/complete", params={"text": text, **more}).json()
        return [
            text[: each["begin"]] + each["text"] + text[each["end"] :]
            for each in answer["suggestions"]
        ]

    assert complete("red ki") == ["red kind:"]
    assert complete("kind:vi") == ["kind:video"] and complete("kind:image,vi")
    assert complete("kind:vi red", at=7) == ["kind:video red"]
    assert "path:media" in complete("path:me")
    assert [t for t in complete("date:2") if len(t) == len("date:2024")]
    assert complete('"in a quote ki') == [] and len(complete("", most=3)) == 3


def test_facets_count_what_there_is(served):
    found = served.http.get("/api/facets").json()
    assert found["kinds"]["audio"] == 1 and sum(found["years"].values()) == found["total"]
    assert list(found["folders"].values()) == [found["total"]]
    pictures = served.http.get("/api/facets", params={"kind": "image"}).json()
    assert pictures["total"] == found["total"] - 1
