"""A small CLAP with random weights, in a folder as transformers writes it."""

from __future__ import annotations

from pathlib import Path

AUDIO = {
    "num_mel_bins": 16,
    "spec_size": 64,
    "window_size": 4,
    "patch_embeds_hidden_size": 16,
    "hidden_size": 32,
    "depths": [1, 1],
    "num_attention_heads": [2, 4],
    "num_hidden_layers": 2,
}
TEXT = {
    "vocab_size": 300,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 34,
}
SOUND = {"feature_size": 16, "sampling_rate": 48_000, "max_length_s": 2}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def write_clap(folder: Path, *, fused: bool = False, pickled: bool = False, seed: int = 7) -> Path:
    """Model, tokenizer and spectrograms, random but always the same."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    audio = AUDIO | {"enable_fusion": fused}
    config = ClapConfig(text_config=TEXT, audio_config=audio, projection_dim=24)
    torch.manual_seed(seed)
    model = ClapModel(config)
    # Far from the beginning of a training, where everything is nearly alike.
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point() and tensor.ndim == 1:
            torch.nn.init.uniform_(tensor.data, 0.5, 1.5)
        elif tensor.is_floating_point() and tensor.ndim > 1:
            torch.nn.init.normal_(tensor.data, std=0.2)
    model.save_pretrained(folder)
    truncation = "fusion" if fused else "rand_trunc"
    ClapFeatureExtractor(**SOUND, truncation=truncation).save_pretrained(folder)
    _write_tokenizer(folder)
    if pickled:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    return folder


def _write_tokenizer(folder: Path) -> None:
    """Bytes as tokens, between the marks that RoBERTa has."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate([*SPECIAL, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
    ).save_pretrained(folder)
