"""Tell what a file is, by its content; its name only says whether it is worth asking FFmpeg."""

from __future__ import annotations

from pathlib import Path

from engine.errors import CorruptMedia, EmptyMedia, UnsupportedMedia
from engine.media.file_errors import open_file, unreadable
from engine.media.magic import ID3_HEADER, by_frames, by_magic, weak_container
from engine.media.unread import OTHER, unread_reason, unread_type
from engine.types import Kind, MediaType

_HEAD = 16 * 1024
# fmt: off
_NAMED_MEDIA = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif",
    ".tiff", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".mp4", ".m4v", ".mov", ".qt", ".mkv",
    ".webm", ".avi", ".mpg", ".mpeg", ".m2ts", ".vob", ".flv", ".f4v", ".3gp", ".3g2", ".wmv",
    ".asf", ".ogv", ".mxf", ".gxf", ".wtv", ".m2v", ".y4m", ".rm", ".rmvb", ".wav", ".wave",
    ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".aif", ".aiff", ".aifc",
    ".wma", ".mka", ".caf", ".amr", ".ac3", ".eac3", ".wv", ".w64", ".tta", ".ape", ".mp2",
    ".spx", ".dsf",
})
"""Names that promise media. Not .ts and .mts, which mostly are TypeScript."""
_TRIED_NAMES = frozenset({
    ".264", ".265", ".302", ".aea", ".aptx", ".aptxhd", ".ast", ".av1", ".avc", ".avs", ".cavs",
    ".dif", ".drc", ".dts", ".dtshd", ".dv", ".ec3", ".evo", ".flc", ".fli", ".g722", ".gsm",
    ".h261", ".h263", ".h264", ".h265", ".hevc", ".ivr", ".latm", ".loas", ".m1v", ".m2p", ".m2t",
    ".m4s", ".mjpeg", ".mjpg", ".mlp", ".mmf", ".mod", ".mp1", ".mpa", ".mpv", ".mts", ".nsp",
    ".obu", ".oma", ".pva", ".ra", ".rso", ".sbc", ".sf", ".tak", ".tco", ".thd", ".tod", ".trp",
    ".ts", ".ty", ".vag", ".vc1", ".viv", ".vqf", ".xa",
})
"""Names of media without a magic number, which other files have as well: FFmpeg is asked."""
# fmt: on


def promises_media(name: str) -> bool:
    """Tell whether a file's name says that it is media."""
    return name[name.rfind(".") :].lower() in _NAMED_MEDIA if "." in name else False


def sniff(path: Path) -> MediaType | None:
    """Return the kind and format of a media file; None when it is no media at all.

    What a file is comes from its container before its frames. Containers that can hold
    either are opened to see whether a video stream is among theirs (cover art is none).
    Where neither the first bytes nor frames say what a file is, and its name is one of
    media, FFmpeg is asked.

    Raises:
        EmptyMedia: no bytes under a name that promises media.
        UnsupportedMedia: a name that promises media over content that is none, or
            streams that are known and not decoded.
        CorruptMedia: a container that cannot be opened or has no stream in it.
        UnreadableMedia: permission denied, vanished, a folder, an I/O error.
    """
    suffix = path.suffix.lower()
    promised = suffix in _NAMED_MEDIA
    head = _read_head(path)
    if not head:
        if promised:
            raise EmptyMedia("no bytes")
        return None  # an empty __init__.py is no failure
    media = by_magic(head, suffix)
    if suffix in _JPEG_STREAMS and (found := _probed(path, None)):
        return found
    if media is not None:
        return _settle(path, media) if media.kind is Kind.VIDEO else media
    if (weak := weak_container(head)) and (found := _probed(path, weak)):
        return found
    if found := by_frames(head) or _asked(path, head):
        return found
    if promised and not head.startswith(_APPLE_DOUBLE):
        known = unread_type(head, suffix)
        if known != OTHER and known != "pdf":
            raise UnsupportedMedia(unread_reason(known))
        raise UnsupportedMedia(f"named {suffix} but holds {_describe(head)}")
    return None


def skipped_type(path: Path) -> str:
    """Return the type of a file that ``sniff`` takes for no media: ``pdf``, ``svg``, ``other``.

    Raises:
        UnreadableMedia: as ``sniff`` raises it.
    """
    return unread_type(_read_head(path), path.suffix.lower())


def not_media(path: Path) -> UnsupportedMedia:
    """Return the error of a file that is asked for and that ``sniff`` takes for no media."""
    known = skipped_type(path)
    if known == OTHER:
        return UnsupportedMedia("neither a picture, a video nor a sound")
    return UnsupportedMedia(unread_reason(known))


_APPLE_DOUBLE = b"\0\x05\x16\x07"
"""macOS leaves ._photo.jpg beside photo.jpg on foreign disks: metadata, no picture."""


def _read_head(path: Path) -> bytes:
    """Read the first bytes, past the ID3 tag that may precede any kind of sound."""
    with open_file(path) as stream:
        try:
            head = stream.read(_HEAD)
            if head.startswith(b"ID3") and len(head) > ID3_HEADER:
                size = 0
                for byte in head[6:ID3_HEADER]:
                    size = size << 7 | byte & 0x7F
                stream.seek(size + ID3_HEADER)
                return head[:ID3_HEADER] + stream.read(_HEAD)
        except OSError as error:
            raise unreadable(error) from error
    return head


def _settle(path: Path, media: MediaType) -> MediaType:
    """Open the container: it is a video when a video stream is in it."""
    from engine.media import container as containers  # FFmpeg, only where it is needed

    with containers.open_container(path) as container:
        kind = containers.kind_of(container)
        if kind is not None:
            return MediaType(kind, media.format)
        if containers.has_streams(container):
            raise UnsupportedMedia(f"{media.format} in a codec that FFmpeg does not decode here")
    raise CorruptMedia(f"no video or audio stream in the {media.format} container can be read")


def _probed(path: Path, name: str | None) -> MediaType | None:
    """Return what FFmpeg finds in the file; None where it finds no stream that it decodes."""
    from engine.media import container as containers

    try:
        with containers.open_container(path) as container:
            kind = containers.kind_of(container, sure=True)
            found = name or container.format.name.split(",")[0]
            return None if kind is None else MediaType(kind, found)
    except (CorruptMedia, UnsupportedMedia):
        return None


def _asked(path: Path, head: bytes) -> MediaType | None:
    """Ask FFmpeg about a file whose name is one of media and whose bytes are no text."""
    suffix = path.suffix.lower()
    if suffix not in _NAMED_MEDIA | _TRIED_NAMES or suffix in _PICTURES or _is_text(head):
        return None
    return _probed(path, None) if any(head) else None


_JPEG_STREAMS = frozenset((".mjpg", ".mjpeg"))
"""Names of videos that are JPEGs one after another."""
_PICTURES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp"))
"""Names at which FFmpeg would take any file for a picture."""


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 32 for byte in head)


def _describe(head: bytes) -> str:
    """Describe the content of a file that is no media, for the line that says so."""
    for magic, name in _NO_MEDIA:
        if head.lstrip().lower().startswith(magic):
            return name
    if not any(head):
        return "zeros only"
    return "text" if _is_text(head) else "data of no media format that Sensorium reads"


_NO_MEDIA = (
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a ZIP archive"),
)
