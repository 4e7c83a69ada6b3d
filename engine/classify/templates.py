"""Templates of prompts: sentences with a slot, for pictures, sounds and speech.

A label alone lies where words lie; in a sentence it lies nearer to what the sentence is
about, and the mean over several sentences is steadier than any (Radford et al. 2021,
section 3.1.4). The wording here is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from engine.common.file_state import os_reason
from engine.common.user_path import expanded
from engine.errors import UsageError
from engine.types import Modality

Templates: TypeAlias = Mapping[Modality, tuple[str, ...]]

SLOT = "{}"
NAMES = ("default", "imagenet", "sound")
SEEN = (
    "{}",
    "a photo of a {}",
    "a picture showing a {}",
    "a {} in a picture",
    "a close view of a {}",
)
HEARD = ("the sound of a {}", "a recording of a {}")
SPOKEN = ("{}", "someone talks about a {}", "what they said about a {}")
IMAGENET = (
    *SEEN,
    "a photograph with a {} in the middle",
    "a photo of the {}",
    "a sharp photo of a {}",
    "a blurred photo of a {}",
    "a dark photo of a {}",
    "a bright photo of a {}",
    "a grainy photo of a {}",
    "a black and white photo of a {}",
    "a photo of a small {}",
    "a photo of a large {}",
    "a photo of a single {}",
    "a photo of several {}",
    "a photo of a part of a {}",
    "a photo of a {} that is hard to make out",
    "a {} seen from the side",
    "a {} seen from above",
    "a cropped picture of a {}",
    "a drawing of a {}",
    "a painting of a {}",
    "a toy {}",
)
_ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)
_VOWEL = re.compile(r"\b(a) (?=[aeio])", re.IGNORECASE)


def templates(name: str) -> Templates:
    """Return the templates of each modality.

    Args:
        name: ``default``, ``imagenet`` (more of what is seen), ``sound`` (of whatever it
            is), or a file with a template a line, which is for every modality.

    Raises:
        UsageError: there is no such file, or a template has no slot.
    """
    if name == "imagenet":
        return _by_modality(IMAGENET, HEARD, SPOKEN)
    if name == "sound":
        return _by_modality(HEARD, HEARD, HEARD)
    if name == "default":
        return _by_modality(SEEN, HEARD, SPOKEN)
    read = read_templates(expanded(name))
    return _by_modality(read, read, read)


def _by_modality(
    seen: tuple[str, ...], heard: tuple[str, ...], spoken: tuple[str, ...]
) -> Templates:
    return {
        Modality.IMAGE: seen, Modality.KEYFRAME: seen, Modality.SOUND: heard,
        Modality.SPEECH: spoken,
    }  # fmt: skip


def read_templates(file: Path) -> tuple[str, ...]:
    """Read the templates of a file in UTF-8; blank lines, and lines after a #, are skipped.

    Raises:
        UsageError: it cannot be read, holds none, or one has no slot; the line is named.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        kinds = ", ".join(NAMES)
        raise UsageError(
            f"cannot read templates from {file}: {os_reason(error)}; name a file, or one of {kinds}"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}); save it as that") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if SLOT not in line:
            raise UsageError(f"{file}:{number}: {line.strip()[:60]!r} has no slot; write {SLOT}")
        found.append(" ".join(line.split()))
    if not found:
        raise UsageError(f"{file} holds no template; write one a line, such as 'a photo of a {{}}'")
    return tuple(found)


def fill(template: str, words: str) -> str:
    """Fill a template with words, whose own article the template replaces."""
    if template == SLOT:
        return words
    return _VOWEL.sub(r"\1n ", template.replace(SLOT, _ARTICLE.sub("", words) or words))
