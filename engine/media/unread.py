"""Types of files that are known and not read, for the count of what an index run skipped."""

from __future__ import annotations

OTHER = "other"
"""The type of a file that is nothing which a person would call media or a document."""

_MAGIC = (
    (b"%PDF", "pdf"),
    (b"\0\0\0\x0cJXL ", "jxl"),
    (b"8BPS", "psd"),
    (b"MThd", "midi"),
    (b"gimp xcf", "xcf"),
    (b"AT&TFORM", "djvu"),
    (b"\x76\x2f\x31\x01", "exr"),
    (b"#?RADIANCE", "hdr"),
    (b"SIMPLE  =", "fits"),
    (b"BPG\xfb", "bpg"),
    (b"FLIF", "flif"),
    (b"icns", "icns"),
    (b"Extended Module: ", "xm"),
    (b"%!PS-Adobe", "eps"),
)
"""First bytes that are believed whatever the name is."""

# fmt: off
_SUFFIXES = {
    **{suffix: suffix for suffix in (
        "ai", "bpg", "blend", "cdr", "cr3", "crw", "cur", "dcm", "djvu", "doc", "docx", "emf",
        "eps", "epub", "exr", "fits", "flif", "hdr", "icns", "indd", "jxl", "jxr", "kra", "mobi",
        "odg", "odp", "ods", "odt", "pdf", "pict", "ppt", "pptx", "psb", "psd", "raf", "rtf",
        "s3m", "svg", "svgz", "swf", "wmf", "wdp", "x3f", "xbm", "xcf", "xls", "xlsx", "xm",
        "xpm", "xps",
    )},
    "mid": "midi", "midi": "midi", "kar": "midi", "djv": "djvu", "azw3": "mobi",
}
# fmt: on

_SPOKEN = {
    "pdf": "PDF",
    "svg": "SVG",
    "svgz": "SVG",
    "jxl": "JPEG XL",
    "jxr": "JPEG XR",
    "psd": "Photoshop",
    "midi": "MIDI",
    "exr": "OpenEXR",
    "hdr": "Radiance HDR",
    "djvu": "DjVu",
}


def unread_type(head: bytes, suffix: str) -> str:
    """Return the type of a file that is not read; ``other`` where it is nothing known.

    Args:
        head: its first bytes.
        suffix: of its name, in lower case, with the dot.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    text = head[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!DOC")) and b"<svg" in text):
        return "svg"
    return _SUFFIXES.get(suffix.removeprefix("."), OTHER)


_AS_PICTURES = {
    "pdf", "djvu", "xps", "doc", "docx", "epub", "mobi", "odp", "ods", "odt", "ppt", "pptx", "rtf",
    "xls", "xlsx",
}  # fmt: skip
"""Types that have pages."""
_AS_SOUND = {"midi", "xm", "s3m"}
"""Types that hold notes, and no sound."""


def unread_reason(name: str) -> str:
    """Return why a file of a type is passed over, and what would be read in its place."""
    if name in _AS_PICTURES:
        way_out = "save its pages as PNG or JPEG"
    elif name in _AS_SOUND:
        way_out = "render it to FLAC or WAV"
    elif name == "swf":
        way_out = "record it as MP4"
    else:
        way_out = "save it as PNG, JPEG or TIFF"
    return f"{spoken_type(name)} is not a format that Sensorium reads: {way_out}, beside it"


def spoken_type(name: str) -> str:
    """Return the name of a type as a person says it: JPEG XL for ``jxl``."""
    return _SPOKEN.get(name, name.upper())
