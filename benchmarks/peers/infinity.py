"""Run infinity's server with a CLIP of random weights, which `st:` loads here as well."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.environments import Peer, torch_requirement, wait_for
from benchmarks.serving import Server
from engine.torchvision_ops import declare_missing_operators

_REQUIREMENTS = (
    "infinity-emb[server]", "numpy<2", "transformers>=4.47,<5", "sentence-transformers>=3.0.1,<4",
    "einops", "pillow", "soundfile", "aiohttp", "click<8.2",
)  # fmt: skip
"""Packages that it needs for pictures on a CPU; its extra `all` wants some for GPUs."""


def random_vit_b_32(folder: Path) -> Path:
    """Write CLIP ViT-B/32 with random weights, as transformers saves it, unless it is there."""
    if not (folder / "model.safetensors").exists():
        declare_missing_operators()
        from transformers import (
            CLIPConfig,
            CLIPImageProcessor,
            CLIPModel,
            CLIPProcessor,
            CLIPTokenizer,
        )

        folder.mkdir(parents=True, exist_ok=True)
        vocabulary, merges = _words()
        (folder / "vocab.json").write_text(json.dumps(vocabulary))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
        tokenizer = CLIPTokenizer(
            vocab_file=str(folder / "vocab.json"), merges_file=str(folder / "merges.txt"),
            model_max_length=77,
        )  # fmt: skip
        CLIPProcessor(CLIPImageProcessor(), tokenizer).save_pretrained(folder)
        CLIPModel(CLIPConfig()).save_pretrained(folder)
    return folder


def _words() -> tuple[dict[str, int], list[str]]:
    """Return the vocabulary and the merges of CLIP's tokenizer, which open_clip brings."""
    from open_clip.tokenizer import SimpleTokenizer

    ends = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    tokenizer = SimpleTokenizer()
    merges = sorted(tokenizer.bpe_ranks, key=tokenizer.bpe_ranks.__getitem__)
    vocabulary = {ends.get(word, word): number for word, number in tokenizer.encoder.items()}
    return vocabulary, [" ".join(pair) for pair in merges]


@contextmanager
def infinity(model: Path, work: Path) -> Iterator[Server]:
    """Run the server for the length of the ``with``.

    Raises:
        Unavailable: it cannot be installed, or does not begin.
    """
    python = Peer("infinity", (torch_requirement(), *_REQUIREMENTS)).python(work)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = work.resolve() / "peers" / "infinity.log"
    typed = (
        "v2", "--model-id", str(model.resolve()), "--served-model-name", "clip",
        "--host", "127.0.0.1", "--port", str(port), "--engine", "torch", "--device", "cpu",
    )  # fmt: skip
    quiet = {"HF_HUB_OFFLINE": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0", "DO_NOT_TRACK": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [python.with_name("infinity_emb"), *typed],
            env=os.environ | quiet, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(process, f"http://127.0.0.1:{port}/health", log)
        yield Server("127.0.0.1", port, process.pid)
    finally:
        process.kill()
        process.wait(60)
