"""Names that are taught over HTTP, found by, forgotten, and had back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import Library
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.conftest import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory, settings) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("concepts")
    for number in range(24):
        colour = ("red", "green", "blue", "yellow")[number % 4]
        make.picture(place / "media" / f"{number:02}-{colour}.png", colour, (60, 40))
    make.video(place / "media" / "film.mp4", ("red", "blue"))
    (place / "media" / "film.srt").write_text("1\n00:00:02,000 --> 00:00:03,000\nhello there\n")
    make.sound(place / "media" / "tone.wav", (200, 2.0))
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as library:
        library.index([place / "media"])
    with serving([place / "home"], settings, place / "media", ServerOptions(port=0)) as running:
        yield running


@pytest.fixture(autouse=True)
def unlearned(served) -> Iterator[None]:
    yield
    for each in served.http.get("/api/concepts").json()["concepts"]:
        served.http.delete(f"/api/concepts/{each['name']}")


def moments(served, colour: str) -> list[int]:
    listed = served.http.get("/api/assets", params={"limit": 100}).json()["assets"]
    return [each["first_moment"] for each in listed if each["path"].endswith(f"{colour}.png")]


def teach(served, name: str, examples: list[int], status: int = 200, **more: object) -> dict:
    body = {"name": name, "moments": examples, **more}
    answer = served.http.post("/api/concepts", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def leading(served, text: str) -> str:
    return served.search(text, kinds=["image"])[0]["path"].rpartition("-")[2]


def test_a_name_is_taught_by_moments_and_found_at_once(served):
    taught = teach(served, "Rex", moments(served, "green")[:3])
    assert (taught["name"], taught["examples"], taught["against"]) == ("Rex", 3, 0)
    assert leading(served, "rex") == "green.png"
    hits = served.search("rex")
    assert any(why["branch"] == "concept" for why in hits[0]["why"])
    listed = served.http.get("/api/concepts").json()["concepts"]
    assert [each["name"] for each in listed] == ["Rex"]
    more = teach(served, "rex", moments(served, "green")[3:5])
    assert more["examples"] == 5


def test_what_it_is_not_pushes_away(served):
    def likely_of(colour: str) -> float:
        hits = served.search("rex", kinds=["image"], top=24)
        return max(hit["confidence"] for hit in hits if hit["path"].endswith(f"{colour}.png"))

    teach(served, "Rex", moments(served, "green")[:3] + moments(served, "yellow")[:2])
    before = likely_of("yellow")
    taught = teach(served, "Rex", [], against=moments(served, "yellow")[:3])
    assert (taught["examples"], taught["against"]) == (3, 3), "what it is not is no example of it"
    assert leading(served, "rex") == "green.png"
    assert likely_of("yellow") < before


def test_a_sentence_stands_for_what_is_seen_meanwhile(served):
    (hit, *_) = served.search('"hello there"', kinds=["video"])
    assert hit["modality"] == "speech"
    taught = teach(served, "Ann", [hit["moment_id"], *moments(served, "blue")[:2]])
    assert taught["examples"] == 3


def test_a_name_is_forgotten_and_had_back(served):
    teach(served, "Rex", moments(served, "green")[:3])
    assert served.http.delete("/api/concepts/rex").json()["name"] == "Rex"
    assert served.http.get("/api/concepts").json() == {"concepts": []}
    back = served.http.post("/api/concepts/restore", json={"name": "Rex"})
    assert back.status_code == 200 and back.json()["examples"] == 3
    assert leading(served, "rex") == "green.png"
    again = served.http.post("/api/concepts/restore", json={"name": "Rex"})
    assert again.status_code == 400, "it is there"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "Rex", "moments": [1]}, 400),
        ({"name": "Rex", "moments": [1, 2, 424242]}, 404),
        ({"name": "a/b", "moments": [1, 2, 3]}, 400),
        ({"name": "Rex", "moments": [1, 2, 3], "library": "none"}, 404),
        ({"name": "Rex", "moments": [1] * 31}, 400),
    ],
)
def test_what_cannot_be_taught_is_refused(served, body, status):
    assert served.http.post("/api/concepts", json=body).status_code == status
    assert served.http.get("/api/concepts").json() == {"concepts": []}


def test_what_was_not_taught_cannot_be_forgotten(served):
    for answer in (
        served.http.delete("/api/concepts/nobody"),
        served.http.post("/api/concepts/restore", json={"name": "nobody"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "concept_not_found"
