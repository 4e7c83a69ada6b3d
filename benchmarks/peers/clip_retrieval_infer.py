"""clip-retrieval's own worker: python clip_retrieval_infer.py MODEL CHECKPOINT OUT MEDIA

It runs in its environment, with the batch size and the workers of `clip-retrieval
inference`. What the command does besides is left out, to its advantage: loading the
model, warming it up with two batches, and the thread that prints progress.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

_libraries: list[object] = []


def _declare_operators() -> None:
    """torchvision's wheels are CUDA builds; beside a CPU-only PyTorch the package cannot be
    imported, because nobody has declared two operators, which nobody calls here."""
    if torch.version.cuda is None:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _libraries.append(library)


def main(model: str, checkpoint: str, out: str, media: str) -> None:
    _declare_operators()
    from all_clip import load_clip
    from clip_retrieval.clip_inference import main as command
    from clip_retrieval.clip_inference import mapper, worker

    given = inspect.signature(command.main).parameters
    name = f"open_clip:{model}/{checkpoint}"
    loaded = load_clip(clip_model=name, use_jit=False, warmup_batch_size=1)
    mapper.load_clip = worker.load_clip = lambda **_: loaded
    started = time.perf_counter()
    worker.worker(
        tasks=[0],
        input_dataset=media,
        output_folder=out,
        output_partition_count=1,
        batch_size=given["batch_size"].default,
        num_prepro_workers=given["num_prepro_workers"].default,
        enable_text=False,
        clip_model=name,
        use_jit=False,
    )
    seconds = time.perf_counter() - started
    vectors = [np.load(file) for file in Path(out, "img_emb").glob("*.npy")]
    told = {"seconds": seconds, "pictures": sum(map(len, vectors))}
    print(json.dumps(told | {"version": version("clip-retrieval")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
