"""Reranking by Cohere's own client, and in the other shapes."""

from __future__ import annotations

import base64

import cohere
import pytest


def data_url(path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def test_coheres_client_reranks(served):
    client = cohere.ClientV2("none", base_url=served.url, httpx_client=served.http)
    documents = ["blue", "a red thing", "red"]
    answer = client.rerank(model="fake", query="red", documents=documents, top_n=2)
    assert [row.index for row in answer.results] == [2, 1]
    assert all(0 <= row.relevance_score <= 1 for row in answer.results)
    with pytest.raises(cohere.NotFoundError, match="there is no model"):
        client.rerank(model="rerank-v5.0", query="red", documents=documents)


def test_fields_of_documents_are_read_where_they_are_named(served):
    client = cohere.Client("none", base_url=served.url, httpx_client=served.http)
    documents = [{"text": "blue", "title": "red"}, {"text": "red", "title": "blue"}]
    answer = client.rerank(model="fake", query="red", documents=documents)
    assert [row.index for row in answer.results] == [1, 0]
    titled = client.rerank(model="fake", query="red", documents=documents, rank_fields=["title"])
    assert [row.index for row in titled.results] == [0, 1]


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank", "/rerank"])
def test_documents_are_texts_pictures_and_moments(served, made, path):
    red, green = made[0] / "red.png", made[0] / "green.png"
    blue = served.search("blue")[0]["moment_id"]
    documents = [
        {"text": "blue"},
        {"image": data_url(green)},
        data_url(red),
        {"content": [{"type": "image_url", "image_url": {"url": data_url(red)}}]},
        {"moment": blue},
        "red",
    ]
    asked = {"query": "red", "documents": documents, "return_documents": True}
    answer = served.http.post(path, json=asked)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert {row["index"] for row in results[:3]} == {2, 3, 5}
    scores = [row["relevance_score"] for row in results]
    assert scores == sorted(scores, reverse=True) and 0 <= scores[-1] < scores[0] <= 1
    shown = {row["index"]: row["document"] for row in results}
    assert shown[4] == {"moment": blue} and shown[5] == {"text": "red"}
    parts = {"content": [{"type": "text", "text": "red"}, {"type": "text", "text": "blue"}]}
    vllm = served.http.post(path, json={"query": "blue", "documents": parts}).json()
    assert [row["index"] for row in vllm["results"]] == [1, 0]


@pytest.mark.parametrize(
    ("body", "status", "param", "word"),
    [
        ({}, 400, "query", "query is a text"),
        ({"query": "x"}, 400, "documents", "documents is a list"),
        ({"query": "x", "documents": []}, 400, "documents", "documents is a list"),
        ({"query": "x", "documents": ["a", 3]}, 400, "documents[1]", "a string or an object"),
        ({"query": "x", "documents": ["a"] * 1001}, 400, "documents", "1000 documents"),
        ({"query": "x", "documents": ["a"], "top_n": 0}, 400, "top_n", "from 1"),
        ({"query": "x", "documents": ["a"], "raw_scores": True}, 400, "raw_scores", "raw_scores"),
        ({"query": "x", "documents": ["a"], "rank_fields": 1}, 400, "rank_fields", "of names"),
        ({"query": "x", "documents": ["a", {"moment": 999}]}, 422, "documents[1]", "no moment 999"),
        ({"query": "x", "documents": ["a", {"moment": "1"}]}, 400, "documents[1]", "a number"),
        ({"query": "x", "documents": ["a", {"image": "AAAA"}]}, 415, "documents[1]", "document 1"),
        (
            {"query": "x", "documents": ["a", {"image": "http://127.0.0.1/x"}]},
            400,
            "documents[1]",
            "document 1: http://127.0.0.1/x",
        ),
        ({"query": "x", "documents": ["a"], "library": "y"}, 404, "library", "no library 'y'"),
    ],
    ids=str,
)
def test_what_cannot_be_judged_is_a_clear_answer(served, body, status, param, word):
    answer = served.http.post("/v1/rerank", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, param), answer.text
    assert word in error["message"]
