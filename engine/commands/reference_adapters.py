"""The generated page of adapters: what each of them was run on by the tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.models import list_roles

if TYPE_CHECKING:
    from engine.query.model_roles import Adapter

_HEAD = """\
# What was run on what

Made by `make docs` out of the adapters themselves and of the tests that hold them; a test fails
when it drifts. No model hub is reached by the tests.

- **Real weights** are those that packages carry.
- **Tiny random weights** are checkpoints of the classes that are named, which the tests make and
  save. An answer through the adapter is that of the library's own call, a vector to a cosine of
  0.999.
- **The wire format** is a server on this machine that speaks as the vendor's does, with its faults:
  refusals, waits, broken connections, wrong and endless answers. It is asked by the vendor's own
  package where one is named.

So an adapter is right. How good a model is, its makers say: measure it on your files.
"""


@dataclass(frozen=True, slots=True)
class HeldAdapter:
    """A kind of encoders or rerankers, and what holds it."""

    form: str
    extra: str
    ran_on: str
    classes: tuple[str, ...]
    """The classes of libraries, or the packages of vendors, that the test runs."""
    test: str
    """The files of the tests, below ``tests``, parted by commas."""


_REAL, _TINY, _WIRE = "real weights", "tiny random weights", "the wire format"
ENCODERS = (
    HeldAdapter("compact", "", _REAL, (), "encoders/test_text.py"),
    HeldAdapter("compact-multilingual", "", _REAL, (), "encoders/test_multilingual.py"),
    HeldAdapter("open_clip:", "", _TINY, ("open_clip",), "encoders/test_openclip.py"),
    HeldAdapter("clap:", "clap", _TINY, ("ClapModel",), "encoders/test_clap.py"),
    HeldAdapter(
        "st:", "st", _TINY, ("EmbeddingGemma2Model", "CLIPModel", "BertModel"),
        "encoders/test_sentence_transformer.py",
    ),
    HeldAdapter(
        "st:NAME@joint", "st", _TINY, ("EmbeddingGemma2Model", "CLIPModel"),
        "encoders/test_joint_input.py, encoders/test_joint_library.py",
    ),
    HeldAdapter("pe-av:", "clap", _TINY, ("PeAudioVideoModel",), "encoders/test_pe_av.py"),
    HeldAdapter(
        "sound_frames", "clap", _TINY, ("PeAudioFrameLevelModel",), "query/test_sound_spans.py"
    ),
    HeldAdapter("http:", "http", _WIRE, (), "encoders/test_http.py"),
    HeldAdapter(
        "http:URL#MODEL@cohere, @gemini", "http", _WIRE, ("cohere", "google.genai"),
        "encoders/test_vendor_clients.py",
    ),
    HeldAdapter("cross", "", _REAL, (), "encoders/test_cross_encoder.py"),
    HeldAdapter(
        "vl:", "st", _TINY, ("CrossEncoder", "BlipForImageTextRetrieval"),
        "query/rerank/test_seeing.py",
    ),
    HeldAdapter("late:", "st", _TINY, ("ColPaliForRetrieval",), "query/rerank/test_late.py"),
    HeldAdapter("llm, local", "local-chat", _REAL, (), "query/rerank/test_verdict.py"),
)  # fmt: skip
"""Encoders, and the rerankers that are models of their kind."""
_FAULTS = "generate/test_server_faults.py"
ROLES = {
    ("chat", "local:NAME"): ("generate/test_llama.py", ()),
    ("chat", "openai:MODEL"): (f"generate/test_openai.py, {_FAULTS}", ()),
    ("captioner", "template"): ("generate/test_captioners.py", ()),
    ("captioner", "hf:NAME"): (
        "generate/test_captioners.py, generate/test_hf_writers.py",
        ("BlipForConditionalGeneration", "Blip2ForConditionalGeneration"),
    ),
    ("captioner", "openai:MODEL"): ("generate/test_captioners.py", ()),
    ("transcriber", "whisper"): ("encoders/test_speech.py", ()),
    ("transcriber", "hf:NAME"): (
        "generate/test_transcribers.py, generate/test_hf_writers.py, generate/test_aligners.py",
        ("WhisperForConditionalGeneration", "SpeechT5ForSpeechToText",
         "Qwen3ASRForConditionalGeneration"),
    ),
    ("transcriber", "openai:MODEL"): (f"generate/test_transcribers.py, {_FAULTS}", ()),
    ("aligner", "hf:NAME"): (
        "generate/test_aligners.py", ("Qwen3ASRForTokenClassification",),
    ),
    ("diarizer", "hf:NAME"): (
        "generate/test_diarizers.py", ("Nemotron3DiarizationForAudioFrameClassification",),
    ),
    ("vision chat", "openai:MODEL"): (
        f"generate/test_vision_chats.py, {_FAULTS}", ("openai",),
    ),
    ("vision chat", "responses:MODEL"): (
        f"generate/test_vision_chats.py, {_FAULTS}", ("openai",),
    ),
    ("vision chat", "gemini:MODEL"): (
        f"generate/test_vision_chats.py, {_FAULTS}", ("google.genai",),
    ),
    ("vision chat", "hf:NAME"): (
        "generate/test_hf_chat.py, generate/test_hf_video.py, generate/test_hf_listeners.py",
        ("LlavaForConditionalGeneration", "Qwen2AudioForConditionalGeneration",
         "VideoLlama3ForConditionalGeneration", "VideoLlavaForConditionalGeneration",
         "AudioFlamingo3ForConditionalGeneration", "Qwen3OmniMoeForConditionalGeneration"),
    ),
    ("vision chat", "local:NAME"): ("generate/test_llama.py", ()),
    ("speaker", "espeak"): ("generate/test_speakers.py", ()),
    ("speaker", "kokoro"): ("generate/test_speakers.py", ()),
    ("speaker", "hf:NAME"): ("generate/test_speakers.py", ("SpeechT5ForTextToSpeech",)),
    ("speaker", "openai:MODEL"): (f"generate/test_speakers.py, {_FAULTS}", ()),
}  # fmt: skip
"""The tests that hold each adapter of a role, below ``tests``, and the classes that they run."""


def adapters_page() -> str:
    """Return the page of docs/."""
    head = ("name", "extra", "run on", "classes and packages", "held by")
    encoders = ((e.form, e.extra, e.ran_on, e.classes, e.test) for e in ENCODERS)
    lines = [_HEAD, "## Encoders and rerankers\n", *_table(head, encoders), "", "## Roles\n"]
    return "\n".join([*lines, *_table(("role", *head), map(_of_role, list_roles())), ""])


def _of_role(adapter: Adapter) -> tuple[str, str, str, str, Sequence[str], str]:
    test, classes = ROLES[adapter.role, adapter.form]
    return adapter.role, adapter.form, adapter.extra, adapter.ran_on, classes, test


def _table(head: Sequence[str], rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for *first, form, extra, ran_on, classes, test in rows:
        named = ", ".join(f"`{name}`" for name in classes)  # type: ignore[attr-defined]
        link = ", ".join(f"`tests/{name}`" for name in str(test).split(", "))
        cells = [*map(str, first), f"`{form}`", f"`{extra}`" if extra else "", ran_on, named, link]
        yield f"| {' | '.join(map(str, cells))} |"
