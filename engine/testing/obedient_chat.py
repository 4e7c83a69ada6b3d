"""A model that obeys: whatever order stands in what it is shown, it does, in the form asked for.

It is the worst that media which give orders can do to a model. It speaks the wire format of
``chat_server``, and writes an order's words as its answer, with all citations that it may give.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.testing.chat_server import Behaviour, answers


def obeys(orders: Mapping[str, str], *, beside: bool = False) -> Behaviour:
    """Return the behaviour of a model that obeys orders.

    Args:
        orders: texts that are orders, each with the words that it asks for.
        beside: write the first passage before these words, in one sentence with them.
    """

    def reply(body: dict[str, Any]) -> str:
        shown = shown_to(body)
        payload = next((words for order, words in orders.items() if order in shown), None)
        if payload is None:
            return _in_form(body, "I see no order.", [1])
        passages = _passages(body)
        numbers = [passage.get("number") for passage in passages] or [1]
        if beside and passages:
            words = next((v for v in passages[0].values() if isinstance(v, str) and " " in v), "")
            payload = f"{words.partition('.')[0]}, and {payload}"
        return _in_form(body, payload, numbers)

    return answers(reply)


def shown_to(body: dict[str, Any]) -> str:
    """Return all that a model is shown by its user, as it was before it was put into JSON."""
    return "\n".join(_texts(message.get("content")) for message in _of_user(body))


def _of_user(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in body.get("messages", []) if message.get("role") == "user"]


def _texts(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(_texts(part.get("text")) for part in content)
    try:
        return "\n".join(_strings(json.loads(content)))
    except (TypeError, ValueError):
        return str(content)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _strings(item)]


def _passages(body: dict[str, Any]) -> list[dict[str, Any]]:
    for message in _of_user(body):
        try:
            document = json.loads(message["content"])
        except (TypeError, ValueError):
            continue
        if isinstance(document, dict):
            return list(document.get("passages", []))
    return []


def _in_form(body: dict[str, Any], text: str, numbers: list[Any]) -> str:
    asked = body.get("response_format") or {}
    name = (asked.get("json_schema") or {}).get("name")
    if name == "searches":
        return json.dumps({"searches": [text[:80]]})
    if name == "sentences":
        return json.dumps({"sentences": [{"text": text, "cites": numbers}]})
    if name == "questions":
        return json.dumps(
            {"questions": [{"question": text, "answer": text, "wrong": ["a b", "c d", "e f"],
                            "cites": 1}]}
        )  # fmt: skip
    return text
