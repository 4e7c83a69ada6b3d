"""Any open_clip model as an encoder, by every route that leads to its weights."""

from engine.encoders.openclip.encoder import OpenClipEncoder

__all__ = ["OpenClipEncoder"]
