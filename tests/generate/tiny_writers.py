"""Tiny checkpoints with random weights of models that write what is seen and said."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.generate.tiny_models import LETTERS, _marked, _save_endless, letter_tokenizer


def save_blip2(folder: Path) -> Path:
    """Save BLIP-2 with OPT, 16 numbers a layer, for pictures of 16 pixels."""
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Blip2Processor,
        BlipImageProcessor,
    )

    torch.manual_seed(0)
    tokenizer, (image,) = _marked("<image>")
    small = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }  # fmt: skip
    config = Blip2Config(
        vision_config=small | {"image_size": 16, "patch_size": 8},
        qformer_config=small | {"encoder_hidden_size": 16, "vocab_size": len(LETTERS)},
        text_config={
            "model_type": "opt", "vocab_size": len(tokenizer), "hidden_size": 16, "ffn_dim": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2, "word_embed_proj_dim": 16,
            "max_position_embeddings": 128, "bos_token_id": 0, "pad_token_id": 1,
            "eos_token_id": 2,
        },
        num_query_tokens=4, image_token_index=image,
    )  # fmt: skip
    model = Blip2ForConditionalGeneration(config)
    with torch.no_grad():  # so that pictures differ
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    _save_endless(model, folder)
    pictures = BlipImageProcessor(size={"height": 16, "width": 16})
    Blip2Processor(pictures, tokenizer, num_query_tokens=4).save_pretrained(folder)
    return folder


def save_speecht5_listener(folder: Path) -> Path:
    """Save SpeechT5 that writes what is said, 16 numbers a layer."""
    from transformers import (
        SpeechT5Config,
        SpeechT5FeatureExtractor,
        SpeechT5ForSpeechToText,
        SpeechT5Processor,
    )

    torch.manual_seed(0)
    config = SpeechT5Config(
        vocab_size=len(LETTERS), hidden_size=16, encoder_layers=1, encoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16,
        conv_dim=(16, 16), conv_stride=(5, 4), conv_kernel=(10, 8),
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, mask_time_prob=0.0,
        max_speech_positions=4000, max_text_positions=500,
    )  # fmt: skip
    _save_endless(SpeechT5ForSpeechToText(config), folder)
    SpeechT5Processor(SpeechT5FeatureExtractor(), letter_tokenizer()).save_pretrained(folder)
    return folder
