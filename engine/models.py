"""The encoders that a library can have: listing them, and fetching one ahead. Wiring only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.config import Settings

if TYPE_CHECKING:
    from engine.encoders.offered import Offered


def list_models(*, downloaded: bool = False) -> list[Offered]:
    """List the encoders, with what is known of them without a network.

    Args:
        downloaded: only those that are on disk.
    """
    from engine.encoders.available import offered

    return [model for model in offered() if model.downloaded or not downloaded]


def fetch_model(name: str, settings: Settings | None = None) -> str:
    """Fetch all that an encoder needs, to index later without a network; return its full name.

    Raises:
        EncoderUnavailable: there is no such encoder, or it cannot be fetched.
    """
    from engine.encoders import registry
    from engine.encoders.protocols import Fetched

    encoder = registry.encoder(name, settings or Settings.load())
    if isinstance(encoder, Fetched):
        encoder.fetch()
    else:
        encoder.check()
    return encoder.name
