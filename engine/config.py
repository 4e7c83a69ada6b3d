"""One ``Settings`` object, read once; arguments are not threaded through layers.

Every field can be set in the file of settings (``engine.config_file``), and by an environment
variable, which goes before: ``SENSORIUM_`` and the field's name in capitals
(``SENSORIUM_MAX_PIXELS=1000000000``).
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path, user_data_path

from engine.common.choices import BACKENDS, DEVICES
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.config_file import ConfigFile


def _cores() -> int:
    """Return the cores that this process may use, which in a container are often fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits, folders and sizes. Frozen: derive another with ``dataclasses.replace``."""

    library: Path = field(default_factory=lambda: user_data_path("sensorium") / "library")
    """The library that a command uses when none is named."""
    cache: Path = field(default_factory=lambda: user_cache_path("sensorium"))
    """Exported towers, keyed by the hash of their weights. Always disposable."""
    threads: int = field(default_factory=_cores)
    """Threads of the encoder, and of the pool that decodes."""
    batch_size: int = 8
    """Pictures, blocks of sound or sentences in one forward pass. On a CPU more is no
    faster, and takes more memory: 0.3 GiB at 8 pictures, 1.0 at 32. How many pictures of
    a CLIP model a GPU takes is found out there."""
    look_ahead: int = 32 * 2**20
    """Bytes of prepared media that may wait for the encoder: some 160 pictures."""
    max_pixels: int = 400_000_000
    """Width times height past which a picture is refused, before it is decoded."""
    decode_memory: int = 2 * 2**30
    """Bytes that pictures may be decoded in at the same time, by all threads together. A
    picture that needs more is refused, before it is decoded. Videos have as much beside it; one
    that needs more is decoded alone."""
    max_frames: int = 16
    """Frames of an animation, or pages of a TIFF, spread evenly when there are more."""
    keyframes_per_minute: int = 20
    """Upper bound for a video, on average over its length."""
    window_seconds: float = 10.0
    """Length of an audio window."""
    silence_db: float = -60.0
    """Windows whose loudest 50 ms stay below this (dBFS, RMS) are skipped."""
    sound_head: Path | None = None
    """A head of the sound bridge from ``engine.training.sounds``; None for the package's."""
    missing_days: float = 0.0
    """Days after which files that vanished in bulk, with a disk or a folder, are forgotten;
    0 keeps them until they are back or ``sensorium index --forget-missing`` is asked."""
    recall: float = 0.95
    """recall@10 that an index must reach, on texts and on stored vectors; 1 is exact search."""
    index_memory: float = 0.3
    """Memory that an index may take, as a part of its vectors in float32."""
    device: str = "auto"
    """The device where indexes are built and searched, and CLIP models run: ``cpu``, ``cuda``, or
    ``auto``, a GPU where there is one that FAISS, or PyTorch, can use."""
    backend: str = "auto"
    """The runtime of a CLIP model: ``torch``, ``torch-bf16`` (products in bfloat16), ``onnx``,
    ``onnx-int8`` (faster, and its vectors of pictures are a little coarser), or ``auto``, a
    GPU where PyTorch has one, else the fastest of the first three, which is measured once."""
    embed_seconds: float = 300.0
    """Seconds for which a request to an embedding server is tried again, while that is busy,
    starts anew or asks to wait."""
    embed_requests: int = 0
    """Requests that a run may send to an embedding server; 0 for any number."""
    embed_tokens: int = 0
    """Tokens, as an embedding server counts them, after which a run ends; 0 for any number."""
    embed_money: float = 0.0
    """US dollars, at the price below, after which a run ends; 0 for any sum."""
    embed_price: float = 0.0
    """US dollars that a million tokens of an embedding server cost; 0 where nobody knows."""
    embed_per_minute: int = 0
    """Requests a minute that an embedding server is sent at most; 0 for any number."""
    max_fetch_bytes: int = 64 * 2**20
    """Bytes of an example that is named by a URL, past which it is refused."""
    fetch_seconds: float = 20.0
    """Seconds that fetching an example may take, from its name to its last byte."""
    speech: bool = True
    """Transcribe speech, where the speech bridge is installed."""
    ocr: bool = True
    """Read text in pictures and keyframes, where the screen bridge is installed."""
    rerank_seconds: float = 20.0
    """Seconds that reranking one query may take; what is not done by then keeps its place."""
    rerank_tokens: int = 20_000
    """Tokens of question and answer that a server of chats may be asked to read and write."""
    rerank_money: float = 0.05
    """US dollars that reranking one query may cost, where the prices below are known."""
    llm_model: str = "gpt-4o-mini"
    """The language model: ``local:qwen``, ``local:smollm2`` or ``local:PATH.gguf``, which run here,
    or the name of one that a server of chats is asked for; ``OPENAI_BASE_URL`` and
    ``OPENAI_API_KEY`` say which server."""
    llm_price_in: float = 0.0
    """US dollars that a million tokens of a question cost; 0 where nobody knows."""
    llm_price_out: float = 0.0
    """US dollars that a million tokens of an answer cost; 0 where nobody knows."""
    hear_price: float = 0.0
    """US dollars that a server asks for transcribing a minute; 0 where nobody knows."""
    speak_price: float = 0.0
    """US dollars that a server asks for speaking a million letters; 0 where nobody knows."""
    llm_sees: bool = False
    """Show that model thumbnails beside the words."""
    vision_model: str = ""
    """The model that answers questions about a file: ``openai:MODEL``, ``responses:MODEL``,
    ``gemini:MODEL``, ``hf:NAME`` or ``local:PATH.gguf``, which see; empty for the language model,
    which gets the words alone unless ``llm_sees``."""
    answer_model: str = ""
    """The model that writes the answers of `sensorium ask`, such as ``local:qwen``; empty for none:
    then answers quote what the library holds, and nothing leaves this machine."""
    captioner: str = "template"
    """The captioner of files: ``template``, which claims nothing beyond what the library knows,
    ``hf:NAME``, such as BLIP, or ``openai:MODEL``, a server's chat that sees."""
    sound_frames: str = ""
    """The model that says when within its window a sound is heard, such as
    ``pe-av:facebook/pe-a-frame-small``; hits of sounds then have those times. Empty for none."""
    speaker: str = "espeak"
    """The voice that speaks texts: ``espeak``, ``kokoro``, ``hf:NAME``, a checkpoint of SpeechT5,
    or ``openai:MODEL``, a server's."""
    llm_seconds: float = 120.0
    """Seconds that a task of captions, descriptions or chats may take, all questions together."""
    llm_tokens: int = 50_000
    """Tokens of question and answer that such a task may take."""
    llm_money: float = 0.10
    """US dollars that such a task may cost, where the prices above are known."""

    open: str = ""
    """The command of `sensorium open`, with `{path}` and `{start}`, in seconds, filled in; a
    path without a place is put at the end. Empty for the system's own program."""
    preview: str = "auto"
    """The way of `--preview`: ``kitty``, ``iterm``, ``sixel``, ``blocks``, or ``auto``, the best
    that the terminal says it can."""

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, file: ConfigFile | None = None
    ) -> Settings:
        """Return the defaults, overridden by the file of settings, and that by ``SENSORIUM_*``.

        Args:
            environ: the environment; None is that of this process.
            file: what was read before; None reads the file that ``sensorium config path`` names.

        Raises:
            UsageError: a value of the file or of the environment cannot be.
        """
        from engine.config_file import read_config

        environ = os.environ if environ is None else environ
        in_file = (read_config(environ) if file is None else file).settings
        changes = {**in_file, **_of_environment(environ)}
        return dataclasses.replace(cls(), **changes)  # type: ignore[arg-type]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Defaults overridden by ``SENSORIUM_*`` alone, whatever the file of settings says.

        Raises:
            UsageError: a value cannot be read as its field's type, or no machine
                could do anything sensible with it.
        """
        changes = _of_environment(os.environ if environ is None else environ)
        return dataclasses.replace(cls(), **changes)  # type: ignore[arg-type]


def _of_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the fields that variables set."""
    changes: dict[str, object] = {}
    for spec in dataclasses.fields(Settings):
        name = f"SENSORIUM_{spec.name.upper()}"
        if raw := environ.get(name):
            changes[spec.name] = parse_value(spec.name, raw, name)
    return changes


def parse_value(field_name: str, raw: str, name: str) -> object:
    """Read what was typed as the value of a field; messages call it ``name``.

    Raises:
        UsageError: it is none, or out of its range.
    """
    value = _parse(name, raw, getattr(Settings(), field_name))
    check_value(field_name, value, f"{name}={raw[:_SHOWN]!r}")
    return value


_RANGES: dict[str, tuple[float, float]] = {
    # A thread that has no core costs memory and wins nothing; thousands of them
    # exhaust the machine, and ONNX Runtime ends the process then.
    "threads": (1, max(64, 8 * _cores())),
    "batch_size": (1, 1024),
    "look_ahead": (1, 2**40),
    "max_pixels": (1, 2**53),
    "decode_memory": (2**20, 2**50),
    "max_frames": (1, 1_000_000),
    "keyframes_per_minute": (1, 6000),
    # Shorter ones hold no sample, and longer ones are decoded as a whole.
    "window_seconds": (0.1, 3600),
    "silence_db": (-200, 0),
    "missing_days": (0, 36_500),
    "recall": (0.5, 1.0),
    "index_memory": (0.05, 1.0),
    "embed_seconds": (0, 86_400),
    "embed_requests": (0, 2**40),
    "embed_tokens": (0, 2**50),
    "embed_money": (0, 1_000_000),
    "embed_price": (0, 100_000),
    "embed_per_minute": (0, 1_000_000),
    "max_fetch_bytes": (1, 2**40),
    "fetch_seconds": (0.1, 3600),
    "rerank_seconds": (0.1, 3600),
    "rerank_tokens": (1, 10_000_000),
    "rerank_money": (0, 1_000),
    "llm_seconds": (0.1, 86_400),
    "llm_tokens": (1, 100_000_000),
    "llm_money": (0, 1_000),
    "hear_price": (0, 100_000),
    "speak_price": (0, 1_000_000),
    "llm_price_in": (0, 100_000),
    "llm_price_out": (0, 100_000),
}
"""Least and most of what the file of settings and the environment may set."""


_SHOWN = 80
"""Characters of a wrong value that its message repeats."""


_CHOICES = {"device": DEVICES, "backend": BACKENDS}
"""Names that settings choose from."""


def check_value(field_name: str, value: object, shown: str) -> None:
    """Refuse a value that is out of its field's range, or none of its choices.

    Args:
        shown: how the message begins: the name and the value as they were typed.

    Raises:
        UsageError: it is.
    """
    choices = _CHOICES.get(field_name)
    if choices and value not in choices:
        raise UsageError(f"{shown} must be one of {', '.join(choices)}")
    if isinstance(value, int | float) and field_name in _RANGES:
        least, most = _RANGES[field_name]
        if not least <= value <= most:
            raise UsageError(f"{shown} must be between {least} and {most}")


def _parse(name: str, raw: str, default: object) -> object:
    """Read ``raw`` as the type of ``default``."""
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "0": False, "false": False}[raw.lower()]
        if isinstance(default, int):
            return int(raw)
        if isinstance(default, float):
            return _finite(raw)
        if isinstance(default, str):
            return raw
        return Path(raw).expanduser()
    except (KeyError, ValueError, RuntimeError):  # RuntimeError: unknown user
        raise UsageError(
            f"{name}={raw[:_SHOWN]!r} is not a valid {expected_type(default)}"
        ) from None


def expected_type(default: object) -> str:
    """Return what the values of a field are: ``bool``, ``int``, ``float``, ``str`` or ``path``."""
    return "path" if isinstance(default, Path | None) else type(default).__name__


def _finite(raw: str) -> float:
    number = float(raw)
    if not math.isfinite(number):
        raise ValueError
    return number
