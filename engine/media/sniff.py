"""Tell what a file is, by its content and never by its name."""

from __future__ import annotations

from pathlib import Path

from engine.errors import CorruptMedia, EmptyMedia, UnsupportedMedia
from engine.media.audio_sync import framed_audio
from engine.media.file_errors import open_file, unreadable
from engine.types import Kind, MediaType

_HEAD = 16 * 1024
# fmt: off
_NAMED_MEDIA = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif",
    ".tiff", ".heic", ".heif", ".avif", ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi",
    ".mpg", ".mpeg", ".m2ts", ".vob", ".flv", ".3gp", ".3g2", ".wmv", ".asf", ".ogv", ".wav",
    ".wave", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".aif", ".aiff",
    ".aifc", ".wma", ".mka",
})
# fmt: on
"""Names that promise media. Not .ts and .mts, which mostly are TypeScript."""

_IMAGE_BRANDS = {
    b"avif": "avif",
    b"avis": "avif",
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"), "heic"),
    b"msf1": "heic",
}
_UNREAD = {
    b"\xff\x0a": "JPEG XL",  # two bytes: believed under a name of media only
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
}
_ID3_HEADER = 10


def promises_media(name: str) -> bool:
    """Tell whether a file's name says that it is media."""
    return name[name.rfind(".") :].lower() in _NAMED_MEDIA if "." in name else False


def sniff(path: Path) -> MediaType | None:
    """Return the kind and format of a media file; None when it is no media at all.

    Containers that can hold either are opened to see whether a video stream is
    among theirs (cover art is none).

    Raises:
        EmptyMedia: no bytes under a name that promises media.
        UnsupportedMedia: a name that promises media over content that is none, or
            a picture format that is known and not read.
        CorruptMedia: a container that cannot be opened or has no stream in it.
        UnreadableMedia: permission denied, vanished, a folder, an I/O error.
    """
    promised = path.suffix.lower() in _NAMED_MEDIA
    head = _read_head(path)
    if not head:
        if promised:
            raise EmptyMedia("no bytes")
        return None  # an empty __init__.py is no failure
    media = _by_magic(head)
    if media is not None:
        return _settle(path, media) if media.kind is Kind.VIDEO else media
    for magic, name in _UNREAD.items():
        if head.startswith(magic) and (promised or len(magic) > 2):
            raise UnsupportedMedia(f"{name} is not a format that Sensorium reads")
    if promised and not head.startswith(_APPLE_DOUBLE):
        raise UnsupportedMedia(f"named {path.suffix.lower()} but holds {_describe(head)}")
    return None


_APPLE_DOUBLE = b"\0\x05\x16\x07"
"""macOS leaves ._photo.jpg beside photo.jpg on foreign disks: metadata, no picture."""


def _read_head(path: Path) -> bytes:
    """Read the first bytes, past the ID3 tag that may precede any kind of sound."""
    with open_file(path) as stream:
        try:
            head = stream.read(_HEAD)
            if head.startswith(b"ID3") and len(head) > _ID3_HEADER:
                size = 0
                for byte in head[6:_ID3_HEADER]:
                    size = size << 7 | byte & 0x7F
                stream.seek(size + _ID3_HEADER)
                return head[:_ID3_HEADER] + stream.read(_HEAD)
        except OSError as error:
            raise unreadable(error) from error
    return head


def _by_magic(head: bytes) -> MediaType | None:
    """Return the format that the first bytes name; ambiguous containers are called videos."""
    if name := _image(head):
        return MediaType(Kind.IMAGE, name)
    if name := _audio(head):
        return MediaType(Kind.AUDIO, name)
    if name := _container(head):
        return MediaType(Kind.VIDEO, name)
    return None


def _image(head: bytes) -> str | None:
    for magic, name in _IMAGE_MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    # Two letters are little to go by: the size of the header that follows decides.
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        major = _IMAGE_BRANDS.get(brands[0])
        return "avif" if major == "heic" and b"avif" in brands else major
    return None


_IMAGE_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of an ISO base media file, the major one first."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]


def _audio(head: bytes) -> str | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    tagged = head.startswith(b"ID3") and len(head) > _ID3_HEADER
    body = head[_ID3_HEADER:] if tagged else head
    if body.startswith(b"fLaC"):
        return "flac"
    return framed_audio(body) or ("mp3" if tagged and not _container(body) else None)


def _container(head: bytes) -> str | None:
    """Formats that hold pictures, sound or both."""
    for magic, name in _CONTAINER_MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[4:8] == b"ftyp":
        return _iso_format(head[8:12])
    if head[4:8] in _QUICKTIME_ATOMS and int.from_bytes(head[:4], "big") in range(8, 2**31):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if _is_transport_stream(head):
        return "mpegts"
    return None


_CONTAINER_MAGIC = (
    (b"OggS", "ogg"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"\0\0\x01\xba", "mpeg"),
    (b"\0\0\x01\xb3", "mpeg"),
)
_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"pnot")
"""Atoms that QuickTime files begin with that are older than ``ftyp``."""


def _iso_format(brand: bytes) -> str:
    if brand == b"qt  ":
        return "mov"
    if brand[:2] == b"3g":
        return "3gp"
    return "m4a" if brand in (b"M4A ", b"M4B ") else "mp4"


def _is_transport_stream(head: bytes) -> bool:
    """Tell whether there is a sync byte every 188 bytes, or every 192 after a time code."""
    for first, step in ((0, 188), (4, 192)):
        syncs = head[first::step][:8]
        if len(syncs) > 3 and set(syncs) == {0x47}:
            return True
    return False


def _settle(path: Path, media: MediaType) -> MediaType:
    """Open the container: it is a video when a video stream is in it."""
    from engine.media import container as containers  # FFmpeg, only where it is needed

    with containers.open_container(path) as container:
        if containers.video_stream(container) is not None:
            return media
        if containers.audio_stream(container) is not None:
            return MediaType(Kind.AUDIO, media.format)
    raise CorruptMedia(f"no video or audio stream in the {media.format} container can be read")


def _describe(head: bytes) -> str:
    """Describe the content of a file that is no media, for the line that says so."""
    for magic, name in _NO_MEDIA:
        if head.lstrip().lower().startswith(magic):
            return name
    if not any(head):
        return "zeros only"
    text = not any(byte < 9 or 13 < byte < 32 for byte in head)
    return "text" if text else "data of no media format that Sensorium reads"


_NO_MEDIA = (
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a ZIP archive"),
)
