"""Files that say when they were made, each in one of the places that formats have for it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
from PIL import Image, PngImagePlugin

from tests.media import makers

TAKEN, DIGITIZED, CHANGED = 0x9003, 0x9004, 0x0132
OFFSET, OFFSET_TAKEN = 0x9010, 0x9011
ZONES = {
    "UTC": (0, 0),
    "Asia/Tokyo": (9, 9),
    "America/New_York": (-4, -5),
    "Asia/Kathmandu": (5.75, 5.75),
    "Pacific/Kiritimati": (14, 14),
}
"""Five zones, and how many hours each is ahead of UTC in summer and in winter."""
TIMES = (datetime(2024, 6, 30, 22, 30, 0), datetime(2019, 1, 1, 3, 15, 20))


def exif(path: Path, tags: dict[int, str], gps: dict[int, Any] | None = None) -> Path:
    """A picture with these tags of EXIF."""
    block = Image.Exif()
    for tag, value in tags.items():
        (block if tag == CHANGED else block.get_ifd(0x8769))[tag] = value
    for tag, value in (gps or {}).items():
        block.get_ifd(0x8825)[tag] = value
    makers.corners().save(path, exif=block.tobytes())
    return path


def xmp(path: Path, name: str, value: str, element: bool = False) -> Path:
    """A picture whose XMP has one property, as an attribute or as an element."""
    inner = f"><{name}>{value}</{name}></rdf:Description>" if element else f' {name}="{value}"/>'
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description{inner}</rdf:RDF>'
    raw = f"<?xpacket begin=''?>{packet}</x:xmpmeta>".encode()
    if path.suffix == ".gif":
        makers.corners().save(path)
        trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
        block = b"\x21\xff\x0bXMP DataXMP" + raw + trailer
        content = path.read_bytes()
        colours = 13 + (3 << (content[10] & 7) + 1) * (content[10] >> 7)
        path.write_bytes(content[:colours] + block + content[colours:])
    elif path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", raw.decode())
        makers.corners().save(path, pnginfo=info)
    else:
        makers.corners().save(path, xmp=raw)
    return path


def iptc(path: Path, records: dict[int, str]) -> Path:
    """A JPEG with records of IPTC's application block."""
    held = b"".join(
        b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text.encode()
        for number, text in records.items()
    )
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(held)) + held + b"\0" * (len(held) % 2)
    body = b"Photoshop 3.0\0" + block
    stream = io.BytesIO()
    makers.corners().save(stream, "JPEG")
    jpeg = stream.getvalue()
    path.write_bytes(jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + jpeg[2:])
    return path


def png(path: Path, text: str = "", time: datetime | None = None) -> Path:
    """A PNG with a text ``Creation Time``, or with the chunk of its last change."""
    info = PngImagePlugin.PngInfo()
    if text:
        info.add_text("Creation Time", text)
    stream = io.BytesIO()
    makers.corners().save(stream, "PNG", pnginfo=info)
    raw = stream.getvalue()
    if time is not None:
        parts = (time.month, time.day, time.hour, time.minute, time.second)
        body = b"tIME" + struct.pack(">H5B", time.year, *parts)
        chunk = struct.pack(">I", 7) + body + struct.pack(">I", zlib.crc32(body))
        at = raw.index(b"IEND") - 4
        raw = raw[:at] + chunk + raw[at:]
    path.write_bytes(raw)
    return path


def video(path: Path, tags: dict[str, str], **options: str) -> Path:
    """A video of a second with these tags."""
    with av.open(str(path), "w", options=options) as output:
        output.metadata.update(tags)
        stream: Any = output.add_stream("flv" if path.suffix == ".flv" else "mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48)))))
        output.mux(stream.encode(None))
    return path


CODECS = {".m4a": "aac", ".mp3": "libmp3lame", ".wav": "pcm_s16le", ".opus": "libopus"}


def sound(path: Path, tags: dict[str, str], **options: str) -> Path:
    """A sound of half a second with these tags."""
    with av.open(str(path), "w", options=options) as output:
        output.metadata.update(tags)
        rate = 48_000 if path.suffix == ".opus" else 16_000
        codec = CODECS.get(path.suffix, path.suffix[1:])
        stream: Any = output.add_stream(codec, rate=rate, layout="mono")
        makers._mux_sound(output, stream, makers.tone(0.5, rate), rate)
    return path


def table(time: datetime) -> Iterator[tuple[str, Callable[[Path], Path], datetime, bool]]:
    """Files that were made at ``time``, which is a wall clock, or else UTC."""
    colons, iso = time.strftime("%Y:%m:%d %H:%M:%S"), time.isoformat()
    day = time.replace(hour=0, minute=0, second=0)
    year, month = day.replace(month=1, day=1), day.replace(day=1)
    utc = iso + "Z"
    stamp = [29, time.strftime("%Y:%m:%d")], [7, (time.hour, time.minute, time.second)]
    gps = dict([stamp[0], stamp[1]])  # type: ignore[list-item]
    rfc = time.strftime("%a, %d %b %Y %H:%M:%S")
    later = (time + timedelta(days=40)).strftime("%Y:%m:%d %H:%M:%S")
    packed = time.strftime("%Y%m%d"), time.strftime("%H%M%S")
    quicktime = {"com.apple.quicktime.creationdate": iso + "+0900", "creation_time": utc}
    tagged = {"movflags": "use_metadata_tags"}
    yield "taken.jpg", lambda p: exif(p, {TAKEN: colons, CHANGED: later}), time, False
    zoned = {TAKEN: colons, OFFSET_TAKEN: "-07:00"}
    yield "zoned.jpg", lambda p: exif(p, zoned), time, False
    yield "digitized.webp", lambda p: exif(p, {DIGITIZED: colons, CHANGED: later}), time, False
    yield "changed.png", lambda p: exif(p, {CHANGED: colons}), time, False
    yield (
        "unset.jpg",
        lambda p: exif(p, {TAKEN: "0000:00:00 00:00:00", CHANGED: colons}),
        time,
        False,
    )
    yield "changed.tiff", lambda p: exif(p, {CHANGED: colons}), time, False
    yield "gps.jpg", lambda p: exif(p, {}, gps), time, True
    ahead = time + timedelta(hours=5, minutes=30)
    yield "gps_zoned.jpg", lambda p: exif(p, {OFFSET: "+05:30"}, gps), ahead, False
    yield "xmp.jpg", lambda p: xmp(p, "photoshop:DateCreated", iso + "+09:00"), time, False
    yield "xmp.gif", lambda p: xmp(p, "xmp:CreateDate", iso), time, False
    yield "xmp.webp", lambda p: xmp(p, "xmp:CreateDate", iso, True), time, False
    yield "xmp.png", lambda p: xmp(p, "exif:DateTimeOriginal", utc), time, True
    yield "xmp_year.jpg", lambda p: xmp(p, "photoshop:DateCreated", iso[:4]), year, False
    zone = f"{packed[1]}+0900"
    yield "iptc.jpg", lambda p: iptc(p, {55: packed[0], 60: zone}), time, False
    yield "iptc_day.jpg", lambda p: iptc(p, {55: packed[0]}), day, False
    yield "text.png", lambda p: png(p, f"{rfc} +0900"), time, False
    yield "text_gmt.png", lambda p: png(p, f"{rfc} GMT"), time, True
    yield "time.png", lambda p: png(p, time=time), time, True
    yield "utc.mp4", lambda p: video(p, {"creation_time": utc}), time, True
    yield "utc.mov", lambda p: video(p, {"creation_time": utc}), time, True
    yield "local.mov", lambda p: video(p, quicktime, **tagged), time, False
    yield "utc.mkv", lambda p: video(p, {"creation_time": utc}), time, True
    yield "tag.mkv", lambda p: video(p, {"DATE_RECORDED": iso.replace("T", " ")}), time, False
    yield "utc.flv", lambda p: video(p, {"creation_time": utc}), time, True
    yield "day.avi", lambda p: video(p, {"date": iso[:10]}), day, False
    unset = {"creation_time": "1904-01-01T00:00:00Z", "date": iso}
    yield "unset.mp4", lambda p: video(p, unset), time, False
    yield "utc.m4a", lambda p: sound(p, {"creation_time": utc}), time, True
    yield "day.m4a", lambda p: sound(p, {"date": iso}), time, False
    yield "tdrc.mp3", lambda p: sound(p, {"date": iso}), time, False
    yield "tyer.mp3", lambda p: sound(p, {"date": iso[:4]}, id3v2_version="3"), year, False
    yield "tdor.mp3", lambda p: sound(p, {"TDOR": iso[:7]}), month, False
    yield "vorbis.flac", lambda p: sound(p, {"date": iso[:10]}), day, False
    yield "vorbis.opus", lambda p: sound(p, {"date": iso}), time, False
    bext = {"origination_date": iso[:10], "origination_time": iso[11:]}
    yield "bext.wav", lambda p: sound(p, bext, write_bext="1"), time, False
    yield "icrd.wav", lambda p: sound(p, {"date": iso[:10]}), day, False
