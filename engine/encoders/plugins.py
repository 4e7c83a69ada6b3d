"""Encoders of third parties: entry points of the group ``sensorium.encoders``.

A distribution names what makes its encoder, a class or a function of ``Settings``:

    [project.entry-points."sensorium.encoders"]
    palette = "palette:PaletteEncoder"

docs/encoders.md shows a whole example. Nothing of a distribution is imported before its
encoder is asked for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.file_state import one_line
from engine.config import Settings
from engine.encoders.protocols import Encoder
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable, SensoriumError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "sensorium.encoders"
_OURS = "sensorium"
"""The distribution whose own entry points are its test doubles, and are not offered to users."""
_MEMBERS = (
    "shared", "looks", "image_size", "check", "embed_texts", "prepare_image", "embed_images",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plugin:
    """An encoder, and the distribution that registers it."""

    name: str
    distribution: str
    entry: EntryPoint

    def build(self, settings: Settings) -> Encoder | Towers:
        """Import the plugin, and make its encoder, or the towers that it brings.

        Raises:
            EncoderUnavailable: it cannot be imported or made, or is no encoder.
        """
        try:
            made = self.entry.load()(settings)
        except SensoriumError:
            raise
        except Exception as error:
            raise self._broken(one_line(f"{type(error).__name__}: {error}")) from error
        encoder = made.encoder if isinstance(made, Towers) else made
        if missing := [member for member in _MEMBERS if not _has(encoder, member)]:
            raise self._broken(f"it makes no encoder: {', '.join(missing)} is missing")
        if encoder.name != self.name:
            raise self._broken(f"its encoder calls itself {encoder.name!r}")
        checked: Encoder | Towers = made
        return checked

    def _broken(self, reason: str) -> EncoderUnavailable:
        return EncoderUnavailable(
            f"encoder {self.name} of the distribution {self.distribution} does not work"
            f" ({reason}); update it, or pip uninstall {self.distribution}"
        )


def _has(value: object, member: str) -> bool:
    """Tell whether a member is there without reading it: a property may load weights."""
    return hasattr(type(value), member) or member in getattr(value, "__dict__", {})


def installed() -> list[Plugin]:
    """Return every encoder that another distribution registers, by name."""
    return [plugin for plugin in _registered() if plugin.distribution != _OURS]


def _registered() -> tuple[Plugin, ...]:
    return _registered_at(tuple((place, _changed(place)) for place in sys.path))


def _changed(place: str) -> int:
    """Return when a folder of modules was written to: what is installed makes a folder in it."""
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _registered_at(_: tuple[tuple[str, int], ...]) -> tuple[Plugin, ...]:
    """Read the entry points anew when a place of them has changed: 200 distributions take 30 ms."""
    from importlib.metadata import entry_points

    found = [
        Plugin(entry.name, entry.dist.name if entry.dist else "an unknown distribution", entry)
        for entry in entry_points(group=GROUP)
    ]
    return tuple(sorted(found, key=lambda plugin: (plugin.name, plugin.distribution)))


def find(name: str) -> Plugin | None:
    """Return the encoder of that name, or None.

    Raises:
        EncoderUnavailable: two distributions register it.
    """
    found = [plugin for plugin in _registered() if plugin.name == name]
    if len(owners := {plugin.distribution for plugin in found}) > 1:
        both = " and ".join(sorted(owners))
        raise EncoderUnavailable(f"encoder {name} is registered by {both}: pip uninstall one")
    return found[0] if found else None
