"""Tiny checkpoints with random weights of models of transformers, made and saved by the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from engine.torchvision_ops import declare_missing_operators

declare_missing_operators()  # which importing transformers needs
LETTERS = ["<s>", "<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz .,"]


def letter_tokenizer(**marks: Any) -> Any:
    """A tokenizer with a token for each letter."""
    from transformers import PreTrainedTokenizerFast

    model = WordLevel({letter: place for place, letter in enumerate(LETTERS)}, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = Split("", "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        unk_token="<unk>", **marks,
    )  # fmt: skip


def save_speecht5(folder: Path) -> Path:
    """Save SpeechT5 with 16 numbers a layer, and its vocoder within."""
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
    )

    torch.manual_seed(0)
    config = SpeechT5Config(
        vocab_size=len(LETTERS), hidden_size=16, encoder_layers=1, encoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16,
        num_mel_bins=8, speech_decoder_prenet_units=8, speaker_embedding_dim=4,
        speech_decoder_postnet_units=8, max_speech_positions=200, max_text_positions=200,
    )  # fmt: skip
    SpeechT5ForTextToSpeech(config).save_pretrained(folder)
    vocoder = SpeechT5HifiGanConfig(
        model_in_dim=8, upsample_initial_channel=8, upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
    )  # fmt: skip
    SpeechT5HifiGan(vocoder).save_pretrained(folder / "vocoder")
    letter_tokenizer().save_pretrained(folder)
    return folder


def save_blip(folder: Path) -> Path:
    """Save BLIP with 16 numbers a layer, for pictures of 16 pixels."""
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog", "red", "house", "tree"]
    config = BlipConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": 16, "encoder_hidden_size": 16,
            "intermediate_size": 16, "projection_dim": 8, "num_hidden_layers": 1,
            "num_attention_heads": 2, "max_position_embeddings": 80, "bos_token_id": 2,
            "pad_token_id": 0, "eos_token_id": 3, "sep_token_id": 3,
        },
        vision_config={
            "hidden_size": 16, "intermediate_size": 16, "projection_dim": 8,
            "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 16, "patch_size": 8,
        },
    )  # fmt: skip
    model = BlipForConditionalGeneration(config)
    with torch.no_grad():  # so that it writes words, and not only marks
        model.text_decoder.cls.predictions.decoder.bias[5:] += 1
    model.save_pretrained(folder)
    tokenizer = BertTokenizerFast(vocab={word: place for place, word in enumerate(words)})
    size = {"height": 16, "width": 16}
    BlipProcessor(BlipImageProcessor(size=size), tokenizer).save_pretrained(folder)
    return folder


def save_vision_chat(folder: Path) -> Path:
    """Save LLaVA with CLIP's tower and Llama, 16 numbers a layer, with a chat template."""
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    torch.manual_seed(0)
    tokenizer = letter_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    image = tokenizer.convert_tokens_to_ids("<image>")
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        image_size=16, patch_size=8, projection_dim=8,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512,
    )  # fmt: skip
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_id=image)
    model = LlavaForConditionalGeneration(config)
    model.generation_config.eos_token_id = model.generation_config.bos_token_id = None
    model.generation_config.pad_token_id = 1
    model.save_pretrained(folder)
    template = (
        "{% for m in messages %}{% for p in m.content %}"
        "{% if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}"
        "{% endfor %}.{% endfor %}"
    )
    size = {"shortest_edge": 16}
    pictures = CLIPImageProcessor(size=size, crop_size={"height": 16, "width": 16})
    LlavaProcessor(
        pictures, tokenizer, patch_size=8, vision_feature_select_strategy="default",
        chat_template=template, num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_whisper(folder: Path) -> Path:
    """Save Whisper with 16 numbers a layer, for spans of 2 seconds."""
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(LETTERS), num_mel_bins=80, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, max_source_positions=1500, max_target_positions=448,
        bos_token_id=0, eos_token_id=2, pad_token_id=1, decoder_start_token_id=0,
        suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    model.generation_config.suppress_tokens = model.generation_config.begin_suppress_tokens = None
    model.generation_config.forced_decoder_ids = None
    model.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    letter_tokenizer().save_pretrained(folder)
    return folder


def save_audio_chat(folder: Path) -> Path:
    """Save Qwen2-Audio with 16 numbers a layer, with a chat template."""
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioEncoderConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        Qwen2Config,
        WhisperFeatureExtractor,
    )

    torch.manual_seed(0)
    tokenizer = letter_tokenizer()
    marks = ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    audio = Qwen2AudioEncoderConfig(
        d_model=16, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=16,
        num_mel_bins=80, max_source_positions=1500,
    )  # fmt: skip
    text = Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=2048,
    )  # fmt: skip
    place = tokenizer.convert_tokens_to_ids("<|AUDIO|>")
    model = Qwen2AudioForConditionalGeneration(
        Qwen2AudioConfig(audio_config=audio, text_config=text, audio_token_index=place)
    )
    model.generation_config.eos_token_id = model.generation_config.bos_token_id = None
    model.generation_config.pad_token_id = 1
    model.save_pretrained(folder)
    template = (
        "{% for m in messages %}{% for p in m.content %}"
        "{% if p.type == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>{% else %}{{ p.text }}"
        "{% endif %}{% endfor %}.{% endfor %}"
    )
    features = WhisperFeatureExtractor(feature_size=80)
    Qwen2AudioProcessor(features, tokenizer, chat_template=template).save_pretrained(folder)
    return folder


def _tower_of_words(tokenizer: Any) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
    }  # fmt: skip


def _video_template(image: str, video: str) -> str:
    return (
        "{% for m in messages %}{% for p in m.content %}"
        "{% if p.type == 'video' %}" + video + "{% elif p.type == 'image' %}" + image + "{% else %}"
        "{{ p.text }}{% endif %}{% endfor %}.{% endfor %}"
    )


def _marked(*marks: str) -> tuple[Any, list[int]]:
    tokenizer = letter_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    return tokenizer, tokenizer.convert_tokens_to_ids(list(marks))


def _save_endless(model: Any, folder: Path) -> None:
    """Save a model that writes until it may write no more."""
    model.generation_config.eos_token_id = model.generation_config.bos_token_id = None
    model.generation_config.pad_token_id = 1
    model.save_pretrained(folder)


def save_video_llava(folder: Path) -> Path:
    """Save Video-LLaVA with CLIP's tower and Llama, 16 numbers a layer, with a chat template."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        VideoLlavaConfig,
        VideoLlavaForConditionalGeneration,
        VideoLlavaImageProcessor,
        VideoLlavaProcessor,
        VideoLlavaVideoProcessor,
    )

    torch.manual_seed(0)
    marks = "<image>", "<video>"
    tokenizer, (image, video) = _marked(*marks)
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        image_size=16, patch_size=8, projection_dim=8,
    )  # fmt: skip
    text = LlamaConfig(**_tower_of_words(tokenizer))
    config = VideoLlavaConfig(
        vision_config=vision, text_config=text, image_token_index=image, video_token_index=video
    )
    _save_endless(VideoLlavaForConditionalGeneration(config), folder)
    sizes = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    VideoLlavaProcessor(
        VideoLlavaImageProcessor(**sizes), VideoLlavaVideoProcessor(**sizes), tokenizer,
        patch_size=8, chat_template=_video_template(*marks),
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_video_llama(folder: Path) -> Path:
    """Save VideoLLaMA 3 with 16 numbers a layer, with a chat template."""
    from transformers import (
        Qwen2Config,
        VideoLlama3Config,
        VideoLlama3ForConditionalGeneration,
        VideoLlama3Processor,
        VideoLlama3VideoProcessor,
        VideoLlama3VisionConfig,
    )
    from transformers.models.video_llama_3 import VideoLlama3ImageProcessorPil

    torch.manual_seed(0)
    marks = "<|image_pad|>", "<|video_pad|>"
    tokenizer, (image, video) = _marked(*marks)
    vision = VideoLlama3VisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        patch_size=14,
    )  # fmt: skip
    text = Qwen2Config(**_tower_of_words(tokenizer))
    config = VideoLlama3Config(
        vision_config=vision, text_config=text, image_token_id=image, video_token_id=video
    )
    _save_endless(VideoLlama3ForConditionalGeneration(config), folder)
    size = {"shortest_edge": 28 * 28, "longest_edge": 4 * 28 * 28}
    VideoLlama3Processor(
        VideoLlama3ImageProcessorPil(size=size), tokenizer, VideoLlama3VideoProcessor(size=size),
        chat_template=_video_template(*marks),
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_qwen_asr(folder: Path, *, aligner: bool = False) -> Path:
    """Save Qwen3-ASR, or its forced aligner of 40 steps of 80 ms, 16 numbers a layer."""
    from transformers import (
        Qwen3ASRConfig,
        Qwen3ASRFeatureExtractor,
        Qwen3ASRForConditionalGeneration,
        Qwen3ASRForTokenClassification,
        Qwen3ASRProcessor,
        Qwen3Config,
    )
    from transformers.models.qwen3_asr import Qwen3ASREncoderConfig

    torch.manual_seed(0)
    marks = {"audio_token": "<audio>", "audio_bos_token": "<bos>", "audio_eos_token": "<eos>"}
    tokenizer = letter_tokenizer(extra_special_tokens=marks)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<timestamp>"]})
    place = tokenizer.convert_tokens_to_ids
    text = Qwen3Config(**_tower_of_words(tokenizer), head_dim=8)
    sound = Qwen3ASREncoderConfig(
        num_mel_bins=16, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=16,
        d_model=16, output_dim=16, downsample_hidden_size=4,
    )  # fmt: skip
    config = Qwen3ASRConfig(
        audio_config=sound, text_config=text, audio_token_id=place("<audio>"),
        timestamp_token_id=place("<timestamp>"), pad_token_id=1, eos_token_id=[2],
        num_labels=40 if aligner else 2,
    )  # fmt: skip
    kind = Qwen3ASRForTokenClassification if aligner else Qwen3ASRForConditionalGeneration
    model = kind(config)
    with torch.no_grad():  # so that no two places are alike
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    if aligner:
        model.save_pretrained(folder)
    else:
        _save_endless(model, folder)
    template = (
        "{% for m in messages %}{% for p in m.content %}"
        "{% if p.type == 'audio' %}<bos><audio><eos>{% else %}{{ p.text }}"
        + ("<timestamp><timestamp>" if aligner else "")
        + "{% endif %}{% endfor %}{% endfor %}"
    )
    features = Qwen3ASRFeatureExtractor(feature_size=16)
    Qwen3ASRProcessor(features, tokenizer, chat_template=template).save_pretrained(folder)
    return folder


def save_diarizer(folder: Path) -> Path:
    """Save Nemotron 3 Diarization with 16 numbers a layer, for three speakers."""
    from transformers import (
        Nemotron3DiarizationConfig,
        Nemotron3DiarizationForAudioFrameClassification,
        Nemotron3DiarizationProcessor,
        NemotronAsrStreamingFeatureExtractor,
    )

    torch.manual_seed(0)
    config = Nemotron3DiarizationConfig(
        audio_config={
            "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_mel_bins": 16,
        },
        head_config={"hidden_size": 16, "num_speakers": 3, "audio_hidden_size": 16},
        streaming_config={"num_speakers": 3},
    )  # fmt: skip
    model = Nemotron3DiarizationForAudioFrameClassification(config)
    with torch.no_grad():  # so that no two frames are alike
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(folder)
    features = NemotronAsrStreamingFeatureExtractor(feature_size=16)
    Nemotron3DiarizationProcessor(features).save_pretrained(folder)
    return folder
