"""What is read of a request for embeddings, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.server.dialects.inputs import MediaInput, TextInput, media_of, read_cohere, read_input
from engine.server.problems import Problem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "image", "content", "type", "image_url", "url", "input_audio"]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["input", "messages", "inputs", "texts", "images"]))
def test_any_json_is_read_or_refused_by_a_problem(value, name):
    for read in (read_input, read_cohere):
        try:
            items = read({name: value})
        except Problem as problem:
            assert problem.status == 400 and problem.message
        else:
            parts = [part for item in items for part in item]
            assert parts and all(isinstance(part, TextInput | MediaInput) for part in parts)


def test_a_system_message_is_an_instruction():
    messages = [{"role": "system", "content": "represent"}, {"role": "user", "content": "a cat"}]
    assert read_input({"messages": messages}) == [(TextInput("a cat"),)]


def test_media_are_urls_data_urls_or_base64():
    assert media_of("image", "https://x/y.png", "at").url == "https://x/y.png"
    assert media_of("audio", "data:audio/wav;base64,QUI=", "at").content == b"AB"
    assert media_of("audio", "QUI=", "at").content == b"AB"
    for wrong in (None, 3, "", "file:///etc/passwd", "data:;base64", "QUI"):
        with pytest.raises(Problem):
            media_of("image", wrong, "at")
