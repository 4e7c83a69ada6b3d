"""Rerankers by name. Nothing is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.choices import LATE_RERANKER, MEASURED_RERANKERS, RERANKERS, no_choice
from engine.config import Settings
from engine.errors import UsageError
from engine.query.rerank.base import Reranker

if TYPE_CHECKING:
    from engine.encoders.sentence_transformer.late import LateInteraction
    from engine.query.rerank.late import PageSource
    from engine.query.rerank.seeing import PairModel


def make_reranker(
    name: str,
    settings: Settings,
    environ: Mapping[str, str] | None = None,
    *,
    library: Path | None = None,
    pages: PageSource | None = None,
) -> Reranker:
    """Return the reranker of that name. A model loads, or is asked, at first use.

    Args:
        name: ``cross``, the cross-encoder, or ``lm``, the small language model, which run
            here, or ``llm``, the chat that the settings name: a file of this machine, or a server
            that ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` of ``environ`` name; or ``vl:NAME`` or
            ``late:NAME``, a model that sees, which a library has measured.
        library: the folder of the library, whose measurements those that see need.
        pages: its pictures, for those of late interaction.

    Raises:
        UsageError: there is no such reranker, or it is not installed or configured.
    """
    if name == "cross":
        return _cross(settings)
    if name == "lm":
        return _lm(settings)
    if name == "llm":
        return _llm(settings, environ)
    if name.startswith(MEASURED_RERANKERS):
        from engine.query.rerank.gains import read_gains
        from engine.query.rerank.seeing import Seeing

        model = make_seeing(name, settings, pages)
        return Seeing(model, lambda: read_gains(library, name) if library else None)
    raise UsageError(no_choice("reranker", name, RERANKERS))


def _cross(settings: Settings) -> Reranker:
    from engine.encoders.cross_encoder import CrossEncoder
    from engine.query.rerank.cross import Cross

    model = CrossEncoder(settings)
    model.check()
    return Cross(model)


def make_seeing(name: str, settings: Settings, pages: PageSource | None) -> PairModel:
    """Return a model that sees by its name, not loaded.

    Raises:
        UsageError: its packages are not installed, or the name names no model.
    """
    if name.startswith(LATE_RERANKER):
        from engine.query.rerank.late import LatePairs

        return LatePairs(late_model(name, settings), pages)
    from engine.encoders.sentence_transformer.pairs import SeeingPairs

    model = SeeingPairs(name, settings)
    model.check()
    return model


def late_model(name: str, settings: Settings) -> LateInteraction:
    """Return a model of late interaction by its name, not loaded; errors as ``make_seeing``."""
    from engine.encoders.sentence_transformer.late import LateInteraction

    model = LateInteraction(name, settings)
    model.check()
    return model


def _lm(settings: Settings) -> Reranker:
    from engine.generate.lm import LocalLM
    from engine.query.rerank.likelihood import Likelihood

    model = LocalLM(settings)
    model.check()
    return Likelihood(model)


def _llm(settings: Settings, environ: Mapping[str, str] | None) -> Reranker:
    from engine.generate.budget import Prices
    from engine.generate.chats import make_chat
    from engine.generate.llama import LlamaChat
    from engine.query.rerank.listwise import Listwise
    from engine.query.rerank.verdict import Verdict

    chat = make_chat(None, settings, environ)
    if isinstance(chat, LlamaChat):
        return Verdict(chat, seconds=settings.rerank_seconds)
    prices = Prices(settings.llm_price_in, settings.llm_price_out)
    return Listwise(chat, sees=settings.llm_sees, prices=prices)
