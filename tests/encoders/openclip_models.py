"""One small model of each of open_clip's architecture families, with random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clip import MODEL as VIT
from tests.clip import PREPROCESS

WEIGHTS = "open_clip_model.safetensors"
_WORDS = ("a", "picture", "of", "number", "dog", "cat", "the", "sound", *map(str, range(10)))
_OWN_TEXT = {"context_length": 16, "vocab_size": 32, "width": 32, "heads": 2, "layers": 2}
_VISION = VIT["vision_cfg"]
_TEXT = VIT["text_cfg"]
SIGLIP_PREPROCESS = {
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}
FAMILIES: Mapping[str, dict[str, Any]] = {
    "vit": VIT,
    "resnet": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32},
        "text_cfg": _TEXT,
        "quick_gelu": True,
    },
    "timm": {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 160,
            "timm_model_name": "test_vit",
            "timm_pool": "avg",
            "timm_proj": "linear",
        },
        "text_cfg": _TEXT,
    },
    "custom": {
        "embed_dim": 32,
        "vision_cfg": _VISION,
        "text_cfg": {**_TEXT, "no_causal_mask": True, "pool_type": "last"},
        "custom_text": True,
    },
    "siglip": {
        "embed_dim": 32,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 160,
            "timm_model_name": "test_vit",
            "timm_pool": "token",
            "timm_proj": "linear",
        },
        "text_cfg": {
            **_OWN_TEXT,
            "hf_tokenizer_name": "tiny/siglip-words",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        },
    },
    "hf": {
        "embed_dim": 32,
        "vision_cfg": _VISION,
        "text_cfg": {
            "hf_model_name": "tiny/bert",
            "hf_tokenizer_name": "tiny/bert",
            "hf_proj_type": "mlp",
            "hf_pooler_type": "mean_pooler",
            "context_length": 16,
        },
    },
    "coca": {
        "embed_dim": 32,
        "vision_cfg": {
            **_VISION,
            "attentional_pool": True,
            "attn_pooler_heads": 2,
            "output_tokens": True,
        },
        "text_cfg": {**_TEXT, "context_length": 15, "embed_cls": True, "output_tokens": True},
        "multimodal_cfg": {**_TEXT, "context_length": 15, "attn_pooler_heads": 2},
        "custom_text": True,
    },
}
_BERT = {
    "model_type": "bert",
    "vocab_size": 32,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 16,
    "pad_token_id": 0,
}


def write_family(name: str, folder: Path) -> Path:
    """A folder as open_clip writes it, with a tokenizer where the family has its own, and
    a text tower's config under the name that the model's config gives."""
    model = FAMILIES[name]
    text = model["text_cfg"]
    folder.mkdir(parents=True, exist_ok=True)
    if "hf_tokenizer_name" in text:
        write_tokenizer(folder)
    if "hf_model_name" in text:
        write_tower(folder / text["hf_model_name"])
    pictures = SIGLIP_PREPROCESS if name == "siglip" else PREPROCESS
    write_config(folder, model, pictures)
    save_weights(build(name, folder), folder / WEIGHTS)
    return folder


def save_weights(model: Any, file: Path) -> Path:
    """As safetensors."""
    from safetensors.torch import save_file

    weights = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
    save_file(weights, file)
    return file


def write_config(folder: Path, model: Mapping[str, Any], pictures: Mapping[str, Any]) -> None:
    config = {"model_cfg": model, "preprocess_cfg": pictures}
    (folder / "open_clip_config.json").write_text(json.dumps(config))


def write_tower(folder: Path) -> Path:
    """The config of a small text tower of transformers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(_BERT))
    return folder


def write_tokenizer(folder: Path) -> Path:
    """A tokenizer of a few words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    special = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
    vocabulary = special | {word: place for place, word in enumerate(_WORDS, start=4)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    words.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def build(name: str, folder: Path) -> Any:
    """The family's model, as its class makes it out of the config: nothing is loaded."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from open_clip import CLIP, CoCa, CustomTextCLIP

    model = FAMILIES[name]
    text = model["text_cfg"]
    built = CustomTextCLIP if model.get("custom_text") or "hf_model_name" in text else CLIP
    built = CoCa if "multimodal_cfg" in model else built
    parts = {key: value for key, value in model.items() if key != "custom_text"}
    if tower := text.get("hf_model_name"):
        local = {"hf_model_name": str(folder / tower), "hf_model_pretrained": False}
        parts["text_cfg"] = text | local
    torch.manual_seed(7)
    return built(**parts).eval()


def into_hub_cache(cache: Path, repo: str, folder: Path) -> Path:
    """Put a folder's files where the hub's client has those of a repository."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = cache / f"models--{repo.replace('/', '--')}"
    (place / "refs").mkdir(parents=True, exist_ok=True)
    (place / "refs" / "main").write_text(commit)
    blobs, snapshot = place / "blobs", place / "snapshots" / commit
    blobs.mkdir(exist_ok=True)
    snapshot.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.is_file():
            blob = blobs / f"blob-{file.name.replace('.', '-')}"
            blob.write_bytes(file.read_bytes())
            (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
    return snapshot
