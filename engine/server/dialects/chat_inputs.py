"""Read the conversations of OpenAI's clients: messages, or items of the Responses API.

The last message is the question; those before it are what it may refer to. Instructions
(``system``, ``developer``) and results of tools are read over: answers are held to the library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.server.asking.asked_question import SentFile
from engine.server.dialects.inputs import HALVES, media_of
from engine.server.problems import Problem

MOST_FILES = 4
"""Files that one question may have."""
_MOST_MESSAGES = 1_000
_READ_OVER = ("system", "developer", "tool", "function")
_TEXTS = ("text", "input_text", "output_text")
_IMAGES = ("image_url", "input_image")
_FILE = "pictures?|photos?|images?|screenshots?|recordings?|sounds?|audio|files?|attachments?"
_ZH_FILE = "图片?|照片|相片|录音|音频|文件"
_DE_FILE = "bild|foto|aufnahme|ton|datei|anhang"
_SENT = re.compile(
    rf"\b(?:my|the|that|this)\s+(?:\w+\s+)?(?:{_FILE})\s+(?:that\s+|which\s+)?(?:i|we)\s+"
    r"(?:sent|gave|showed|attached|uploaded|posted)"
    rf"|(?:我)?(?:刚才|之前|上面)?(?:发|给|传|上传)(?:给你)?的(?:那|这)?[张个段]?(?:{_ZH_FILE})"
    rf"|\b(?:mein|das|dieses?|die|der)\s+(?:{_DE_FILE})\w*\s+(?:von\s+(?:vorhin|oben)|,?\s*das\s+ich)",
    re.IGNORECASE,
)
"""A file that was sent, by what it is."""
_POINTS = re.compile(
    rf"\b(?:it|its|this|that|these|those|them|(?:the|this|that|my)\s+(?:{_FILE}))\b"
    rf"|它|[这那](?:里|是|[张个段]|些)?|(?:{_ZH_FILE})里|上面"
    rf"|\b(?:es|das|dies\w*|darauf|darin|davon|dort|(?:dem|das|diesem?|dieses)\s+(?:{_DE_FILE}))\b",
    re.IGNORECASE,
)
"""Words that point to what was there before."""
_PARTS = "text, image_url and input_audio, or input_text, input_image and input_audio"


@dataclass(frozen=True, slots=True)
class ReadMessages:
    """A question with its files, and the turns before it."""

    text: str
    files: tuple[SentFile, ...]
    earlier: tuple[str, ...]
    """Questions that were asked before in words alone; what answered them is known."""


@dataclass(frozen=True, slots=True)
class _Message:
    user: bool
    text: str
    files: tuple[SentFile, ...]


def read_messages(messages: object, param: str) -> ReadMessages:
    """Return the question of a conversation.

    Args:
        messages: a list of messages; a string is one message of the user.
        param: its name in the request.

    Raises:
        Problem: 400; it is none, or has parts that are not read here.
    """
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    if not isinstance(messages, list) or not messages:
        raise _refused(f"{param} is a list of messages, the last of which is the question", param)
    if len(messages) > _MOST_MESSAGES:
        raise _refused(f"{len(messages)} messages are more than {_MOST_MESSAGES}", param)
    read = [
        message
        for at, each in enumerate(messages)
        if (message := _message(each, f"{param}[{at}]")) is not None
    ]
    if not read or not read[-1].user:
        raise _refused("the last message is the user's, with the question", param)
    *before, last = read
    if not last.text and not last.files:
        raise _refused("the last message has neither text nor a file", f"{param}[{len(read) - 1}]")
    if len(last.files) > MOST_FILES:
        raise _refused(f"a question may have {MOST_FILES} files", param)
    earlier = tuple(each.text for each in before if each.user and each.text and not each.files)
    return ReadMessages(last.text, last.files or _meant(last, before), earlier)


def _meant(last: _Message, before: list[_Message]) -> tuple[SentFile, ...]:
    """Return the files of an earlier message that a question means; none where it means none.

    "My picture" means the last that was sent, however long ago, and "it" the one of the question
    before, or of those before that which meant it, too.
    """
    asked = [each for each in before if each.user]
    place = next((n for n in reversed(range(len(asked))) if asked[n].files), None)
    if place is None or not last.text:
        return ()
    since = [each.text for each in (*asked[place + 1 :], last)]
    if _SENT.search(last.text) or all(map(_POINTS.search, since)):
        return asked[place].files[:MOST_FILES]
    return ()


def _message(value: object, where: str) -> _Message | None:
    if not isinstance(value, dict):
        raise _refused(f"{where}: a message is an object with role and content", where)
    if value.get("type", "message") != "message":
        return None  # a call of a tool, its result, or reasoning, of the Responses API
    role = value.get("role")
    if role in _READ_OVER:
        return None
    if role not in ("user", "assistant"):
        raise _refused(f"{where}: role is user, assistant, system, developer or tool", where)
    texts, files = _content(value.get("content"), where, required=role == "user")
    return _Message(role == "user", "\n".join(texts).strip(), tuple(files))


def _content(content: object, where: str, *, required: bool) -> tuple[list[str], list[SentFile]]:
    if isinstance(content, str):
        return [_whole(content, where)], []
    if content is None and not required:
        return [], []
    if not isinstance(content, list):
        raise _refused(f"{where}: content is a string or a list of parts", where)
    texts, files = [], []
    for at, part in enumerate(content):
        place = f"{where}.content[{at}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "refusal":
            continue
        if kind in _TEXTS:
            texts.append(_whole(part.get("text"), place))
        elif kind in _IMAGES or kind == "input_audio":
            files.append(SentFile(_file(part, kind, place), place))
        else:
            raise _refused(f"{place}: a part is {_PARTS}, and not {kind!r}", place)
    return texts, files


def _file(part: Mapping[str, Any], kind: str, where: str) -> Any:
    if kind == "input_audio":
        audio = part.get("input_audio")
        return media_of("audio", audio.get("data") if isinstance(audio, dict) else None, where)
    if part.get("file_id"):
        raise _refused(f"{where}: no files are kept here; send image_url", where)
    value = part.get("image_url")
    return media_of("image", value.get("url") if isinstance(value, dict) else value, where)


def _whole(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _refused(f"{where}: text is a string", where)
    if HALVES.search(value):
        raise _refused(f"{where}: the text has half of a character of UTF-16", where)
    return value


def _refused(message: str, param: str) -> Problem:
    return Problem(400, "invalid_request", message, param)
