"""Embeddings in each dialect, by vendors' own clients where they are installed."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import cohere
import numpy as np
import openai
import pytest

from engine import Library


def data_url(path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


@pytest.fixture
def library(made, settings):
    with Library.open(made[1], settings=settings) as opened:
        yield opened


@pytest.fixture
def embed(served):
    def post(**body) -> np.ndarray:
        answer = served.http.post("/v1/embeddings", json=body)
        assert answer.status_code == 200, answer.text
        return np.array([row["embedding"] for row in answer.json()["data"]], np.float32)

    return post


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_openais_client_gets_the_librarys_vectors(served, library, encoding):
    client = openai.OpenAI(
        base_url=f"{served.url}/v1", api_key="none", max_retries=0, http_client=served.http
    )
    texts = ["red", "a green thing", "red"]
    answer = client.embeddings.create(model="fake", input=texts, encoding_format=encoding)
    rows = [row.embedding for row in answer.data]
    if encoding == "base64":
        rows = [np.frombuffer(base64.b64decode(row), "<f4") for row in rows]
    np.testing.assert_allclose(rows, library.embed(texts), atol=1e-6)
    assert [m.id for m in client.models.list()] == ["fake", "extractive"]
    assert client.models.retrieve("extractive").id == "extractive"
    with pytest.raises(openai.NotFoundError, match="there is no model 'a/b'; there is fake"):
        client.models.retrieve("a/b")
    with pytest.raises(openai.NotFoundError, match="there is no model 'gpt'; there is fake"):
        client.embeddings.create(model="gpt", input="x")
    with pytest.raises(openai.BadRequestError, match="dimensions"):
        client.embeddings.create(model="fake", input="x", dimensions=7)


def test_every_dialect_gives_a_picture_the_same_vector(embed, library, made):
    picture = made[0] / "red.png"
    expected = library.embed_example(picture)
    url = data_url(picture)
    for body in (
        {"input": [url], "modality": "image"},
        {"input": url, "modality": "image"},
        {"input": [{"image": url}]},
        {"input": [{"image": url.partition(",")[2]}]},
        {"input": [{"type": "image_url", "image_url": {"url": url}}]},
        {"input": [{"content": [{"type": "image_url", "image_url": url}]}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
            ]
        },
    ):
        np.testing.assert_allclose(embed(**body), [expected], atol=1e-6)


def test_modalities_mix_and_keep_their_order(embed, library, made):
    sound = base64.b64encode((made[0] / "deep.wav").read_bytes()).decode()
    body = [{"text": "red"}, {"audio": sound}, {"image": data_url(made[0] / "red.png")}, "green"]
    expected = [
        library.embed(["red"])[0],
        library.embed_example(made[0] / "deep.wav"),
        library.embed_example(made[0] / "red.png"),
        library.embed(["green"])[0],
    ]
    np.testing.assert_allclose(embed(input=body), expected, atol=1e-6)


def test_parts_of_one_item_become_one_vector(embed, library, made):
    content = [{"text": "green"}, {"image": data_url(made[0] / "red.png")}]
    both = library.embed(["green"])[0] + library.embed_example(made[0] / "red.png")
    np.testing.assert_allclose(
        embed(input=[{"content": content}])[0], both / np.linalg.norm(both), atol=1e-6
    )


def test_coheres_client_gets_the_librarys_vectors(served, library, made):
    client = cohere.ClientV2("none", base_url=served.url, httpx_client=served.http)
    asked = {"model": "fake", "input_type": "search_query", "embedding_types": ["float"]}
    texts = client.embed(texts=["red", "a green thing"], **asked)
    np.testing.assert_allclose(
        texts.embeddings.float_, library.embed(["red", "a green thing"]), atol=1e-6
    )
    picture = made[0] / "red.png"
    images = client.embed(images=[data_url(picture)], **asked)
    np.testing.assert_allclose(
        images.embeddings.float_, [library.embed_example(picture)], atol=1e-6
    )
    with pytest.raises(cohere.NotFoundError, match="there is no model"):
        client.embed(texts=["x"], model="embed-v4.0", input_type="search_query")


def test_coheres_route_answers_as_theirs(served, library, made):
    body = {
        "model": "fake",
        "input_type": "search_query",
        "embedding_types": ["float", "base64"],
        "inputs": [
            {"content": [{"type": "text", "text": "red"}]},
            {
                "content": [
                    {"type": "image_url", "image_url": {"url": data_url(made[0] / "red.png")}}
                ]
            },
        ],
    }
    answer = served.http.post("/v2/embed", json=body).json()
    rows = np.array(answer["embeddings"]["float"], np.float32)
    np.testing.assert_allclose(rows[0], library.embed(["red"])[0], atol=1e-6)
    np.testing.assert_allclose(rows[1], library.embed_example(made[0] / "red.png"), atol=1e-6)
    coded = np.frombuffer(base64.b64decode(answer["embeddings"]["base64"][1]), "<f4")
    np.testing.assert_array_equal(coded, rows[1])
    texts = served.http.post("/v2/embed", json={"model": "fake", "texts": ["red"]}).json()
    np.testing.assert_allclose(texts["embeddings"]["float"][0], rows[0], atol=1e-6)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "input is missing"),
        ({"input": []}, "nothing to embed"),
        ({"input": ""}, "empty"),
        ({"input": [1, 2, 3]}, "token ids"),
        ({"input": [[1, 2], [3]]}, "token ids"),
        ({"input": [None]}, "a string or an object"),
        ({"input": [{"smell": "x"}]}, "a part has text"),
        ({"input": "x", "modality": "smell"}, "modality"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"input": [{"image": "no base64!"}]}, "neither a URL nor base64"),
        ({"input": ["x"] * 257}, "256 items"),
        ({"messages": []}, "messages"),
        ({"input": [{"image": "data:image/png,x"}]}, "data: URL"),
    ],
    ids=str,
)
def test_what_cannot_be_said_is_a_clear_400(served, body, word):
    answer = served.http.post("/v1/embeddings", json=body)
    assert answer.status_code == 400 and word in answer.json()["error"]["message"]


def test_one_bad_item_is_named_and_the_server_stays_ready(served):
    bad = base64.b64encode(b"\x89PNG\r\n\x1a\nbroken").decode()
    answer = served.http.post("/v1/embeddings", json={"input": ["red", {"image": bad}]})
    assert answer.status_code == 422 and "item 1" in answer.json()["error"]["message"]
    assert answer.json()["error"]["param"] == "input[1]"
    assert served.http.get("/readyz").json() == {"status": "ready"}


def test_all_bad_items_of_a_request_are_named_and_others_are_answered(served, made):
    good, bad = data_url(made[0] / "red.png"), base64.b64encode(b"\xff\xd8\xff broken").decode()
    items = [{"image": good}, {"image": bad}, "red", {"image": base64.b64encode(b"x").decode()}]
    with ThreadPoolExecutor(8) as clients:
        others = [
            clients.submit(served.http.post, "/v1/embeddings", json={"input": [{"image": good}]})
            for _ in range(6)
        ]
        answer = served.http.post("/v1/embeddings", json={"input": items})
    assert 400 <= answer.status_code < 500 and answer.json()["error"]["param"] == "input[1]"
    message = answer.json()["error"]["message"]
    assert "item 1: the image" in message and "item 3: the image" in message
    assert "item 0" not in message and "item 2" not in message
    assert [other.result().status_code for other in others] == [200] * 6


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe"])
def test_a_body_that_is_no_object_is_a_clear_400(served, content):
    for path in ("/v1/embeddings", "/v2/embed", "/knn-service", "/metadata"):
        answer = served.http.post(path, content=content)
        assert answer.status_code == 400 and answer.json()["error"]["code"] == "invalid_json"
