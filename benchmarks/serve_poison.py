"""Batches of items of 32 requests, one of which is poisonous.

    python -m benchmarks.serve_poison --data DIR

All 32 are sent at once, an item a request, and go to the encoder together. The 31 must be
answered, the one refused with a 4xx (a picture of one pixel is one, and may be answered), and
`/readyz` must say ready all the while.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import time
import zlib
from pathlib import Path

from benchmarks.common import Row, at_most, command, conclude, data_option, machine, need, scratch
from benchmarks.serving import Connection, Server, serving
from engine.encoders import registry
from engine.library.facade import Library

_ITEMS = 32
_HOURS = 10
_RATE = 8_000


def _png(width: int, height: int) -> bytes:
    """Return a black picture of one bit a pixel, packed as far as that goes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + -(-width // 8))
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _silence() -> bytes:
    """Return ten hours of silence as FLAC."""
    import av
    import numpy as np

    kept, size = io.BytesIO(), 32_768
    with av.open(kept, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=_RATE)
        stream.layout = "mono"
        for number in range(_HOURS * 3600 * _RATE // size):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = _RATE, number * size
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return kept.getvalue()


def _poisons(picture: bytes) -> dict[str, tuple[dict[str, str], tuple[int, ...]]]:
    """Return the poisonous items, each with the statuses that are right for it."""
    refused = 400, 413, 415, 422

    def image(content: bytes) -> dict[str, str]:
        return {"image": base64.b64encode(content).decode()}

    return {
        "a picture of 1x1": (image(_png(1, 1)), (200, *refused)),
        "a JPEG that is cut off": (image(picture[: len(picture) // 4]), refused),
        "noise that is called a JPEG": (image(picture[:20] + bytes(range(256)) * 40), refused),
        "a bomb of 60,000 x 60,000 pixels": (image(_png(60_000, 60_000)), refused),
        "ten hours of silence": ({"audio": base64.b64encode(_silence()).decode()}, refused),
    }


async def _tried(
    server: Server, picture: dict[str, str], poison: dict[str, str]
) -> tuple[list[int], list[int], float]:
    """Return the statuses of the items, the poisonous one last, of /readyz, and the seconds of the
    others."""

    async def one(item: dict[str, str]) -> int:
        nonlocal took
        connection = Connection(server)
        status, _ = await connection.post("/v1/embeddings", json.dumps({"input": [item]}).encode())
        connection.close()
        if item is not poison:
            took = time.perf_counter() - began
        return status

    async def watched() -> None:
        connection = Connection(server)
        while True:
            ready.append((await connection.get("/readyz"))[0])
            await asyncio.sleep(0.05)

    ready: list[int] = []
    took = 0.0
    watch, began = asyncio.create_task(watched()), time.perf_counter()
    statuses = await asyncio.gather(*(one(item) for item in [picture] * (_ITEMS - 1) + [poison]))
    watch.cancel()
    return [*statuses], ready, took


@command(__doc__)
@data_option
def main(data: Path) -> None:
    need(data / "images" / "labels.csv")
    content = next(iter(sorted((data / "images").glob("*.JPEG")))).read_bytes()
    picture = {"image": base64.b64encode(content).decode()}
    body: list[Row] = []
    with scratch() as place:
        Library.open(place / "library", create=True, encoder=registry.default_encoder()).close()
        with serving(place / "library") as server:
            asyncio.run(_tried(server, picture, picture))
            for name, (poison, right) in _poisons(content).items():
                statuses, ready, took = asyncio.run(_tried(server, picture, poison))
                wrong = sum(status != 200 for status in statuses[:-1])
                wrong += sum(status != 200 for status in ready) + (statuses[-1] not in right)
                shown = f"{statuses[:-1].count(200)} answered, the one {statuses[-1]}"
                body.append((name, shown, f"{took:.2f} s", at_most(wrong, 0, "31 and 4xx, ready")))
    conclude(
        f"Of {_ITEMS} requests at once, one has a poisonous item, {machine()}.",
        ("item", "outcome", "the 31 answered in"),
        body,
    )


if __name__ == "__main__":
    main()
