"""Captions by BLIP, BLIP-2 and their like, by the auto classes of transformers."""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.errors import ChatFailed
from engine.generate.captioner import CaptionStyle, Scene, tidy
from engine.generate.hf_models import (
    GenerationStops,
    HfModel,
    load_model,
)

if TYPE_CHECKING:
    from engine.common.progress import CancelToken

_MOST_TOKENS = 60


class HfCaptioner(HfModel):
    """``hf:NAME``, a model that writes a text for a picture. Making one loads nothing."""

    by_labels = False

    @property
    def revision(self) -> str:
        """The model with the transformers that ran it."""
        from importlib.metadata import version

        return f"{self.name}, transformers {version('transformers')}"

    def caption(
        self,
        scene: Scene,
        style: CaptionStyle,
        *,
        seconds: float,
        cancel: CancelToken | None = None,
    ) -> str:
        """Caption the first picture of a file; see ``Captioner.caption``.

        Such a model writes a sentence, whatever the style; of tags these are its words.
        """
        import torch
        from PIL import Image

        pictures = scene.pictures()
        if not pictures:
            raise ChatFailed("there is no picture to caption")
        processor, model = self._loaded
        image = Image.open(io.BytesIO(pictures[0])).convert("RGB")
        inputs = processor(images=image, return_tensors="pt")
        stops = GenerationStops(seconds, cancel)
        with self._lock, torch.inference_mode():
            ids = model.generate(
                **inputs, max_new_tokens=_MOST_TOKENS, do_sample=False,
                stopping_criteria=stops.criteria(),
            )  # fmt: skip
        if cancel is not None:
            cancel.check()
        if stops.late:
            raise ChatFailed(f"the model did not answer within {seconds:g} s")
        text = processor.batch_decode(ids, skip_special_tokens=True)[0]
        if style is CaptionStyle.TAGS:
            text = ", ".join(word for word in text.split() if len(word) > 3)
        return tidy(text, style)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        return load_model(self.name, self._model, "AutoModelForImageTextToText")
