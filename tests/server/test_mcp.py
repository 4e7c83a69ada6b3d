"""The tools of the Model Context Protocol, by the protocol's own client."""

from __future__ import annotations

import asyncio
import base64
import sys
import wave
from io import BytesIO
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from PIL import Image

from engine import Library
from engine.server import mcp_tools
from engine.server.mcp_server import make_mcp
from engine.server.shelf import Shelf
from tests import media_files as make

TOOLS = {"search", "similar", "look", "listen", "read", "status"}


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


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_host_starts_it_and_calls_it_in_both_eras(made, mode):
    async def talk():
        start = StdioServerParameters(
            command=sys.executable,
            args=["-m", "sensorium", "mcp", "--library", str(made[1])],
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        async with Client(start, mode=mode) as client:
            listed = await client.list_tools()
            found = await client.call_tool("search", {"text": "red", "top": 2})
            return {tool.name: tool for tool in listed.tools}, found

    tools, found = asyncio.run(talk())
    assert set(tools) == TOOLS
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools.values())
    assert found.structured_content["moments"][0]["path"].endswith("red.png")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_server_has_the_tools_too(served, mode):
    async def talk():
        async with Client(f"{served.url}/mcp", mode=mode) as client:
            tools = await client.list_tools()
            return tools, await client.call_tool("search", {"text": "red", "top": 1})

    tools, found = asyncio.run(talk())
    assert {tool.name for tool in tools.tools} == TOOLS
    assert found.structured_content["moments"][0]["path"].endswith("red.png")
    page = {"Origin": "https://evil.example", "Content-Type": "application/json"}
    assert served.http.post("/mcp", content="{}", headers=page).status_code == 403


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


def test_huge_pictures_are_shown_small(settings, tmp_path):
    make.picture(tmp_path / "huge.png", "red", (6000, 5000))
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as library:
        library.index([tmp_path / "huge.png"])
    shelf = Shelf([tmp_path / "l"], settings)

    async def talk():
        async with Client(make_mcp(shelf)) as client:
            found = await client.call_tool("search", {"text": "red"})
            number = found.structured_content["moments"][0]["moment"]
            return await client.call_tool("look", {"moments": [number]})

    (_, picture) = asyncio.run(talk()).content
    shelf.close()
    assert len(picture.data) < 700_000
