"""Tiny checkpoints with random weights of chats that hear, made and saved by the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.generate.tiny_models import _marked, _save_endless, _tower_of_words, letter_tokenizer


def _template(audio: str, image: str = "") -> str:
    return (
        "{% for m in messages %}{% for p in m.content %}"
        "{% if p.type == 'audio' %}" + audio + "{% elif p.type == 'image' %}" + image + "{% else %}"
        "{{ p.text }}{% endif %}{% endfor %}.{% endfor %}"
    )


def save_flamingo(folder: Path) -> Path:
    """Save Audio Flamingo 3 with 16 numbers a layer, with a chat template."""
    from transformers import (
        AudioFlamingo3Config,
        AudioFlamingo3EncoderConfig,
        AudioFlamingo3ForConditionalGeneration,
        AudioFlamingo3Processor,
        Qwen2Config,
        WhisperFeatureExtractor,
    )

    torch.manual_seed(0)
    tokenizer, (sound,) = _marked("<sound>")
    audio = AudioFlamingo3EncoderConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_mel_bins=80,
    )  # fmt: skip
    config = AudioFlamingo3Config(
        audio_config=audio, text_config=Qwen2Config(**_tower_of_words(tokenizer)),
        audio_token_id=sound,
    )  # fmt: skip
    _save_endless(_spread(AudioFlamingo3ForConditionalGeneration(config)), folder)
    features = WhisperFeatureExtractor(feature_size=80)
    AudioFlamingo3Processor(
        features, tokenizer, chat_template=_template("<sound>")
    ).save_pretrained(folder)
    return folder


OMNI_MARKS = {
    "image_token": "<image>", "audio_token": "<audio>", "video_token": "<video>",
    "vision_bos_token": "<see>", "vision_eos_token": "</see>",
    "audio_bos_token": "<hear>", "audio_eos_token": "</hear>",
}  # fmt: skip


def save_omni(folder: Path) -> Path:
    """Save Qwen3-Omni with its talker and its voice, 16 numbers a layer, with a chat template."""
    from transformers import (
        Qwen3OmniMoeConfig,
        Qwen3OmniMoeForConditionalGeneration,
        Qwen3OmniMoeProcessor,
        Qwen3VLVideoProcessor,
        WhisperFeatureExtractor,
    )
    from transformers.models.qwen2_vl import Qwen2VLImageProcessorPil

    torch.manual_seed(0)
    tokenizer = letter_tokenizer(extra_special_tokens=OMNI_MARKS)
    places = {name: tokenizer.convert_tokens_to_ids(mark) for name, mark in OMNI_MARKS.items()}
    model = Qwen3OmniMoeForConditionalGeneration(
        Qwen3OmniMoeConfig(
            thinker_config=_thinker(tokenizer, places), talker_config=_talker(),
            code2wav_config=_voice(),
        )
    )  # fmt: skip
    _spread(model.thinker)
    model.thinker.generation_config.eos_token_id = None
    _save_endless(model, folder)
    patches = {"patch_size": 4, "temporal_patch_size": 2, "merge_size": 2}
    size = {"shortest_edge": 64, "longest_edge": 4096}
    Qwen3OmniMoeProcessor(
        Qwen2VLImageProcessorPil(size=size, **patches), Qwen3VLVideoProcessor(size=size, **patches),
        WhisperFeatureExtractor(feature_size=16), tokenizer,
        chat_template=_template("<hear><audio></hear>", "<see><image></see>"),
    ).save_pretrained(folder)  # fmt: skip
    return folder


def _thinker(tokenizer: Any, places: dict[str, int]) -> dict[str, Any]:
    experts = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}
    return {
        "text_config": _tower_of_words(tokenizer) | experts
        | {"head_dim": 8, "rope_parameters": rope},
        "audio_config": {
            "num_mel_bins": 16, "encoder_layers": 1, "encoder_attention_heads": 2,
            "encoder_ffn_dim": 16, "d_model": 16, "output_dim": 16, "downsample_hidden_size": 4,
        },
        "vision_config": {
            "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2,
            "patch_size": 4, "out_hidden_size": 16, "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        "audio_token_id": places["audio_token"], "image_token_id": places["image_token"],
        "video_token_id": places["video_token"],
        "vision_start_token_id": places["vision_bos_token"],
        "audio_start_token_id": places["audio_bos_token"],
    }  # fmt: skip


def _talker() -> dict[str, Any]:
    """What speaks, which is never loaded."""
    small = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 8,
    }  # fmt: skip
    experts = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16,
               "shared_expert_intermediate_size": 16}  # fmt: skip
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}
    return {
        "text_config": small | experts | {"rope_parameters": rope},
        "code_predictor_config": small | {"num_code_groups": 2}, "num_code_groups": 2,
        "thinker_hidden_size": 16, "speaker_id": {"ethan": 0}, "spatial_merge_size": 2,
    }  # fmt: skip


def _voice() -> dict[str, Any]:
    return {
        "codebook_size": 8, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2,
        "intermediate_size": 16, "num_hidden_layers": 1, "num_quantizers": 2, "decoder_dim": 32,
    }  # fmt: skip


def _spread(model: Any) -> Any:
    """Bring weights far from the beginning of a training, where all answers are alike."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return model
