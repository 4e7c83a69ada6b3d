"""Names of sentence-transformers' models: ``st:NAME``, ``st:NAME@256``, ``st:NAME@joint``.

NAME is a repository of a model hub or a folder. Behind an ``@``, parted by commas, stand the
number of dimensions that are kept (Kusupati et al. 2022, "Matryoshka Representation Learning"),
and ``joint`` where a shot of a video is to have one vector of its picture, sound and words.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.common.user_path import folder_of
from engine.errors import EncoderUnavailable

PREFIX = "st:"
_JOINT = "joint"


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model, and what of its vectors is wanted."""

    model: str
    """A folder's absolute path, or a repository."""
    dim: int | None = None
    joint: bool = False

    @property
    def name(self) -> str:
        """The name that a library keeps."""
        wanted = [str(self.dim)] if self.dim else []
        wanted += [_JOINT] if self.joint else []
        return f"{PREFIX}{self.model}" + (f"@{','.join(wanted)}" if wanted else "")


def parse(name: str) -> ModelName:
    """Return the parts of a name. A folder that has an ``@`` in its name is meant as it stands.

    Raises:
        EncoderUnavailable: what stands behind the ``@`` means nothing.
    """
    model = name.removeprefix(PREFIX)
    if folder := folder_of(model):
        return ModelName(str(folder))
    model, at, wanted = model.rpartition("@")
    if not at:
        model, wanted = wanted, ""
    if not model:
        raise EncoderUnavailable(
            f"{name} names no model; an example is {PREFIX}google/embeddinggemma-2"
        )
    dim, joint = None, False
    for part in wanted.split(",") if wanted else ():
        if part == _JOINT:
            joint = True
        elif part.isascii() and part.isdigit() and int(part) > 0:
            dim = int(part)
        else:
            raise EncoderUnavailable(
                f"{name}: {part!r} means nothing behind the @; it takes a number of dimensions"
                f" and {_JOINT}: {PREFIX}{model}@256,{_JOINT}"
            )
    return ModelName(str(folder_of(model) or model), dim, joint)
