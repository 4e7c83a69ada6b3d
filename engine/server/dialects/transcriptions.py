"""Transcription by the route of OpenAI's clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import File, Form, Request, UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from engine.common.progress import CancelToken
from engine.errors import ExtraMissing, InvalidQuery
from engine.library.facade import Library
from engine.server.asking.events import event
from engine.server.dialects.transcription_schemas import TranscriptionAnswer
from engine.server.load.admission import Admission
from engine.server.problems import Problem
from engine.server.routes.routers import ReadRouter
from engine.server.routes.unreadable import unreadable

if TYPE_CHECKING:
    from engine.query.transcription import Transcription

router = ReadRouter("embeddings")
SECONDS = 600.0
"""Seconds that a transcription may take, as many as OpenAI's clients wait."""
WAITING = 8
"""Recordings that wait while one is transcribed."""
_Format = Literal["json", "text", "srt", "verbose_json", "vtt"]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": TranscriptionAnswer,
        "content": {"text/plain": {}, "text/event-stream": {}},
        "description": "The words; as text for `text`, `srt` and `vtt`; as events for `stream`.",
    },
}


@router.post("/v1/audio/transcriptions", responses=_RESPONSES, response_model=None)
async def transcriptions(
    request: Request,
    file: Annotated[UploadFile, File(description="A sound, or a video.")],
    model: Annotated[str, Form(description="Any name: there is one model.")] = "whisper-1",  # noqa: ARG001
    response_format: Annotated[_Format, Form()] = "json",
    timestamp_granularities: Annotated[
        list[Literal["word", "segment"]], Form(alias="timestamp_granularities[]")
    ] = [],  # noqa: B006
    stream: Annotated[bool, Form(description="Send a sentence at a time, as events.")] = False,
    include: Annotated[list[str], Form(alias="include[]")] = [],  # noqa: B006
    library: Annotated[str | None, Form(description="Whose speech bridge; the first's.")] = None,
) -> Response:
    """Write down what is said in a recording: `json`, `text`, `srt`, `vtt` or `verbose_json`."""
    chosen: Library = request.app.state.shelf.library(library)
    words = "word" in timestamp_granularities
    if words and response_format != "verbose_json":
        message = "timestamp_granularities is for response_format=verbose_json alone"
        raise Problem(400, "invalid_request", message, "timestamp_granularities")
    if include:
        message = f"include: {', '.join(include)} cannot be had here"
        raise Problem(400, "invalid_request", message, "include")
    if stream and response_format not in ("json", "text"):
        message = "stream sends words alone: response_format is json or text beside it"
        raise Problem(400, "invalid_request", message, "stream")
    content, cancel = await file.read(), CancelToken()
    timed = words or stream or response_format in ("srt", "vtt", "verbose_json")
    speech: Admission = request.app.state.speech
    found = await speech.run(lambda: _transcribed(chosen, content, timed, cancel), cancel)
    if stream:
        return StreamingResponse(_events(found), media_type="text/event-stream")
    if response_format in _TEXTS:
        return PlainTextResponse(_TEXTS[response_format](found))
    if response_format == "json":
        return JSONResponse({"text": found.text, "usage": _usage(found)})
    return JSONResponse(_verbose(found, words, timestamp_granularities))


def _transcribed(
    library: Library, content: bytes, timed: bool, cancel: CancelToken
) -> Transcription:
    try:
        return library.transcribe(content, words=timed, cancel=cancel)
    except InvalidQuery as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise unreadable(error, f"the recording cannot be read: {reason}", "file") from error
    except ExtraMissing as error:
        raise Problem(501, error.code, str(error), "model") from error


def _events(found: Transcription) -> Iterator[str]:
    """Yield the sentences as OpenAI's clients read a stream; they come when all are known."""
    for at, sentence in enumerate(found.sentences):
        yield event({"type": "transcript.text.delta", "delta": f"{' ' * (at > 0)}{sentence.text}"})
    yield event({"type": "transcript.text.done", "text": found.text, "usage": _usage(found)})


def _usage(found: Transcription) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(found.duration, 3)}


def _verbose(
    found: Transcription, words: bool, granularities: list[Literal["word", "segment"]]
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "task": "transcribe", "language": found.language or "unknown",
        "duration": round(found.duration, 3), "text": found.text, "usage": _usage(found),
    }  # fmt: skip
    if "segment" in granularities or not granularities:
        document["segments"] = [
            {
                "id": at, "start": round(s.start, 3), "end": round(s.end, 3), "text": s.text,
                "seek": 0, "tokens": [], "temperature": 0.0, "avg_logprob": 0.0,
                "compression_ratio": 1.0, "no_speech_prob": 0.0,
            }
            for at, s in enumerate(found.sentences)
        ]  # fmt: skip
    if words:
        document["words"] = [
            {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
            for sentence in found.sentences
            for word in sentence.words
        ]
    return document


_TEXTS: dict[str, Callable[[Transcription], str]] = {
    "text": lambda found: f"{found.text}\n",
    "srt": lambda found: found.to_srt(),
    "vtt": lambda found: found.to_vtt(),
}
