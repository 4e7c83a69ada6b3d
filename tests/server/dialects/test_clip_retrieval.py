"""The routes of clip-retrieval, asked as its client and its page ask."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

KEYS = {
    "text": None,
    "image": None,
    "image_url": None,
    "embedding_input": None,
    "deduplicate": True,
    "use_safety_model": True,
    "use_violence_detector": True,
    "indice_name": "photos",
    "use_mclip": False,
    "aesthetic_score": 9,
    "aesthetic_weight": 0.5,
    "modality": "image",
    "num_images": 2,
    "num_result_ids": 3,
}
"""What its client always sends."""


def ask(served, route="/knn-service", **body):
    return served.http.post(route, content=json.dumps(body))  # without a Content-Type


def test_a_text_finds_pictures_in_its_shape(served):
    assert served.http.get("/indices-list").json() == ["photos"]
    rows = ask(served, **KEYS | {"text": "red"}).json()
    assert len(rows) == 3
    assert set(rows[0]) == {"id", "similarity", "image_path", "caption", "image"}
    assert set(rows[2]) == {"id", "similarity"}
    assert rows[0]["image_path"].endswith("red.png")
    picture = Image.open(BytesIO(base64.b64decode(rows[0]["image"]))).convert("RGB")
    assert picture.getpixel((5, 5))[0] > 200
    more = ask(served, "/metadata", ids=[rows[2]["id"], 10**9], indice_name="photos").json()
    assert [m["id"] for m in more] == [rows[2]["id"]] and more[0]["metadata"]["image_path"]


def test_a_picture_finds_itself_first(served, made):
    image = base64.b64encode((made[0] / "green.png").read_bytes()).decode()
    body = KEYS | {"image": image, "aesthetic_score": ""}  # as its page sends no score
    assert ask(served, **body).json()[0]["image_path"].endswith("green.png")


def test_words_of_our_query_language_are_words_there(served):
    rows = ask(served, **KEYS | {"text": "red - /etc/passwd kind:audio"})
    assert rows.status_code == 200 and rows.json()


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"indice_name": "none"}, 404, "there is photos"),
        ({"indice_name": None}, 400, "/indices-list"),
        ({"text": None}, 400, "give text"),
        ({"embedding_input": [0.1], "text": ""}, 400, "embedding_input"),
        ({"num_images": "x"}, 400, "num_images"),
        ({"num_images": 0}, 400, "num_images"),
        ({"text": None, "image_url": "http://127.0.0.1/x"}, 400, ""),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(served, change, status, word):
    answer = ask(served, **KEYS | {"text": "red"} | change)
    assert answer.status_code == status and word in answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def client():
    """The module of its own client, as the package has it, without what else the package needs."""
    package = importlib.util.find_spec("clip_retrieval")
    if package is None:
        pytest.skip("clip-retrieval is not installed")
    file = Path(package.origin).with_name("clip_client.py")
    spec = importlib.util.spec_from_file_location("clip_client", file)
    module = sys.modules["clip_client"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["clip_client"]


def test_its_own_client_finds_by_text_and_by_picture(served, made, client):
    asked = client.ClipClient(f"{served.url}/knn-service", "photos", num_images=3)
    rows = asked.query(text="red")
    assert len(rows) == 3 and rows[0]["image_path"].endswith("red.png")
    assert all(set(row) >= {"id", "similarity", "caption", "image"} for row in rows)
    assert rows[0]["similarity"] >= rows[2]["similarity"]
    assert asked.query(image=str(made[0] / "green.png"))[0]["image_path"].endswith("green.png")
    texts = client.ClipClient(
        f"{served.url}/knn-service", "photos", modality=client.Modality.TEXT, num_images=1
    )
    assert len(texts.query(text="red")) == 1


def test_its_own_client_is_told_what_is_wrong(served, client):
    asked = client.ClipClient(f"{served.url}/knn-service", "none", num_images=3)
    assert "there is photos" in asked.query(text="red")["error"]["message"]
    asked = client.ClipClient(f"{served.url}/knn-service", "photos")
    assert "embedding_input" in asked.query(embedding_input=[0.1])["error"]["message"]
    refused = asked.query(image="http://127.0.0.1/x.png")
    assert "public internet" in refused["error"]["message"]


def test_its_page_of_another_origin_is_answered_where_it_is_allowed(start):
    page = "http://localhost:3000"
    served = start(origins=(page,))
    own = {"Origin": page, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
    as_text = own | {"Content-Type": "text/plain;charset=UTF-8"}
    asked = KEYS | {"text": "red", "aesthetic_score": "", "num_images": 10_000}
    asked["num_result_ids"] = 10_000  # what it asks for to download them
    listed = served.http.get("/indices-list", headers=own)
    rows = served.http.post("/knn-service", content=json.dumps(asked), headers=as_text)
    assert [answer.headers["access-control-allow-origin"] for answer in (listed, rows)] == [
        page
    ] * 2
    ids = {"ids": [row["id"] for row in rows.json()], "indice_name": listed.json()[0]}
    known = served.http.post("/metadata", content=json.dumps(ids), headers=as_text)
    assert len(known.json()) == len(rows.json()) == 3
    preflight = own | {"Access-Control-Request-Method": "POST"}
    allowed = served.http.options("/api/search", headers=preflight)
    assert allowed.status_code == 204 and "POST" in allowed.headers["access-control-allow-methods"]
    others = served.http.post(
        "/knn-service", content="{}", headers=as_text | {"Origin": "http://localhost:3001"}
    )
    assert others.status_code == 403 and "access-control-allow-origin" not in others.headers
