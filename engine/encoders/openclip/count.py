"""Write what open_clip knows of its models into parameters.json and tags.json beside this file.

    python -m engine.encoders.openclip.count

Building a model without tensors takes a second for some, and there are a hundred, so the
list does not do it. Models with a text tower of transformers are left out: how large that
is says a config on a hub. The tags are kept because importing open_clip, which has them, takes
five seconds and more; those of another version are asked of it (``tags``).
"""

from __future__ import annotations

import json
import logging
import warnings
from importlib.metadata import version
from pathlib import Path

import click

from engine.encoders.openclip import files
from engine.encoders.openclip.kept_tags import TAGS

FILE = Path(__file__).with_name("parameters.json")


def count(model: str) -> int | None:
    """Parameters of one of open_clip's models; None where its config does not say."""
    import torch

    open_clip = files.open_clip()
    if open_clip.get_model_config(model)["text_cfg"].get("hf_model_name"):
        return None
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        built = open_clip.create_model(model, device="meta", load_weights=False)
    return sum(int(parameter.numel()) for parameter in built.parameters())


def _tags() -> dict[str, object]:
    listed = files.open_clip().list_pretrained()
    known = [[model, tag, files.pretrained(model, tag)["hf_hub"]] for model, tag in listed]
    return {"version": version("open_clip_torch"), "tags": known}


@click.command()
def write() -> None:
    """Count all of them anew."""
    TAGS.write_text(json.dumps(_tags(), indent=0) + "\n")
    logging.disable(logging.CRITICAL)
    models = dict.fromkeys(model for model, _ in files.open_clip().list_pretrained())
    counted = {model: number for model in models if (number := count(model))}
    FILE.write_text(json.dumps(counted, indent=0) + "\n")


if __name__ == "__main__":
    write()
