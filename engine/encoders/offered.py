"""The value object of an encoder that a user can choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offered:
    """An encoder that can be named, and what is known of it without asking a network."""

    name: str
    """The name that ``--encoder`` takes."""
    origin: str
    """``sensorium``, ``open_clip``, ``hub``, or the distribution that registers it."""
    dim: int | None = None
    image_size: int | None = None
    """The longer side of the pictures that its tower takes, in pixels."""
    parameters: int | None = None
    bytes: int | None = None
    """Size of its weights on disk; None where they are not."""
    downloaded: bool | None = None
    """True if all that it needs is on disk; None of a third party's, which only it knows."""
    licence: str | None = None
    """The licence of its weights, where that is known without asking anybody."""
