"""Small PE-AV models with random weights, in folders as transformers writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.st_models import byte_tokenizer

DIM = 32
TEXT = {
    "model_type": "modernbert", "hidden_size": DIM, "intermediate_size": 48,
    "num_hidden_layers": 1, "num_attention_heads": 2, "pad_token_id": 0, "bos_token_id": 2,
    "eos_token_id": 1, "cls_token_id": 2, "sep_token_id": 1, "max_position_embeddings": 64,
    "global_attn_every_n_layers": 1,
}  # fmt: skip
LAYERS = {
    "hidden_size": DIM, "intermediate_size": 48, "num_hidden_layers": 1,
    "num_attention_heads": 2, "head_dim": 16, "max_position_embeddings": 2000,
}  # fmt: skip
SOUND = LAYERS | {
    "dac_config": {
        "model_type": "dac", "downsampling_ratios": [2, 8, 10, 12], "encoder_hidden_size": 4,
        "hidden_size": 64, "codebook_dim": 8, "n_codebooks": 1,
    }
}  # fmt: skip
VIDEO = LAYERS | {
    "vision_config": {
        "model_type": "timm_wrapper", "architecture": "vit_pe_core_tiny_patch16_384",
        "do_pooling": True, "num_classes": 24, "global_pool": "map", "initializer_range": 0.02,
        "model_args": {"img_size": 32, "embed_dim": 32, "depth": 1, "num_heads": 2},
    }
}  # fmt: skip


def write_pe_av(folder: Path, seed: int = 7) -> Path:
    """Texts, sounds, videos and their pairs."""
    torch, tokenizer = _ready()
    from transformers import PeAudioFeatureExtractor, PeAudioVideoConfig, PeAudioVideoModel
    from transformers.models.pe_video.video_processing_pe_video import PeVideoVideoProcessor

    config = PeAudioVideoConfig(
        text_config=TEXT | {"vocab_size": len(tokenizer)},
        audio_video_config=LAYERS | {"audio_config": SOUND, "video_config": VIDEO},
    )
    torch.manual_seed(seed)
    _saved(PeAudioVideoModel(config), tokenizer, PeAudioFeatureExtractor(), folder)
    PeVideoVideoProcessor(
        size={"height": 32, "width": 32},
        do_sample_frames=False,
        do_resize=True,
        do_rescale=True,
        do_normalize=True,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    ).save_pretrained(folder)
    return folder


def write_pe_frames(folder: Path, seed: int = 7) -> Path:
    """Texts, and sounds a frame at a time."""
    torch, tokenizer = _ready()
    from transformers import PeAudioConfig, PeAudioFeatureExtractor, PeAudioFrameLevelModel

    config = PeAudioConfig(text_config=TEXT | {"vocab_size": len(tokenizer)}, audio_config=SOUND)
    torch.manual_seed(seed)
    _saved(PeAudioFrameLevelModel(config), tokenizer, PeAudioFeatureExtractor(), folder)
    return folder


def _ready() -> tuple[Any, Any]:
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch

    return torch, byte_tokenizer(["<pad>", "<eos>", "<bos>", "<unk>"], model_max_length=64)


def _saved(model: Any, tokenizer: Any, sounds: Any, folder: Path) -> None:
    import torch

    for name, tensor in model.named_parameters():
        if tensor.ndim > 1 and "dac" not in name:
            torch.nn.init.normal_(tensor.data, std=0.2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sounds.save_pretrained(folder)
