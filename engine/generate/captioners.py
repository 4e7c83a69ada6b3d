"""Makers of captioners, for the registry."""

from __future__ import annotations

from engine.config import Settings
from engine.generate.captioner import Captioner


def template(_: str, __: Settings) -> Captioner:
    """Make the captioner that needs no model."""
    from engine.generate.captioner import TemplateCaptioner

    return TemplateCaptioner()


def transformers(model: str, settings: Settings) -> Captioner:
    """Make a captioner of transformers."""
    from engine.generate.hf_captioner import HfCaptioner

    return HfCaptioner(model, settings)


def served(model: str, settings: Settings) -> Captioner:
    """Make a captioner of a server's chat that sees."""
    from engine.generate.budget import MeteredChat, ModelBudget, Prices
    from engine.generate.captioner import ChatCaptioner
    from engine.generate.chats import served_chat

    chat = served_chat(model, settings)
    chat.check()
    prices = Prices(settings.llm_price_in, settings.llm_price_out)
    return ChatCaptioner(MeteredChat(chat, ModelBudget.of(settings), prices))
