"""Small models with random weights, in folders as sentence-transformers writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PROMPTS = {"query": "task: search result | query: ", "document": "title: none | text: "}
MARKS = {
    "boi_token": "<boi>", "eoi_token": "<eoi>", "image_token": "<image>",
    "boa_token": "<boa>", "eoa_token": "<eoa>", "audio_token": "<audio>",
}  # fmt: skip
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", *MARKS.values(), "<|video|>"]
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}<image>"
    "{% elif part['type'] == 'audio' %}<audio>"
    "{% elif part['type'] == 'video' %}<|video|>{% endif %}"
    "{% endfor %}{% endfor %}"
)
"""What is said, seen and heard, one after another."""
DIM = 24


def byte_tokenizer(special: list[str], **marks: Any) -> Any:
    """Bytes as tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", vocabulary["<eos>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>",
        unk_token="<unk>", **marks,
    )  # fmt: skip


def write_omni(folder: Path, seed: int = 7) -> Path:
    """A model of EmbeddingGemma 2's classes: texts, pictures, sounds and videos in one space."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from transformers import EmbeddingGemma2Model, EmbeddingGemma2Processor
    from transformers import Gemma4AudioFeatureExtractor as Spectrograms
    from transformers.models.embedding_gemma2.video_processing_embedding_gemma2 import (
        EmbeddingGemma2VideoProcessor as Videos,
    )
    from transformers.models.gemma4 import Gemma4ImageProcessorPil as Pictures

    tokenizer = byte_tokenizer(SPECIAL, extra_special_tokens=MARKS, model_max_length=2048)
    torch.manual_seed(seed)
    model = _spread(EmbeddingGemma2Model(_omni_config(len(tokenizer))))
    patches = {"patch_size": 4, "max_soft_tokens": 70, "pooling_kernel_size": 3}
    processor = EmbeddingGemma2Processor(
        Spectrograms(feature_size=16), Pictures(**patches), tokenizer, Videos(**patches),
        chat_template=TEMPLATE,
    )  # fmt: skip
    return _saved(model, processor, folder)


def _omni_config(tokens: int) -> Any:
    from transformers import EmbeddingGemma2Config

    place = {token: at for at, token in enumerate(SPECIAL)}
    return EmbeddingGemma2Config(
        text_config={
            "vocab_size": tokens, "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"],
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
            "global_head_dim": 16, "hidden_size_per_layer_input": 8, "embedding_dim": DIM,
            "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2,
        },
        vision_config={
            "model_type": "gemma4_vision", "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
            "head_dim": 16, "position_embedding_size": 256, "patch_size": 4,
        },
        audio_config={
            "model_type": "gemma4_audio", "hidden_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "subsampling_conv_channels": [16, 4],
            "output_proj_dims": 32,
        },
        boi_token_id=place["<boi>"], eoi_token_id=place["<eoi>"],
        image_token_id=place["<image>"], video_token_id=place["<|video|>"],
        boa_token_id=place["<boa>"], eoa_token_index=place["<eoa>"],
        audio_token_id=place["<audio>"],
    )  # fmt: skip


def write_clip(folder: Path, seed: int = 7) -> Path:
    """A CLIP of transformers: texts and pictures."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokenizer = byte_tokenizer(special, model_max_length=77)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    text = tower | {
        "num_attention_heads": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 77,
        "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2,
    }  # fmt: skip
    config = CLIPConfig(
        text_config=text,
        vision_config=tower | {"num_attention_heads": 2, "image_size": 32, "patch_size": 8},
        projection_dim=DIM,
    )
    torch.manual_seed(seed)
    pictures = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    return _saved(_spread(CLIPModel(config)), CLIPProcessor(pictures, tokenizer), folder)


def write_texts(folder: Path, seed: int = 7) -> Path:
    """A BERT: texts alone."""
    import torch
    from transformers import BertConfig, BertModel

    tokenizer = byte_tokenizer(["<pad>", "<eos>", "<bos>", "<unk>"], model_max_length=64)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=DIM, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(seed)
    return _saved(_spread(BertModel(config)), tokenizer, folder)


def write_cross_encoder(folder: Path, seed: int = 7) -> Path:
    """A cross-encoder that takes texts and pictures, on the towers of ``write_omni``."""
    write_omni(folder, seed)  # which makes torchvision importable first
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from torch.nn import Identity

    from engine.common.silence import quiet_transformers

    with quiet_transformers():
        score = Dense(
            DIM, 1, activation_function=Identity(),
            module_input_name="sentence_embedding", module_output_name="scores",
        )  # fmt: skip
        first = Transformer(str(folder / "plain"))
        whole = CrossEncoder(modules=[first, Pooling(DIM, "mean"), score], device="cpu")
        whole.save_pretrained(str(folder / "pairs"))
    return folder / "pairs"


def write_blip(folder: Path, seed: int = 7) -> Path:
    """A BLIP with its head of image-text matching."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from transformers import (
        BlipConfig,
        BlipForImageTextRetrieval,
        BlipImageProcessorPil,
        BlipProcessor,
    )

    tokenizer = byte_tokenizer(["<pad>", "<eos>", "<bos>", "<unk>"], model_max_length=64)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
             "num_attention_heads": 2}  # fmt: skip
    config = BlipConfig(
        text_config=tower | {
            "vocab_size": len(tokenizer), "encoder_hidden_size": 32, "projection_dim": 16,
            "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 2,
            "sep_token_id": 1, "eos_token_id": 1,
        },
        vision_config=tower | {"image_size": 32, "patch_size": 8},
        image_text_hidden_size=16,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = _spread(BlipForImageTextRetrieval(config))
    model.save_pretrained(folder)
    pictures = BlipImageProcessorPil(size={"height": 32, "width": 32})
    BlipProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def write_colpali(folder: Path, seed: int = 7) -> Path:
    """A ColPali of transformers: many vectors a text and a picture."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from transformers import (
        ColPaliConfig,
        ColPaliForRetrieval,
        ColPaliProcessor,
        SiglipImageProcessorPil,
    )

    tokenizer = byte_tokenizer(["<pad>", "<eos>", "<bos>", "<unk>"], model_max_length=512)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
             "num_attention_heads": 2}  # fmt: skip
    text = tower | {
        "model_type": "gemma", "vocab_size": len(tokenizer) + 64, "num_key_value_heads": 1,
        "head_dim": 16, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
    }  # fmt: skip
    vision = {"model_type": "siglip_vision_model", "image_size": 32, "patch_size": 8}
    config = ColPaliConfig(
        vlm_config={
            "model_type": "paligemma", "projection_dim": 32, "hidden_size": 32,
            "image_token_index": tokenizer.convert_tokens_to_ids("<image>"),
            "text_config": text, "vision_config": tower | vision | {"projection_dim": 32},
        },
        embedding_dim=16,
    )  # fmt: skip
    torch.manual_seed(seed)
    _spread(ColPaliForRetrieval(config)).save_pretrained(folder)
    pictures = SiglipImageProcessorPil(size={"height": 32, "width": 32})
    pictures.image_seq_length = 16
    ColPaliProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def _spread(model: Any) -> Any:
    """Bring weights far from the beginning of a training, where everything is nearly alike."""
    import torch

    for name, tensor in model.named_parameters():
        if tensor.ndim > 1 and "position" not in name:
            torch.nn.init.normal_(tensor.data, std=0.2)
    return model


def _saved(model: Any, processor: Any, folder: Path) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    from engine.common.silence import quiet_transformers

    with quiet_transformers():
        plain = folder / "plain"
        model.save_pretrained(plain)
        processor.save_pretrained(plain)
        first = Transformer(str(plain))
        modules = [first, Normalize()]
        if first.module_output_name == "token_embeddings":
            modules.insert(1, Pooling(first.get_embedding_dimension(), "mean"))
        whole = SentenceTransformer(modules=modules, device="cpu", prompts=PROMPTS)
        whole.save_pretrained(str(folder / "st"), create_model_card=False)
    return folder / "st"
