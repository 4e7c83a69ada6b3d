"""A model that is served is asked and answers as the same model of this machine."""

from __future__ import annotations

from benchmarks.ask_served import ask_both_ways
from engine.testing.played_chat import EchoChat, RecordedChat

QUESTIONS = (
    "What did the doctor say about the tablets?", "Who swam in the sea?", "summarize trip.mp4",
    "Which picture shows red?", "Where are the keys of the cellar?",
)  # fmt: skip


def test_prompts_and_answers_are_the_same_through_a_server(library):
    chat = RecordedChat(EchoChat())
    figures = ask_both_ways([(library, text) for text in QUESTIONS], chat, timed=False)
    assert figures.prompts == figures.answers == [True] * len(QUESTIONS)
    schemas = [prompt.schema for prompt in chat.prompts]
    assert len(schemas) >= 6 and schemas.count("sentences") >= 4 and "searches" in schemas
    assert all(prompt.most_tokens for prompt in chat.prompts)
