"""Names that media, queries and plans choose from.

They stand apart so that the command line can offer them without loading anything else.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kind of a media file, by its content."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Modality(StrEnum):
    """The way in which a moment is perceived. Scores compare only within one modality."""

    IMAGE = "image"
    KEYFRAME = "keyframe"
    SOUND = "sound"
    SPEECH = "speech"
    SCREEN = "screen"
    """Text that is to be read in a picture or a keyframe."""


class PartKind(StrEnum):
    """The kind of a part of a query."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    CONCEPT = "concept"
    """A name that the library was taught by examples."""
    FILE = "file"
    """A path or a URL whose content has not been looked at; resolved to IMAGE or AUDIO."""


class Fusion(StrEnum):
    """The rule by which the scores of the branches become one score.

    The first four merge branches late, as scores or ranks; ``early`` composes one vector
    before anything is searched, and ``interaction`` lets the moments of an asset answer
    the parts of a query between them.
    """

    CALIBRATED = "calibrated"
    """The weighted sum of log odds."""
    RRF = "rrf"
    """Reciprocal ranks, k = 60 (Cormack et al. 2009): of ranks alone, scores do not count."""
    WEIGHTED = "weighted"
    """The weighted sum of raw scores, each branch's stretched to [0, 1]."""
    MAX = "max"
    """The greatest log odds that any branch gives."""
    EARLY = "early"
    """One vector out of all parts, searched in the shared space."""
    INTERACTION = "interaction"
    """For each part the best moment of the asset, summed over the parts: MaxSim
    (Khattab and Zaharia 2020), with the moments of an asset in place of tokens."""


class Group(StrEnum):
    """The moments that become one hit, which is the best of them."""

    SHOT = "shot"
    """The same shot, sentence, stretch of sound or picture."""
    ASSET = "asset"
    ALIKE = "alike"
    """The same shot, or as good as the same picture, sound or wording anywhere."""
    NONE = "none"


class Sort(StrEnum):
    """The order in which hits are shown."""

    LIKELY = "likely"
    """The likeliest first; of a filter alone, as ``date``."""
    DATE = "date"
    """The newest first."""
    SIZE = "size"
    """The largest file first."""
    PATH = "path"
    """By the alphabet of paths."""


class Placement(StrEnum):
    """The step at which a filter is applied when a branch is searched."""

    BEFORE = "before"
    """So few moments pass that all of them are scored."""
    INSIDE = "inside"
    """The index passes over what does not."""
    AFTER = "after"
    """The candidates are filtered, and more is asked for until there is enough."""
