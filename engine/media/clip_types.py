"""Types of the files that clips are cut into."""

from __future__ import annotations

CLIP_TYPES = {
    ".mp4": "video/mp4", ".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".ogg": "audio/ogg",
    ".wav": "audio/wav", ".flac": "audio/flac",
}  # fmt: skip
"""Media types by the endings that ``engine.media.clip.cut`` gives."""
