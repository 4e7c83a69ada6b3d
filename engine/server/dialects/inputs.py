"""Read what is to be embedded, in each of the dialects in which clients put it.

| dialect | a picture | who sends it |
|---|---|---|
| strings | ``input: ["data:image/png;base64,..."]`` with ``modality: "image"`` | Infinity |
| items | ``input: [{"image": "..."}, {"text": "..."}]`` | Jina, SGLang |
| chats | ``messages: [{"content": [{"type": "image_url", "image_url": {"url": "..."}}]}]`` | vLLM |
| Cohere | ``inputs: [{"content": [...]}]``, ``texts``, ``images`` | Cohere, Bedrock |
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.server.problems import Problem

MOST_ITEMS = 256
"""Items of one request."""
MEDIA = ("image", "audio", "video")
COHERE_LISTS = ("texts", "images", "inputs")
HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters of UTF-16, which are none of Unicode."""
_URL_KEYS = {f"{kind}_url": kind for kind in MEDIA}
_NAMED = ("text", *MEDIA)


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text to embed."""

    text: str


@dataclass(frozen=True, slots=True)
class MediaInput:
    """A picture, a sound or a video to embed: its bytes, or the URL that has them."""

    kind: str
    content: bytes | None = None
    url: str | None = None


Part: TypeAlias = TextInput | MediaInput
Item: TypeAlias = tuple[Part, ...]
"""The parts of what becomes one vector."""


def read_input(body: Mapping[str, Any]) -> list[Item]:
    """Return the items of a request to ``/v1/embeddings``.

    Raises:
        Problem: 400; the request is in none of the dialects.
    """
    if "messages" in body:
        if "input" in body:
            raise _refused("send either input or messages", "input")
        return [_chat(body["messages"])]
    if "input" not in body:
        raise _refused("input is missing: a string, or a list of strings or of items", "input")
    given, modality = body["input"], body.get("modality", "text")
    if modality not in _NAMED:
        raise _refused(f"modality is {', '.join(_NAMED)}", "modality")
    values = given if isinstance(given, list) else [given]
    if values and all(_is_token(value) for value in values):
        raise _refused("token ids mean another model's words; send the text", "input")
    return _counted([_item(value, modality, f"input[{at}]") for at, value in enumerate(values)])


def _is_token(value: object) -> bool:
    """Tell whether a value is the number of a word, or a list of such."""
    inner = value if isinstance(value, list) and value else [value]
    return all(isinstance(number, int) for number in inner)


def read_cohere(body: Mapping[str, Any]) -> list[Item]:
    """Return the items of a request to ``/v2/embed``.

    Raises:
        Problem: 400; it has none, or more than one of the three kinds.
    """
    given = [name for name in COHERE_LISTS if body.get(name) is not None]
    if len(given) != 1:
        raise _refused("send one of texts, images and inputs", "inputs")
    (name,) = given
    values = body[name]
    if not isinstance(values, list):
        raise _refused(f"{name} is a list", name)
    if name == "inputs":
        contents = [value.get("content") if isinstance(value, dict) else None for value in values]
        return _counted([_content(c, f"inputs[{at}]") for at, c in enumerate(contents)])
    kind = "text" if name == "texts" else "image"
    return _counted([_item(value, kind, f"{name}[{at}]") for at, value in enumerate(values)])


def read_document(value: object, where: str) -> Part | int:
    """Return a document of a request to rerank; the number of a moment stands for itself.

    Raises:
        Problem: 400; it is neither text, nor media, nor a moment.
    """
    if isinstance(value, str):
        kind = value[len("data:") :].partition("/")[0]
        if value.startswith("data:") and kind in MEDIA:
            return media_of(kind, value, where)
        return _text(value, where)
    if not isinstance(value, dict):
        raise _refused(f"{where}: a document is a string or an object", where)
    if "moment" in value:
        number = value["moment"]
        if not isinstance(number, int) or isinstance(number, bool):
            raise _refused(f"{where}: moment is a number that hits have", where)
        return number
    if "content" not in value:
        return _part(value, where)
    content = _content(value["content"], where)
    if len(content) != 1:
        raise _refused(f"{where}: a document has one part", where)
    return content[0]


def media_of(kind: str, value: object, where: str) -> MediaInput:
    """Return the media that a URL, a ``data:`` URL, or base64 stands for.

    Raises:
        Problem: 400; it is none of them.
    """
    if not isinstance(value, str) or not value:
        raise _refused(f"{where}: {kind} is a URL, a data: URL or base64", where)
    if value.startswith(("http://", "https://")):
        return MediaInput(kind, url=value)
    if value.startswith("data:"):
        head, comma, value = value.partition(",")
        if not comma or not head.endswith(";base64"):
            raise _refused(f"{where}: a data: URL is data:TYPE;base64,CONTENT", where)
    try:
        return MediaInput(kind, content=base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise _refused(f"{where}: this is neither a URL nor base64", where) from None


def _counted(items: list[Item]) -> list[Item]:
    if not items:
        raise _refused("there is nothing to embed", "input")
    if len(items) > MOST_ITEMS:
        raise _refused(f"a request may have {MOST_ITEMS} items, and this has {len(items)}", "input")
    return items


def _item(value: object, modality: str, where: str) -> Item:
    if isinstance(value, str):
        return (_text(value, where) if modality == "text" else media_of(modality, value, where),)
    if isinstance(value, dict):
        if "content" in value:
            return _content(value["content"], where)
        return (_part(value, where),)
    raise _refused(f"{where}: an item is a string or an object", where)


def _chat(messages: object) -> Item:
    if not isinstance(messages, list) or not messages:
        raise _refused("messages is a list of messages", "messages")
    parts: list[Part] = []
    for at, message in enumerate(messages):
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(message, dict) and message.get("role") == "system":
            continue  # an instruction for models that take one
        parts += _content(content, f"messages[{at}]")
    if not parts:
        raise _refused("messages has nothing to embed", "messages")
    return tuple(parts)


def _content(content: object, where: str) -> Item:
    if isinstance(content, str):
        return (_text(content, where),)
    if not isinstance(content, list) or not content:
        raise _refused(f"{where}: content is a string or a list of parts", where)
    return tuple(_part(part, f"{where}.content[{at}]") for at, part in enumerate(content))


def _part(part: object, where: str) -> Part:
    if not isinstance(part, dict):
        raise _refused(f"{where}: a part is an object", where)
    kind = part.get("type")
    if kind == "input_audio":
        audio = part.get("input_audio")
        return media_of("audio", audio.get("data") if isinstance(audio, dict) else None, where)
    for key, media in _URL_KEYS.items():
        if key in part and kind in (None, key):
            value = part[key]
            # OpenAI's parts have an object there, Bedrock's the string.
            return media_of(media, value.get("url") if isinstance(value, dict) else value, where)
    for media in MEDIA:
        if media in part and kind in (None, media):
            return media_of(media, part[media], where)
    if "text" in part and kind in (None, "text"):
        return _text(part["text"], where)
    raise _refused(
        f"{where}: a part has text, image, audio, video, image_url, audio_url, video_url or"
        " input_audio",
        where,
    )


def _text(value: object, where: str) -> TextInput:
    if not isinstance(value, str) or not value.strip():
        raise _refused(f"{where}: the text is empty", where)
    if HALVES.search(value):
        raise _refused(f"{where}: the text has half of a character of UTF-16", where)
    return TextInput(value)


def _refused(message: str, param: str) -> Problem:
    return Problem(400, "invalid_request", message, param)


def parts_of(items: Sequence[Item]) -> list[Part]:
    """Return the different parts of items, in the order in which they come."""
    return list(dict.fromkeys(part for item in items for part in item))
