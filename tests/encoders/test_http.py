"""Embedding servers as encoders: every dialect, every fault, and what is paid for."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from engine import Library
from engine.commands.main import main
from engine.encoders import registry
from engine.encoders.http import client as clients
from engine.encoders.http.encoder import HttpEncoder
from engine.encoders.http.names import ServedModel, parse
from engine.errors import EmbeddingFailed, EncoderUnavailable, ExtraMissing, UnsupportedMedia
from engine.testing.embedding_server import DIM, Bill, embedding_server, item_key, vector_of
from engine.types import Modality
from tests import media_files as make

pytestmark = pytest.mark.usefixtures("few_phrases")

TEXTS = ["a red boat", "rain"]
WAITS = (429, {"Retry-After": "0"})


@pytest.fixture
def quick(settings, tmp_path):
    """Settings of a cache of its own, without speech and text on screen."""
    return dataclasses.replace(
        settings, cache=tmp_path / "cache", speech=False, ocr=False, embed_seconds=60.0
    )


@pytest.fixture
def bill():
    return Bill()


@pytest.fixture
def server(bill):
    with embedding_server(bill) as running:
        yield running


def encoder(server, settings, options: str = "") -> HttpEncoder:
    return HttpEncoder(f"http:{server.url}#clip{options}", settings, first_wait=0.001)


def pictures(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(3)
    return [Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)) for _ in range(count)]


def embed(found: HttpEncoder, images) -> np.ndarray:
    prepared = [found.prepare_image(image) for image in images]
    return found.embed_images(prepared).vectors[found.shared.name]


def failing(faults: dict):
    """Faults by the number of the request since they were set."""
    seen = iter(range(10**9))
    return lambda request, items: faults.get(next(seen))


# --- dialects


@pytest.mark.parametrize("dialect", ["items", "chat", "strings"])
def test_the_dialect_of_a_server_is_found_by_asking_it(server, bill, quick, dialect):
    bill.dialects = frozenset({dialect})
    found = encoder(server, quick)
    assert found._facts.dialect == dialect
    assert found.modalities == set(Modality)
    assert found.hears
    assert found.shared.dim == DIM
    images = pictures(3)
    rows = embed(found, images)
    sent = [vector_of(found.prepare_image(image).tobytes()) for image in images]
    np.testing.assert_allclose(rows, sent, atol=1e-5)
    np.testing.assert_allclose(
        found.embed_texts(TEXTS), [vector_of(text.encode()) for text in TEXTS], atol=1e-5
    )


@pytest.mark.parametrize("dialect", ["cohere", "gemini"])
def test_a_dialect_can_be_named(server, bill, quick, dialect):
    bill.dialects = frozenset({dialect})
    found = encoder(server, quick, f"@{dialect}")
    rows = embed(found, pictures(2))
    assert rows.shape == (2, DIM)
    found.embed_queries(found.shared.name, TEXTS)
    if dialect == "cohere":
        assert bill.bodies[-1]["input_type"] == "search_query"
        found.embed_texts(TEXTS)
        assert bill.bodies[-1]["input_type"] == "search_document"


def test_a_server_of_texts_takes_no_pictures(server, bill, quick):
    bill.dialects = frozenset({"texts"})
    found = encoder(server, quick)
    assert found._facts.takes == ("text",)
    assert not found.modalities & {Modality.IMAGE, Modality.KEYFRAME}
    with pytest.raises(UnsupportedMedia, match="no pictures"):
        found.prepare_image(pictures(1)[0])


def test_what_a_server_takes_is_asked_once(server, bill, quick):
    first = encoder(server, quick).shared
    asked = bill.requests
    assert encoder(server, quick).shared == first
    assert bill.requests == asked


# --- faults


@pytest.mark.parametrize(
    "fault", ["drop", "break", "nan", "fewer", WAITS, (503, {}), (500, {})], ids=str
)
def test_a_passing_fault_costs_no_picture_and_none_is_embedded_twice(server, bill, quick, fault):
    found = encoder(server, quick)
    images = pictures(40)
    found.check()
    bill.rows.clear()
    bill.faults = failing({0: fault})
    rows = embed(found, images)
    assert np.isfinite(rows).all()
    assert set(bill.rows.values()) == {1}
    assert len(bill.rows) == 40
    assert not found._kept._read()


def test_rows_without_numbers_are_told_apart_one_at_a_time(server, bill, quick):
    bill.dialects = frozenset({"cohere"})
    found = encoder(server, quick, "@cohere")
    found.check()
    bill.faults = failing({0: "fewer"})
    images = pictures(3)
    sent = [vector_of(found.prepare_image(image).tobytes()) for image in images]
    np.testing.assert_allclose(embed(found, images), sent, atol=1e-5)


def test_a_picture_that_the_server_refuses_costs_itself(server, bill, quick):
    found = encoder(server, quick)
    images = pictures(7)
    bill.poison = frozenset({item_key(found.prepare_image(images[4]).tobytes())})
    bill.rows.clear()
    rows = embed(found, images)
    assert np.isnan(rows[4]).all()
    assert np.isfinite(np.delete(rows, 4, 0)).all()
    assert set(bill.rows.values()) == {1}


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ((429, {"Retry-After": "3600"}), "answered 429 .* asks to wait 3600 s, longer than 60 s"),
        ("dim", "24 dimensions where clip had 48"),
        ("junk", "without embeddings"),
        ((401, {}), "answered 401"),
        ("fewer", "answered 0 vectors for 1 items"),
    ],
    ids=["hour", "dim", "junk", "key", "fewer"],
)
def test_a_lasting_fault_is_one_clear_line(server, bill, quick, fault, line):
    found = encoder(server, quick)
    found.check()
    bill.faults = lambda request, items: fault
    with pytest.raises(EmbeddingFailed, match=line) as caught:
        embed(found, pictures(1))
    assert "\n" not in str(caught.value)
    assert caught.value.retryable


def test_a_server_of_nan_is_a_fault_of_each_file(server, bill, quick):
    found = encoder(server, quick)
    found.check()
    bill.faults = lambda request, items: "nan" if items == 1 else None
    assert np.isnan(embed(found, pictures(1))).all()


def test_another_model_is_seen_the_next_time(server, bill, quick):
    found = encoder(server, quick)
    before = found.shared
    bill.faults = lambda request, items: "dim"
    with pytest.raises(EmbeddingFailed):
        embed(found, pictures(1))
    again = encoder(server, quick).shared
    assert again.dim == DIM // 2
    assert again.revision != before.revision


def test_nobody_at_the_address_is_one_clear_line(quick):
    settings = dataclasses.replace(quick, embed_seconds=0.01)
    found = HttpEncoder("http:http://127.0.0.1:9/v1#clip", settings, first_wait=0.05)
    with pytest.raises(EmbeddingFailed, match=r"127.0.0.1:9 lost the connection \(ConnectError\)"):
        found.check()


def test_a_model_that_is_not_there_is_one_clear_line(server, bill, quick):
    bill.faults = lambda request, items: (404, {})
    with pytest.raises(EncoderUnavailable, match=r"answered 404 \(no\); is it an embedding"):
        encoder(server, quick).check()


# --- budget, keys, names


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ({"embed_requests": 7}, "7 requests .*SENSORIUM_EMBED_REQUESTS"),
        ({"embed_tokens": 9}, "9 tokens .*SENSORIUM_EMBED_TOKENS"),
        ({"embed_money": 1.0, "embed_price": 1e5}, "1 US dollars .*SENSORIUM_EMBED_MONEY"),
    ],
    ids=["requests", "tokens", "money"],
)
def test_a_budget_ends_with_one_line(server, quick, limit, line):
    found = encoder(server, dataclasses.replace(quick, **limit))
    with pytest.raises(EmbeddingFailed, match=f"the budget of {line}"):
        for image in pictures(20):
            embed(found, [image])


def test_what_was_answered_before_a_fault_is_not_asked_for_again(server, bill, quick):
    images = pictures(70)
    found = encoder(server, quick)
    found.check()
    bill.rows.clear()
    bill.faults = failing({2: (401, {})})
    with pytest.raises(EmbeddingFailed):
        embed(found, images)
    assert len(bill.rows) == 64
    again = encoder(server, quick)  # as after a restart of this process
    assert np.isfinite(embed(again, images)).all()
    assert len(bill.rows) == 70
    assert set(bill.rows.values()) == {1}
    assert not list((Path(quick.cache) / "http").glob("*.npz"))


def test_a_key_is_read_from_the_environment_and_shown_nowhere(
    server, bill, quick, monkeypatch, caplog
):
    monkeypatch.setenv(clients.KEY, "secret-4711")
    found = encoder(server, quick)
    found.check()
    assert bill.headers[-1]["Authorization"] == "Bearer secret-4711"
    assert "secret" not in repr(found._client) + caplog.text
    kept = b"".join(f.read_bytes() for f in Path(quick.cache).rglob("*") if f.is_file())
    assert b"secret" not in kept


def test_a_vendors_key_goes_to_the_vendor_alone():
    environ = {"JINA_API_KEY": "j", "GEMINI_API_KEY": "g"}
    assert clients.key_of(parse("http:https://api.jina.ai/v1#m"), environ) == "j"
    assert clients.key_of(parse("http:https://example.org/v1#m"), environ) is None
    with pytest.raises(EncoderUnavailable, match="not sent without encryption"):
        clients.key_of(parse("http:http://example.org/v1#m"), {clients.KEY: "k"})
    assert clients.key_of(parse("http:http://127.0.0.1:80#m"), {clients.KEY: "k"}) == "k"


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("http:http://localhost:8000/v1#a/b", ServedModel("http://localhost:8000/v1", "a/b")),
        ("https://api.cohere.com#embed-v4.0", ServedModel(
            "https://api.cohere.com", "embed-v4.0", None, "cohere")),
        ("http:http://h/v1/#m@256,chat", ServedModel("http://h/v1", "m", 256, "chat")),
        ("http:http://h/v1#m@main", ServedModel("http://h/v1", "m@main")),
    ],
)  # fmt: skip
def test_names_say_server_model_dimension_and_dialect(name, parsed):
    assert parse(name) == parsed
    assert parse(parsed.name) == parsed
    assert registry.normalised(name) == parsed.name


@pytest.mark.parametrize(
    "name",
    ["http:", "http://localhost", "http:#m", "http:ftp://h#m", "https://u:pw@h/v1#m",
     "https://h/v1?key=pw#m"],
)  # fmt: skip
def test_a_name_that_is_none_is_one_line_without_a_secret(name, settings):
    with pytest.raises(EncoderUnavailable) as caught:
        registry.towers(name, settings)
    assert "pw" not in str(caught.value)


def test_without_the_package_its_extra_is_named(server, quick, monkeypatch):
    monkeypatch.setattr(clients, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[http\]"):
        encoder(server, quick).check()


# --- libraries


def test_a_library_is_filled_across_faults_and_a_restart_each_picture_once(
    server, bill, quick, tmp_path
):
    from benchmarks.http_encoder import fill

    done = fill(tmp_path, pictures=200, share=0.3, settings=quick)
    assert (done.embedded, done.billed, done.twice) == (200, 200, 0)
    assert done.faults > 0
    assert done.restarts == 2


def test_a_space_of_a_server_is_searched_beside_another(server, quick, tmp_path):
    media = tmp_path / "media"
    make.picture(media / "red.png")
    make.sound(media / "deep.wav", (200, 2.0))
    make.video(media / "hum.mp4", ["red", "blue"], hertz=500)
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=quick) as made:
        made.index([media])
        name = f"{server.url}#clip"
        assert made.spaces.add(name).failures == ()
        found = made.search("red", space=f"http:{name}")
        assert f"http:{name}" in {b.space for b in found.plan.branches}
        assert found.hits


def test_what_a_server_was_asked_for_is_shown_also_of_a_run_that_fails(
    server, quick, tmp_path, monkeypatch
):
    for colour in ("red", "blue"):
        make.picture(tmp_path / "media" / f"{colour}.png", colour)
    for name, value in {
        "LIBRARY": tmp_path / "library", "CACHE": quick.cache, "SPEECH": 0, "OCR": 0,
        "EMBED_PRICE": 1e5,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SENSORIUM_{name}", str(value))
    call = ["index", str(tmp_path / "media"), "--encoder", f"http:{server.url}#clip"]
    done = CliRunner().invoke(main, call)
    assert done.exit_code == 0, done.output
    form = r"#clip: (\d+) requests, (\d+) vectors, (\d+) tokens, ([\d.]+) USD"
    cost = re.search(form, done.stderr)
    assert cost is not None, done.stderr
    assert float(cost[4]) == pytest.approx(int(cost[3]) / 10)
    make.picture(tmp_path / "media" / "green.png", "green")
    monkeypatch.setenv("SENSORIUM_EMBED_REQUESTS", "1")
    refused = CliRunner().invoke(main, [*call[:2], "--add-space", f"{server.url}#other"])
    assert refused.exit_code != 0
    assert "#clip: 1 request, 1 vectors" in refused.stderr
    monkeypatch.delenv("SENSORIUM_EMBED_REQUESTS")
    assert CliRunner().invoke(main, [*call[:2], "-q"]).stderr == ""
