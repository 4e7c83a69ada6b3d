"""A space of PE-AV through the ``Encoder`` protocol.

PE-AV (Meta, "Pushing the Frontier of Audiovisual Perception", 2025) has a head of texts for each
thing that is sought: sounds, videos, and both at once. A text has another vector in each, so
each is a space of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.vectors import chunks, l2_normalize
from engine.config import Settings
from engine.encoders.one_space import OneSpace, fitted
from engine.encoders.pe_av.load import LoadedPeAv, fetch, load
from engine.encoders.pe_av.names import JOINT, SOUND, VIDEO, parse
from engine.encoders.protocols import Embedded, Heard, Pixels, Spectrogram
from engine.types import Modality, Space
from engine.types.arrays import Vectors, Waveform

_MODALITIES: Mapping[str, frozenset[Modality]] = {
    SOUND: frozenset({Modality.SOUND}),
    VIDEO: frozenset({Modality.IMAGE, Modality.KEYFRAME}),
    JOINT: frozenset({Modality.KEYFRAME}),
}


@dataclass(frozen=True, slots=True)
class SeenAndHeard:
    """A shot of a video as it is embedded: its frame, and what is heard meanwhile."""

    picture: Pixels
    samples: Waveform

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it holds."""
        return self.picture.nbytes + self.samples.nbytes


class PeAvEncoder(OneSpace):
    """Implements ``Encoder``, ``JointInput``, ``Fetched`` and ``SoundBridge``. Making one loads
    nothing.

    Args:
        name: as ``engine.encoders.pe_av.names`` has it.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._parsed = parse(name)
        self.name = self._parsed.name
        self.modalities = _MODALITIES[self._parsed.target]
        self._settings = settings
        self._lock = RLock()

    def check(self) -> None:
        """Load the model; raise ``EncoderUnavailable`` or ``ExtraMissing`` if it cannot be had."""
        _ = self._loaded

    def fetch(self) -> None:
        """Have all of its files on disk, and load nothing."""
        fetch(self._parsed.model, self.name)

    @property
    def _loaded(self) -> LoadedPeAv:
        with self._lock:  # threads that decode are often the first to ask, all at once
            return self._model

    @cached_property
    def _model(self) -> LoadedPeAv:
        return load(self._parsed.model, self.name, self._settings)

    @property
    def shared(self) -> Space:
        """Texts and what they seek; named for the model and for that."""
        revision = f"{self._loaded.revision}-{self._parsed.target}"
        return Space(self.name, self.name, revision, self._loaded.dim)

    @property
    def image_size(self) -> int:
        return self._loaded.side

    @property
    def rate(self) -> int:
        """Samples per second: 48,000 for all models that are known."""
        return int(self._loaded.sounds.sampling_rate)

    # --- texts ---

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts by the head of what is sought in this space, (n, dim)."""
        return self._joined([self._texts(part) for part in self._parts(texts)])

    def _texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        loaded, model = self._loaded, self._loaded.model
        heads = {
            SOUND: model.audio_model.text_audio_head,
            VIDEO: model.video_model.text_video_head,
            JOINT: model.text_audio_video_head,
        }
        return embed_words(loaded, model.text_model, heads[self._parsed.target], texts, self._lock)

    # --- pictures and shots ---

    def prepare_image(self, image: Image.Image) -> Pixels:
        """Return the frame, at twice the side of the model at most: it resizes by itself."""
        return np.asarray(fitted(image, 2 * self.image_size), dtype=np.uint8)

    @property
    def joins(self) -> bool:
        """Tell whether shots are embedded with their sound."""
        return self._parsed.target == JOINT

    def prepare_shot(
        self,
        image: Image.Image,
        samples: Waveform | None,
        words: str,  # noqa: ARG002
    ) -> SeenAndHeard:
        """Prepare a shot; where nothing is heard, that is a second of silence."""
        heard = np.zeros(self.rate, np.float32) if samples is None else samples
        return SeenAndHeard(self.prepare_image(image), heard)

    def embed_images(self, pixels: Sequence[Pixels | SeenAndHeard]) -> Embedded:
        """Embed frames as videos of one, and shots with their sound."""
        rows = [self._seen(item) for item in pixels]
        return Embedded({self.shared.name: self._joined(rows)}, ((),) * len(pixels))

    def _seen(self, item: Pixels | SeenAndHeard) -> NDArray[np.float32]:
        if self.joins and not isinstance(item, SeenAndHeard):
            item = SeenAndHeard(item, np.zeros(self.rate, np.float32))
        model = self._loaded.model
        if isinstance(item, SeenAndHeard):
            return self._run(
                lambda **inputs: model.get_audio_video_embeds(**inputs).audio_video_embeds,
                self._video(item.picture) | self._audio([item.samples]),
            )
        return self._run(
            lambda **inputs: model.video_model.video_head(
                model.video_model.video_encoder(**inputs).pooler_output
            ),
            self._video(item),
        )

    def _video(self, picture: Pixels) -> dict[str, Any]:
        return dict(self._loaded.videos([[picture]], return_tensors="pt"))

    # --- sounds ---

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        """Vectors of n windows in the shared space, (n, dim), and no words: (n, 0).

        Windows of one length go together: padding would change them.
        """
        features = np.zeros((len(windows), self._loaded.dim), np.float32)
        for length in sorted({len(window) for window in windows}):
            rows = [row for row, window in enumerate(windows) if len(window) == length]
            for part in self._parts(rows):
                features[list(part)] = self._run(
                    self._loaded.model.audio_model.get_audio_embeds,
                    self._audio([windows[row] for row in part]),
                )
        features = l2_normalize(features)
        return Heard(features, self.words_of(features))

    def _audio(self, sounds: Sequence[Waveform]) -> dict[str, Any]:
        return dict(self._loaded.sounds(list(sounds), sampling_rate=self.rate, return_tensors="pt"))

    # --- running ---

    def _run(self, tower: Any, inputs: Mapping[str, Any]) -> NDArray[np.float32]:
        import torch

        loaded = self._loaded
        with torch.inference_mode():
            placed = {key: value.to(loaded.device) for key, value in inputs.items()}
            rows: NDArray[np.float32] = tower(**placed).float().cpu().numpy()
        return rows

    def _parts(self, items: Sequence[Any]) -> Any:
        return chunks(items, self._settings.batch_size)

    def _joined(self, rows: Sequence[NDArray[np.float32]]) -> Vectors:
        return l2_normalize(np.concatenate([np.zeros((0, self._loaded.dim), np.float32), *rows]))


def embed_words(
    loaded: LoadedPeAv, tower: Any, head: Any, texts: Sequence[str], lock: RLock
) -> NDArray[np.float32]:
    """Return texts through a head, (n, dim): the first token's last hidden state is a text."""
    import torch

    with lock:  # padding is a state of the tokenizer, which no two threads may set at a time
        tokens = loaded.tokenize(
            list(texts), padding=True, truncation=True, max_length=loaded.most_tokens,
            return_tensors="pt",
        )  # fmt: skip
    with torch.inference_mode():
        out = tower(
            input_ids=tokens["input_ids"].to(loaded.device),
            attention_mask=tokens["attention_mask"].to(loaded.device),
            output_hidden_states=True,
        )
        rows: NDArray[np.float32] = head(out.hidden_states[-1][:, 0]).float().cpu().numpy()
    return rows
