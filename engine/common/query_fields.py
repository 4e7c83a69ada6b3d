"""Fields of the query language as they are offered while somebody types, with their values.

They stand apart from the grammar so that a shell, which asks at each press of a key, need not
import it; a test compares them with the fields that the language has.
"""

from __future__ import annotations

from engine.types.enums import Kind

FIELD_MEANINGS = {
    "after:": "made at this date or later",
    "before:": "made before this date",
    "date:": "made then: 2024-06, 2023..2024",
    "duration:": "how long it is: <1m",
    "kind:": "image, video or audio",
    "near:": "where it was made",
    "path:": "a folder, or a part of a name",
    "place:": "where it was made",
    "screen:": "whether there is text to read",
    "size:": "of the file: >1mb",
    "speech:": "whether somebody speaks",
    "tags:": "what it is tagged with",
}
FIELD_VALUES = {
    "kind": tuple(kind.value for kind in Kind),
    "speech": ("yes", "no"),
    "screen": ("yes", "no"),
    **dict.fromkeys(("after", "before", "date"), ("today", "yesterday", "7d", "1m", "1y")),
}
"""Values that a field always has; those of dates are examples."""
