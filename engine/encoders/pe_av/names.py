"""Names of PE-AV's spaces: ``pe-av:NAME``, ``pe-av:NAME@video``, ``pe-av:NAME@joint``."""

from __future__ import annotations

from dataclasses import dataclass

from engine.common.user_path import folder_of
from engine.errors import EncoderUnavailable

PREFIX = "pe-av:"
SOUND, VIDEO, JOINT = "sound", "video", "joint"
_TARGETS = (SOUND, VIDEO, JOINT)


@dataclass(frozen=True, slots=True)
class PeAvName:
    """A model, and what texts seek in the space: the text's vector depends on it."""

    model: str
    target: str = SOUND

    @property
    def name(self) -> str:
        """The name that a library keeps."""
        return f"{PREFIX}{self.model}" + (f"@{self.target}" if self.target != SOUND else "")


def parse(name: str) -> PeAvName:
    """Return the parts of a name. A folder that has an ``@`` in its name is meant as it stands.

    Raises:
        EncoderUnavailable: it names no model, or no such target.
    """
    model = name.removeprefix(PREFIX)
    if folder := folder_of(model):
        return PeAvName(str(folder))
    model, _, target = model.rpartition("@") if "@" in model else (model, "", SOUND)
    if not model or target not in _TARGETS:
        raise EncoderUnavailable(
            f"{name} names no space of PE-AV; an example is {PREFIX}facebook/pe-av-small, for"
            f" sounds, or the same with @{VIDEO} or @{JOINT}"
        )
    return PeAvName(str(folder_of(model) or model), target)
