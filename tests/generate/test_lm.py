"""The language model that runs here: its numbers, its answers, and that it is offline."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys

import numpy as np
import pytest
import torch

from engine.errors import EncoderUnavailable, ExtraMissing
from engine.generate import lm as adapter
from engine.generate.chat import ChatImage, Message, Text
from engine.generate.lm import SMOLLM2, LocalLM

PROMPTS = [
    "The capital of France is",
    "",
    "A list of many words, which is longer than the others: one, two, three, four, five.",
    "No.",
]


def test_the_installed_file_is_the_pinned_one():
    assert SMOLLM2.locate().is_file()


def test_loading_is_silent_and_asks_no_network(watched_lm):
    assert watched_lm.noise == ""
    assert watched_lm.network == []


def naive(lm: LocalLM, prompt: str, continuation: str) -> float:
    """log p by the whole model, one text, no padding, every position."""
    loaded = lm._loaded
    encode = loaded.tokenizer.encode
    head, said = encode(prompt or "\n").ids, encode(continuation).ids
    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([head + said])).logits[0]
    logs = logits.double().log_softmax(-1)
    return sum(float(logs[len(head) - 1 + i, token]) for i, token in enumerate(said))


def test_likelihoods_are_those_of_single_texts_in_their_order(lm):
    found = lm.log_likelihoods(PROMPTS, " Paris, of course")
    assert found.dtype == np.float64
    expected = [naive(lm, prompt, " Paris, of course") for prompt in PROMPTS]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_more_prompts_than_a_batch_keep_their_order(lm, monkeypatch):
    monkeypatch.setattr(adapter, "_BATCH", 2)
    prompts = [PROMPTS[i % 2] + " x" * (i % 5) for i in range(adapter._BATCH + 3)]
    found = lm.log_likelihoods(prompts, " Paris")
    alone = [lm.log_likelihoods([prompt], " Paris")[0] for prompt in prompts]
    np.testing.assert_allclose(found, alone, atol=2e-3)


def test_what_is_likelier_has_the_higher_likelihood(lm):
    france, italy = lm.log_likelihoods(
        ["The capital of France is", "The capital of Italy is"], " Paris"
    )
    assert france > italy + 1


def test_a_prompt_that_is_too_long_loses_its_beginning(lm, monkeypatch):
    monkeypatch.setattr(adapter, "_CONTEXT", 12)
    long, short = lm.log_likelihoods(["word " * 50 + "of France is", "of France is"], " Paris")
    assert np.isfinite(long)
    assert long != short


def test_no_prompts_and_no_continuation(lm):
    assert lm.log_likelihoods([], " Paris").shape == (0,)
    with pytest.raises(ValueError, match="empty"):
        lm.log_likelihoods(["a"], "")


def test_it_answers_what_is_asked_and_does_not_see(lm):
    question = Message("user", (Text("What is the capital of France?"), ChatImage(b"x")))
    assert "Paris" in lm.reply([question], most_tokens=16)


def test_the_threads_of_others_stay_as_they_were(settings, lm):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        lm.log_likelihoods(["a"], " b")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_damaged_cache_is_made_again(lm, settings, tmp_path, monkeypatch):
    """What is made again is linked here from the session's cache, which takes no half minute."""
    whole = (settings.cache / adapter._KEY).resolve()
    made = []

    def export(folder):
        shutil.copytree(whole, folder, copy_function=os.symlink)
        made.append(folder)

    monkeypatch.setattr(adapter, "_export", export)
    other = dataclasses.replace(settings, cache=tmp_path)
    damaged = tmp_path / adapter._KEY
    shutil.copytree(whole, damaged, ignore=shutil.ignore_patterns("model.safetensors"))
    with (whole / "model.safetensors").open("rb") as file:
        (damaged / "model.safetensors").write_bytes(file.read(1000))
    LocalLM(other).load()
    assert len(made) == 1


def test_without_weights_or_packages_the_way_out_is_named(tmp_path, settings, monkeypatch):
    elsewhere = LocalLM(dataclasses.replace(settings, cache=tmp_path))
    gone = dataclasses.replace(SMOLLM2, package="no_such_weights")
    monkeypatch.setattr(adapter, "SMOLLM2", gone)
    with pytest.raises(EncoderUnavailable, match=r"no-such-weights==0\.1\.2"):
        elsewhere.check()
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(ExtraMissing, match="local-llm"):
        elsewhere.check()
