"""Ask a server once what it takes, how it wants it put, and how long its vectors are."""

from __future__ import annotations

import hashlib
import io
import json
import wave
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine.common.atomic_write import whole
from engine.encoders.http.client import EmbeddingClient, RequestRefused
from engine.encoders.http.dialects import EmbeddingInput, Row, question, read_rows
from engine.errors import EmbeddingFailed, EncoderUnavailable
from engine.types.arrays import Waveform

RATE = 16_000
"""Samples per second of the sounds that are sent."""
_REVISION = 1
_FOLDER = "http"
_TRIED = ("items", "chat", "strings")
"""Dialects that are tried of a server that nobody knows: the last looks like texts to others."""
_QUALITY = 95


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The facts that are known of a server's model."""

    dialect: str
    dim: int
    takes: tuple[str, ...]
    """Its modalities, of ``text``, ``image`` and ``audio``."""


def facts(client: EmbeddingClient, cache: Path) -> ServerFacts:
    """Return what is known of a server's model, from the cache where it was asked before.

    Raises:
        EncoderUnavailable: the server does not take the model, the address or the key.
        EmbeddingFailed: it does not answer.
    """
    file = _file(client, cache)
    with suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(file.read_text())
        return ServerFacts(known["dialect"], known["dim"], tuple(known["takes"]))
    found = ask(client)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as draft:
            draft.write_text(json.dumps(asdict(found)))
    return found


def forget(client: EmbeddingClient, cache: Path) -> None:
    """Have the server asked anew the next time: another model runs there than before."""
    with suppress(OSError):
        _file(client, cache).unlink(missing_ok=True)


def _file(client: EmbeddingClient, cache: Path) -> Path:
    name = hashlib.blake2b(client.served.name.encode(), digest_size=16).hexdigest()
    return cache / _FOLDER / f"{name}.{_REVISION}.json"


def ask(client: EmbeddingClient) -> ServerFacts:
    """Ask a server what it takes, by some small requests.

    Raises: as ``facts``.
    """
    served = client.served
    known = served.dialect or "texts"
    try:
        (text,) = _rows(client, known, [EmbeddingInput("text", b"a")])
    except RequestRefused as error:
        raise EncoderUnavailable(
            f"encoder {served.name} cannot be used: {error}; is it an embedding server, and is"
            f" {served.model} one of its models?"
        ) from None
    for dialect in (served.dialect,) if served.dialect else _TRIED:
        if dialect != "texts" and _takes(client, dialect, _pictures(), text):
            takes = ["text", "image"]
            takes += ["audio"] if _takes(client, dialect, _sounds(), text) else []
            return ServerFacts(dialect, len(text), tuple(takes))
    return ServerFacts(known, len(text), ("text",))


def _takes(
    client: EmbeddingClient, dialect: str, items: Sequence[EmbeddingInput], text: Row
) -> bool:
    """Tell whether two media have vectors of their own, which lie in the space of texts."""
    try:
        rows = [_rows(client, dialect, [item])[0] for item in items]
        if any(len(row) != len(text) for row in rows) or np.allclose(rows[0], rows[1], atol=1e-6):
            return False
        # A server that does not know `modality` embeds the address as if it were a text.
        as_text = dialect == "strings" and _as_text(client, items[0])
        return as_text is False or not np.allclose(as_text, rows[0], atol=1e-4)
    except (RequestRefused, EmbeddingFailed):
        return False


def _as_text(client: EmbeddingClient, item: EmbeddingInput) -> Row:
    (row,) = _rows(client, "texts", [EmbeddingInput("text", item.data_url.encode())])
    return row


def _rows(client: EmbeddingClient, dialect: str, items: Sequence[EmbeddingInput]) -> list[Row]:
    """Return the rows of a request of the probe, all of them."""
    answer = client.post(question(client.served, dialect, items), persist=False)
    try:
        rows = [row for row in read_rows(answer, dialect, len(items)) if row is not None]
    except ValueError as error:
        raise RequestRefused(client.served.host, 200, f"no embeddings: {error}") from None
    if len(rows) != len(items):
        raise RequestRefused(
            client.served.host, 200, f"{len(rows)} embeddings for {len(items)} items"
        )
    return rows


def _pictures() -> list[EmbeddingInput]:
    return [
        EmbeddingInput("image", as_jpeg(Image.new("RGB", (64, 64), colour)))
        for colour in ("red", "blue")
    ]


def _sounds() -> list[EmbeddingInput]:
    beat = 2 * np.pi * np.arange(RATE) / RATE
    return [
        EmbeddingInput("audio", as_wav((0.3 * np.sin(hertz * beat)).astype(np.float32)))
        for hertz in (200, 3000)
    ]


def as_jpeg(image: Image.Image) -> bytes:
    """Return a picture as it is sent."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def as_wav(samples: Waveform) -> bytes:
    """Return a sound of ``RATE`` as it is sent, in 16 bits."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return stream.getvalue()
