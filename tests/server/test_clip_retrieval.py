"""The routes of clip-retrieval, asked as its client and its page ask."""

from __future__ import annotations

import base64
import json
from io import BytesIO

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
    assert set(rows[0]) == {"id", "similarity", "image_path", "caption", "url", "image"}
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
