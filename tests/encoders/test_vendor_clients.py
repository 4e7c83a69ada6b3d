"""The vendors' own packages ask as ``http:`` does: the same server gives both the same vectors."""

from __future__ import annotations

import base64
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from engine.encoders.http.encoder import HttpEncoder
from engine.testing.embedding_server import Bill, embedding_server

TEXTS = ["a red boat", "rain"]


@pytest.fixture
def asked(settings, tmp_path, monkeypatch):
    """A server, our client for a dialect, and its vectors of a picture and of texts."""
    monkeypatch.setenv("NO_PROXY", "*")
    quick = dataclasses.replace(settings, cache=tmp_path / "cache", embed_seconds=60.0)
    with embedding_server(Bill()) as server:
        root = server.url.removesuffix("/v1")

        def ours(name: str) -> SimpleNamespace:
            found = HttpEncoder(f"http:{root}#{name}", quick, first_wait=0.001)
            image = found.prepare_image(Image.linear_gradient("L").convert("RGB").resize((16, 12)))
            seen = found.embed_images([image]).vectors[found.shared.name]
            body = server.bill.bodies[-1]
            texts = found.embed_texts(TEXTS)
            return SimpleNamespace(
                root=root, bill=server.bill, jpeg=image.tobytes(), seen=seen, body=body,
                texts=texts, written=server.bill.bodies[-1],
            )  # fmt: skip

        yield ours


def test_coheres_package_asks_as_we_do(asked):
    cohere = pytest.importorskip("cohere")
    ours = asked("embed-v4.0@cohere")
    client = cohere.ClientV2(api_key="none", base_url=ours.root)
    options = {"model": "embed-v4.0", "input_type": "search_document", "embedding_types": ["float"]}
    url = f"data:image/jpeg;base64,{base64.b64encode(ours.jpeg).decode()}"
    inputs = [{"content": [{"type": "image_url", "image_url": {"url": url}}]}]
    theirs = client.embed(inputs=inputs, **options)
    assert ours.bill.bodies[-1] == ours.body
    np.testing.assert_allclose(theirs.embeddings.float_, ours.seen, atol=1e-5)
    written = [{"content": [{"type": "text", "text": text}]} for text in TEXTS]
    theirs = client.embed(inputs=written, **options)
    assert ours.bill.bodies[-1] == ours.written
    np.testing.assert_allclose(theirs.embeddings.float_, ours.texts, atol=1e-5)


def test_googles_package_asks_as_we_do(asked):
    genai = pytest.importorskip("google.genai")
    ours = asked("gemini-embedding-2@gemini")
    client = genai.Client(api_key="none", http_options=genai.types.HttpOptions(base_url=ours.root))
    part = genai.types.Part.from_bytes(data=ours.jpeg, mime_type="image/jpeg")
    contents = [genai.types.Content(parts=[part])]
    theirs = client.models.embed_content(model="gemini-embedding-2", contents=contents)
    assert _plain(ours.bill.bodies[-1]) == _plain(ours.body)
    np.testing.assert_allclose([e.values for e in theirs.embeddings], ours.seen, atol=1e-5)
    contents = [genai.types.Content(parts=[genai.types.Part(text=text)]) for text in TEXTS]
    theirs = client.models.embed_content(model="gemini-embedding-2", contents=contents)
    assert _plain(ours.bill.bodies[-1]) == _plain(ours.written)
    np.testing.assert_allclose([e.values for e in theirs.embeddings], ours.texts, atol=1e-5)


def test_googles_package_makes_one_vector_of_several_texts_where_we_make_one_each(asked):
    """The trap of ``embed_content`` with a list of strings; we send a request of one text each."""
    genai = pytest.importorskip("google.genai")
    ours = asked("gemini-embedding-2@gemini")
    client = genai.Client(api_key="none", http_options=genai.types.HttpOptions(base_url=ours.root))
    theirs = client.models.embed_content(model="gemini-embedding-2", contents=TEXTS)
    assert (len(theirs.embeddings), len(ours.texts)) == (1, 2)


def _plain(body: dict) -> list[tuple]:
    """What is asked, whichever of Google's two spellings says it."""
    found = []
    for request in body["requests"]:
        (part,) = request["content"]["parts"]
        data = part.get("inlineData") or part.get("inline_data")
        if data:
            kind = data.get("mimeType") or data["mime_type"]
            content = data["data"].replace("-", "+").replace("_", "/")
            found.append((request["model"], kind, base64.b64decode(content)))
        else:
            found.append((request["model"], part["text"]))
    return found
