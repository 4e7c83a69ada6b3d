"""The formats that the first bytes of a file name, as pure functions of those bytes.

Containers come before the frames that lie in them: a program stream with MP2, a transport
stream with AAC and an MP4 with MP3 all begin with bytes that a search for frames of sound
would find as well.
"""

from __future__ import annotations

import re

from engine.media.audio_sync import framed_audio
from engine.types import Kind, MediaType

ID3_HEADER = 10
"""Bytes of the header of an ID3 tag."""

_IMAGE_BRANDS = {
    b"avif": "avif",
    b"avis": "avif",
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"), "heic"),
    b"msf1": "heic",
}
_IMAGE_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"DDS |\0\0\0", "dds"),
    (b"qoif", "qoi"),
    (b"\x01\xda\x00\x01", "sgi"),
    (b"\x01\xda\x00\x02", "sgi"),
    (b"\x01\xda\x01\x01", "sgi"),
    (b"\x01\xda\x01\x02", "sgi"),
    (b"\x59\xa6\x6a\x95", "sun"),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_NETPBM = re.compile(rb"P(?:[1-6](?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+\d+\s|[fF]\s+\d+\s+\d+\s)")
_NAMED_IMAGES = {".tga": "tga", ".targa": "tga", ".vda": "tga", ".icb": "tga", ".pcx": "pcx"}
"""Pictures whose first bytes are too plain to be believed under any other name."""

_CONTAINER_MAGIC = (
    (b"OggS", "ogg"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d", "wtv"),
    (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", "w64"),
    (b"\0\0\x01\xba", "mpeg"),
    (b"\0\0\x01\xb3", "mpeg"),
    (b"\0\0\0\0\x01\xbc", "gxf"),
    (b"caff\0\x01", "caf"),
    (b".snd\0\0", "au"),
    (b"#!AMR", "amr"),
    (b"wvpk", "wv"),
    (b"TTA1", "tta"),
    (b"TTA2", "tta"),
    (b"MAC ", "ape"),
    (b"MPCK", "mpc"),
    (b"MP+", "mpc"),
    (b"tBaK", "tak"),
    (b"ajkg", "shn"),
    (b"DSD \x1c\0\0\0", "dsf"),
    (b"FRM8", "dsdiff"),
    (b"Creative Voice File\x1a", "voc"),
    (b"NIST_1A\n", "nistsphere"),
    (b".SoX", "sox"),
    (b"XoS.", "sox"),
    (b"ea3\x03", "oma"),
    (b"EA3\x01", "oma"),
    (b"nut/multimedia container\0", "nut"),
    (b"DKIF\0\0", "ivf"),
    (b".RMF\0\0\0", "rm"),
    (b".RMP", "rm"),
    (b".ra\xfd\0", "rm"),
    (b"\xc0\xde\xc2\0", "codec2"),
    (b"YUV4MPEG2 ", "yuv4mpegpipe"),
    (b"NSVf", "nsv"),
    (b"NSVs", "nsv"),
    (b"SMK2", "smk"),
    (b"SMK4", "smk"),
    (b"BIKb", "bink"),
    (b"BIKf", "bink"),
    (b"BIKg", "bink"),
    (b"BIKi", "bink"),
    (b"\x84\x10\xff\xff\xff\xff", "roq"),
    (b"BBCD\0", "dirac"),
    (b"\0\nSMJPEG", "smjpeg"),
    (b"FILM\0\0", "film"),
)
_RIFF_CONTAINERS = {b"AVI ": "avi", b"AMV ": "amv", b"CDXA": "mpeg", b"XWMA": "xwma"}
_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip")
"""Atoms that QuickTime files begin with that are older than ``ftyp``."""
_MXF_PACK = b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01"
"""The key of a header partition, which a run-in may precede."""
_RUN_IN = 8192

_WEAK_MAGIC = (
    (re.compile(rb"\0\0\0?\x01[\x27\x47\x67\x09]"), "h264"),
    (re.compile(rb"\0\0\0?\x01[\x40\x42\x44\x46]\x01"), "hevc"),
    (re.compile(rb"\0\0\x01[\xb0\xb5]"), "m4v"),
    (re.compile(rb"\x0b\x77|\x77\x0b"), "ac3"),
    (re.compile(rb"\x7f\xfe\x80\x01|\xfe\x7f\x01\x80|\x1f\xff\xe8\0|\xff\x1f\0\xe8"), "dts"),
    (re.compile(rb"\x1f\x07\0[\x3f\xbf]"), "dv"),
    (re.compile(rb"\x56[\xe0-\xff]"), "latm"),
    (re.compile(rb".{4}\xf8\x72\x6f[\xba\xbb]", re.DOTALL), "mlp"),
    (re.compile(rb"\x12\0\x0a"), "obu"),
    (re.compile(rb".{4}[\x11\x12]\xaf", re.DOTALL), "flic"),
    (re.compile(rb"FORM.{4}(?:8SVX|16SV|MAUD)", re.DOTALL), "iff"),
    (re.compile(rb"[FC]WS[\x01-\x32]"), "swf"),  # most hold drawings and a program
)
"""First bytes that data of other kinds has as well: FFmpeg must find a stream there."""

_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet, and of what is before its sync byte where a file begins with a packet."""
_LEAST_SYNCS, _MOST_SYNCS = 4, 40
_LEAST_CUT_SYNCS = 8
"""Sync bytes that must follow one another where a file begins in the middle of a packet."""


def by_magic(head: bytes, suffix: str) -> MediaType | None:
    """Return the format that the first bytes name; ambiguous containers are called videos."""
    if name := _image(head, suffix):
        return MediaType(Kind.IMAGE, name)
    body = head[ID3_HEADER:] if _is_tagged(head) else head
    if name := _container(body):
        return MediaType(Kind.VIDEO, name)
    if name := _sound(head, body):
        return MediaType(Kind.AUDIO, name)
    return None


def by_frames(head: bytes) -> MediaType | None:
    """Return the format of a sound without a header, by frames that follow one another."""
    tagged = _is_tagged(head)
    name = framed_audio(head[ID3_HEADER:] if tagged else head) or ("mp3" if tagged else None)
    return MediaType(Kind.AUDIO, name) if name else None


def weak_container(head: bytes) -> str | None:
    """Return the format that the first bytes hint at, where other data could have them too."""
    for magic, name in _WEAK_MAGIC:
        if magic.match(head):
            return name
    if _is_transport_stream_cut(head):
        return "mpegts"
    return "mpeg" if _is_program_stream_cut(head) else None


def _is_tagged(head: bytes) -> bool:
    return head.startswith(b"ID3") and len(head) > ID3_HEADER


def _image(head: bytes, suffix: str) -> str | None:
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
    if _NETPBM.match(head):
        return "netpbm"
    if head[:4] == b"\0\0\1\0" and head[5:6] == b"\0" and head[4:5] > b"\0" and head[9:10] == b"\0":
        return "ico" if suffix == ".ico" or head[12:14] in (b"\x20\0", b"\x08\0") else None
    named = _NAMED_IMAGES.get(suffix)
    plain = _looks_like_pcx(head) if named == "pcx" else named and _looks_like_tga(head)
    return named if plain else None


def _looks_like_tga(head: bytes) -> bool:
    fits = len(head) > 18 and head[1] in (0, 1) and head[2] in (1, 2, 3, 9, 10, 11)
    return fits and head[16] in (1, 8, 15, 16, 24, 32) and any(head[12:14]) and any(head[14:16])


def _looks_like_pcx(head: bytes) -> bool:
    return len(head) > 128 and head[0] == 10 and head[1] in (0, 2, 3, 4, 5) and head[3] in _PCX_BITS


_PCX_BITS = (1, 2, 4, 8)


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of an ISO base media file, the major one first."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]


def _sound(head: bytes, body: bytes) -> str | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] in (b"WAVE", b"RMP3"):
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    return "flac" if body.startswith(b"fLaC") else None


def _container(head: bytes) -> str | None:
    """Return the format of a file that holds pictures, sound or both."""
    for magic, name in _CONTAINER_MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] in _RIFF_CONTAINERS:
        return _RIFF_CONTAINERS[head[8:12]]
    if head[4:8] == b"ftyp":
        return _iso_format(head[8:12])
    if head[4:8] in _QUICKTIME_ATOMS and int.from_bytes(head[:4], "big") in range(8, 2**31):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if _MXF_PACK in head[:_RUN_IN]:
        return "mxf"
    return "mpegts" if _is_transport_stream(head) else None


def _iso_format(brand: bytes) -> str:
    if brand == b"qt  ":
        return "mov"
    if brand[:2] == b"3g":
        return "3gp"
    return "m4a" if brand in (b"M4A ", b"M4B ") else "mp4"


def _is_transport_stream(head: bytes) -> bool:
    """Tell whether a file begins with a packet, and sync bytes follow at its distance."""
    for step, first in _TS_PACKETS:
        syncs = head[first::step][:8]
        if len(syncs) >= _LEAST_SYNCS and set(syncs) == {0x47}:
            return True
    return False


def _is_transport_stream_cut(head: bytes) -> bool:
    """Tell whether sync bytes follow at the distance of packets from anywhere in the first one."""
    for step, _ in _TS_PACKETS:
        for first in range(1, step):
            if head[first : first + 1] == b"\x47":
                syncs = head[first::step][:_MOST_SYNCS]
                if len(syncs) >= _LEAST_CUT_SYNCS and set(syncs) == {0x47}:
                    return True
    return False


def _is_program_stream_cut(head: bytes) -> bool:
    """Tell whether a pack of a program stream begins further in, with a header after it."""
    at = head.find(b"\0\0\x01\xba")
    if at < 0:
        return False
    mpeg2 = at + 13 < len(head) and head[at + 4] >> 6 == 1
    after = at + 14 + (head[at + 13] & 7) if mpeg2 else at + 12
    return head[after : after + 3] == b"\0\0\x01" and head[after + 3 : after + 4] >= b"\xb9"
