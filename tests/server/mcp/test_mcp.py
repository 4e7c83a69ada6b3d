"""The tools of the Model Context Protocol, by the protocol's own client."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import threading
import wave
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import httpx2
import numpy as np
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from PIL import Image

from engine import Library
from engine.assistant.answer import CitedSentence
from engine.assistant.evidence import Claim, EvidencePassage
from engine.generate.budget import Spent
from engine.server.access.tokens import BearerToken
from engine.server.asking.joined_answer import JoinedAnswer, LibraryCitation
from engine.server.load.admission import Admission
from engine.server.mcp import results as mcp_results
from engine.server.mcp import tools as mcp_tools
from engine.server.mcp.gallery import URI
from engine.server.mcp.server import make_mcp, who_may_tag
from engine.server.options import ServerOptions
from engine.server.problems import Problem
from engine.server.shelf import Shelf
from engine.types import Kind, Modality

TOOLS = {"search", "similar", "look", "listen", "read", "ask", "status"}


@pytest.fixture
def shelf(made, settings):
    opened = Shelf([made[1]], settings)
    yield opened
    opened.close()


@pytest.fixture
def call(shelf):
    """Call a tool in this process."""

    def by_name(name: str, **arguments: object):
        async def talk():
            async with Client(make_mcp(shelf)) as client:
                return await client.call_tool(name, arguments)

        return asyncio.run(talk())

    return by_name


async def every_tool(client: Client) -> dict[str, CallToolResult]:
    """Call every tool as an assistant does, each with what those before it found."""
    results: dict[str, CallToolResult] = {}

    async def call(name: str, **arguments: object) -> CallToolResult:
        results[name] = await client.call_tool(name, arguments)
        assert not results[name].is_error, results[name].content
        assert len(results[name].model_dump_json(by_alias=True)) < 700_000
        return results[name]

    await call("status")
    found = await call("search", text="red", top=1)
    moment = found.structured_content["moments"][0]["moment"]
    await call("similar", moment=moment, top=2)
    await call("look", moments=[moment])
    await call("read", moment=moment)
    await call("ask", question="which picture shows red?")
    heard = await client.call_tool("search", {"text": "kind:audio"})
    sound = heard.structured_content["moments"][0]["moment"]
    await call("listen", moment=sound, start=0.5, end=1.0)
    if "tag" in {tool.name for tool in (await client.list_tools()).tools}:
        await call("tag", moments=[moment], add=["kept"])
        await call("tag", moments=[moment], remove=["kept"])
    return results


def check_all(results: dict[str, CallToolResult]) -> None:
    """Check that each tool has a text for models, and structured content for programs."""
    assert results["search"].structured_content["moments"][0]["path"].endswith("red.png")
    answer = results["ask"].structured_content
    assert answer["found"] and answer["citations"][0]["path"].endswith("red.png")
    assert answer["sentences"][0]["cites"] == [1] and "[1]" in results["ask"].content[0].text
    assert {c.type for c in results["look"].content} == {"text", "image"}
    (sound,) = [c for c in results["listen"].content if c.type == "audio"]
    with wave.open(BytesIO(base64.b64decode(sound.data))) as heard:
        assert heard.getnframes() == pytest.approx(0.5 * 16_000, rel=0.05)
    for name, result in results.items():
        assert result.structured_content, name
        assert any(c.type == "text" and c.text for c in result.content), name


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_host_starts_it_and_calls_every_tool_in_both_eras(made, mode):
    async def talk():
        start = StdioServerParameters(
            command=sys.executable,
            args=["-m", "sensorium", "mcp", "--library", str(made[1]), "--allow-tag"],
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        async with Client(start, mode=mode) as client:
            return await every_tool(client)

    results = asyncio.run(talk())
    assert set(results) == TOOLS | {"tag"}
    check_all(results)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_server_has_every_tool_in_both_eras(served, mode):
    async def talk():
        async with Client(f"{served.url}/mcp", mode=mode) as client:
            tools = (await client.list_tools()).tools
            return await every_tool(client), tools, client.server_info

    results, tools, info = asyncio.run(talk())
    assert (info.title, info.version) == ("Sensorium", version("sensorium"))
    assert set(results) == {tool.name for tool in tools} == TOOLS
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    check_all(results)
    page = {"Origin": "https://evil.example", "Content-Type": "application/json"}
    assert served.http.post("/mcp", content="{}", headers=page).status_code == 403


def by_token(served, token: str | None, name: str, **arguments: object):
    """Call a tool of a server over HTTP with a token; the names of its tools, and the result."""

    async def talk():
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
        ):
            tools = {tool.name for tool in (await client.list_tools()).tools}
            return tools, await client.call_tool(name, arguments)

    return asyncio.run(talk())


def test_only_a_token_that_may_tag_tags(start):
    reading, tagging = "r" * 32, "t" * 32
    served = start(tokens=(BearerToken.make(reading), BearerToken.make(tagging, "tag")))
    _, found = by_token(served, tagging, "search", text="red", top=1)
    moment = found.structured_content["moments"][0]["moment"]
    tools, refused = by_token(served, reading, "tag", moments=[moment], add=["kept"])
    assert "tag" in tools and refused.is_error and "token" in refused.content[0].text
    _, done = by_token(served, tagging, "tag", moments=[moment], add=["kept"])
    assert done.structured_content["given"] == 1
    _, page = by_token(served, reading, "read", moment=moment)
    assert "kept" in page.structured_content["tags"]
    _, undone = by_token(served, tagging, "tag", moments=[moment], remove=["kept"])
    assert undone.structured_content["taken"] == 1


@pytest.mark.parametrize(
    ("options", "there"),
    [
        ({}, False),
        ({"allow_tag": True}, True),
        ({"allow_tag": True, "read_only": True}, False),
        ({"tokens": (BearerToken.make("r" * 32),), "allow_tag": True}, False),
        ({"tokens": (BearerToken.make("r" * 32, "admin"),)}, True),
        ({"tokens": (BearerToken.make("r" * 32, "tag"),), "read_only": True}, False),
    ],
    ids=(
        "nobody",
        "allowed",
        "read-only",
        "a token to read",
        "a token for all",
        "a token to tag, read-only",
    ),
)
def test_the_tool_that_tags_is_there_only_where_somebody_may(options, there):
    assert (who_may_tag(ServerOptions(**options)) is not None) is there


def test_a_host_that_knows_apps_is_given_a_gallery_that_loads_nothing(call, shelf):
    async def talk():
        async with Client(make_mcp(shelf)) as client:
            tools = (await client.list_tools()).tools
            (page,) = (await client.read_resource(URI)).contents
            return {tool.name: (tool.meta or {}).get("ui", {}) for tool in tools}, page

    tools, page = asyncio.run(talk())
    shown = {name for name, ui in tools.items() if ui.get("resourceUri") == URI}
    assert shown == {"search", "similar", "look", "listen"}
    assert page.mime_type == "text/html;profile=mcp-app"
    assert not re.search(
        r"https?://|innerHTML|insertAdjacentHTML|document\.write|eval\(|src=", page.text
    )
    lines = [c.text for c in call("look", moments=[1, 2]).content if c.type == "text"]
    assert all(re.match(r"moment \d+: ", line) for line in lines)  # as the page reads them


def test_words_are_read_around_a_time(call, shelf, monkeypatch):
    asked: list[tuple] = []
    usual = Library.details

    def details(self, hit):
        asked.append((hit.start, hit.end))
        return usual(self, hit)

    monkeypatch.setattr(Library, "details", details)
    (moment,) = call("search", text="kind:audio", top=1).structured_content["moments"]
    call("read", moment=moment["moment"], time=1.5)
    assert asked == [(1.5, 1.5)]


def test_a_span_ends_after_it_starts(call):
    (moment,) = call("search", text="kind:audio", top=1).structured_content["moments"]
    refused = call("listen", moment=moment["moment"], start=2.0, end=1.0)
    assert refused.is_error and "end" in refused.content[0].text
    past = call("listen", moment=moment["moment"], start=500.0)
    assert past.is_error and "no sound" in past.content[0].text


def test_texts_are_cut_to_what_hosts_take():
    rows = [{"text": "\u4e00" * 1000, "at": number} for number in range(100)]
    kept = mcp_results.fitting(rows)
    assert 20 < len(kept) < 40 and kept == rows[: len(kept)]
    whole = json.dumps(kept, ensure_ascii=False).encode()
    assert len(whole) < mcp_results.MOST_TEXT + 1000


def test_too_many_tools_at_a_time_are_told_to_come_again(shelf):
    async def talk():
        admission = Admission(1, 0, 30)
        gate = threading.Event()
        running = asyncio.create_task(admission.run(gate.wait))
        async with Client(make_mcp(shelf, admission)) as client:
            await asyncio.sleep(0)
            refused = await client.call_tool("status", {})
            gate.set()
            await running
            return refused, await client.call_tool("status", {})

    refused, answered = asyncio.run(talk())
    assert refused.is_error and "try again" in refused.content[0].text
    assert not answered.is_error


def test_what_search_finds_can_be_looked_at_read_and_asked_by(call):
    found = call("search", text="red", top=1)
    (moment,) = found.structured_content["moments"]
    assert moment["path"] in found.content[0].text
    line, picture = call("look", moments=[moment["moment"]]).content
    assert moment["path"] in line.text
    shown = Image.open(BytesIO(base64.b64decode(picture.data))).convert("RGB")
    assert shown.getpixel((5, 5))[0] > 200
    assert call("read", moment=moment["moment"]).structured_content["path"] == moment["path"]
    alike = call("similar", moment=moment["moment"]).structured_content["moments"]
    assert alike and moment["moment"] not in [each["moment"] for each in alike]
    assert call("status").structured_content["photos"]["image files"] >= 3


def test_a_moment_is_heard(call):
    (moment,) = call("search", text="kind:audio", top=1).structured_content["moments"]
    line, sound = call("listen", moment=moment["moment"]).content
    with wave.open(BytesIO(base64.b64decode(sound.data))) as heard:
        assert heard.getframerate() == 16_000
        assert heard.getnframes() == pytest.approx(2.0 * 16_000, rel=0.02)
    assert moment["path"] in line.text
    picture = call("search", text="red", top=1).structured_content["moments"][0]
    refused = call("listen", moment=picture["moment"])
    assert refused.is_error and refused.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "word"),
    [
        ("look", {"moments": [10**9]}, "there is no moment"),
        ("search", {"text": "red + /etc/passwd"}, "cannot be named"),
        ("search", {"text": "red", "library": "none"}, "there is photos"),
        ("search", {"text": ""}, ""),
        ("search", {"text": "red", "top": 1000}, "50"),
        ("look", {"moments": list(range(9))}, "8"),
    ],
    ids=str,
)
def test_what_an_assistant_does_wrong_is_said_to_it(call, name, arguments, word):
    answer = call(name, **arguments)
    assert answer.is_error and word in answer.content[0].text
    assert "Traceback" not in answer.content[0].text


def test_a_result_stays_below_what_hosts_take(call, monkeypatch):
    numbers = [m["moment"] for m in call("search", text="red").structured_content["moments"]][:3]
    sizes = [len(base64.b64decode(c.data)) for c in call("look", moments=numbers).content[1::2]]
    monkeypatch.setattr(mcp_tools, "MOST_BYTES", sizes[0])
    content = call("look", moments=numbers).content
    assert sum(c.type == "image" for c in content) == 1
    assert sum("would be too large" in getattr(c, "text", "") for c in content) == 2


def test_a_picture_that_cannot_be_read_leaves_the_others(call, monkeypatch):
    numbers = [m["moment"] for m in call("search", text="kind:image").structured_content["moments"]]
    usual = mcp_tools.picture_of

    def picture_of(library, number):
        if number == numbers[1]:
            raise Problem(410, "file_gone", "the file is not there any more")
        return usual(library, number)

    monkeypatch.setattr(mcp_tools, "picture_of", picture_of)
    shown = call("look", moments=numbers)
    assert shown.structured_content["left_out"] == [numbers[1]]
    assert sum(each.type == "image" for each in shown.content) == len(numbers) - 1
    assert any("(left out: the file is not" in getattr(c, "text", "") for c in shown.content)


def test_huge_pictures_are_shown_small(settings, tmp_path):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (500, 600, 3), np.uint8), "RGB")
    for number in range(8):  # noise is what packs worst
        size = (6000, 5000) if number == 0 else (1800, 1500)
        noise.resize(size, Image.NEAREST).save(tmp_path / f"{number}.jpg", quality=30)
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([tmp_path])
    shelf = Shelf([tmp_path / "l"], settings)

    async def talk():
        async with Client(make_mcp(shelf)) as client:
            found = await client.call_tool("search", {"text": "red", "top": 8})
            numbers = [each["moment"] for each in found.structured_content["moments"]]
            return await client.call_tool("look", {"moments": numbers})

    result = asyncio.run(talk())
    shelf.close()
    assert sum(each.type == "image" for each in result.content) == 8
    assert len(result.model_dump_json(by_alias=True)) < 700_000


def test_an_answer_is_bounded_and_says_what_is_not_here(call, made, settings):
    nothing = call("ask", question="What did the lawyer say about the contract?")
    assert not nothing.is_error and not nothing.structured_content["found"]
    assert nothing.content[0].text.startswith("Not in this library.")
    assert call("ask", question="?").is_error
    passage = EvidencePassage(
        "/x" * 2_000, Kind.IMAGE, 1, 1, Modality.IMAGE, None, None, Claim.SHOWS, "red", 0.9
    )
    cited = tuple(LibraryCitation(n, "photos", passage) for n in range(1, 501))
    sentence = CitedSentence("Many", tuple(range(1, 501)))
    many = JoinedAnswer((sentence,), cited, "extractive", (), Spent(), ())
    assert len(json.dumps(mcp_results.answered(many))) < 350_000
    assert "left out" in mcp_results.answered(many)["notes"][-1]


def test_several_libraries_are_asked_and_a_moment_of_two_is_to_be_named(made, talking, settings):
    shelf = Shelf([made[1], talking[1]], settings)

    async def talk() -> list[CallToolResult]:
        async with Client(make_mcp(shelf)) as client:
            asked = {"question": "which picture shows red?"}
            return [
                await client.call_tool("ask", asked),
                await client.call_tool("ask", {**asked, "library": shelf.names[1]}),
                await client.call_tool("look", {"moments": [1]}),
                await client.call_tool("look", {"moments": [1], "library": shelf.names[1]}),
            ]

    both, second, unclear, clear = asyncio.run(talk())
    shelf.close()
    cited = both.structured_content["citations"]
    assert {each["library"] for each in cited} == set(shelf.names)
    assert [each["number"] for each in cited] == [*range(1, len(cited) + 1)]
    assert f"In {shelf.names[1]}: " in both.content[0].text
    assert {c["library"] for c in second.structured_content["citations"]} == {shelf.names[1]}
    assert unclear.is_error and "name the library" in unclear.content[0].text
    assert clear.structured_content["moments"][0]["library"] == shelf.names[1]
