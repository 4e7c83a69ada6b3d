"""Answers as they are made: from the thread that makes them to the loop that sends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeAlias

from engine.common.progress import CancelToken
from engine.server.asking.asked_question import AskedQuestion
from engine.server.asking.joined_answer import AnsweredSentence, JoinedAnswer
from engine.server.load.admission import Admission

Piece: TypeAlias = AnsweredSentence | JoinedAnswer | Exception | None
"""A sentence; as the last all of the answer, or what went wrong; None where nothing came yet."""
_FIRST = 5.0
"""Seconds in which what goes wrong can still be told by the status of the answer."""
_HEARTBEAT = 10.0
"""Seconds after which a stream says that it goes on, so that proxies keep it open."""


async def whole_answer(asked: AskedQuestion, admission: Admission) -> JoinedAnswer:
    """Return the answer when all of it is there.

    Raises:
        Overloaded, DeadlineMissed: too many are waiting, or it takes too long.
        Exception: as ``AskedQuestion.answer`` says.
    """
    cancel = CancelToken()
    return await admission.run(lambda: asked.answer(lambda _: None, cancel), cancel)


class AnswerStream:
    """One answer that is being made. Its pieces can be gone through once."""

    def __init__(self, asked: AskedQuestion, admission: Admission) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()
        self._first: Piece = None
        self._making = asyncio.create_task(self._make(asked, admission))

    async def _make(self, asked: AskedQuestion, admission: Admission) -> None:
        cancel = CancelToken()
        try:
            answer = await admission.run(lambda: asked.answer(self._put, cancel), cancel)
        except Exception as error:
            self._pieces.put_nowait(error)
        else:
            self._pieces.put_nowait(answer)

    def _put(self, sentence: AnsweredSentence) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody is there to read it
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, sentence)

    async def begin(self) -> None:
        """Wait for the first piece, for a while.

        Raises:
            Exception: what went wrong before there was one.
        """
        try:
            self._first = await self._next(_FIRST)
        except asyncio.CancelledError:
            self._making.cancel()
            raise
        if isinstance(self._first, Exception):
            raise self._first

    async def pieces(self) -> AsyncIterator[Piece]:
        """Yield the sentences as they come, and as the last all of the answer, or what is wrong."""
        piece, self._first = self._first, None
        try:
            while not isinstance(piece, JoinedAnswer | Exception):
                if piece is not None:
                    yield piece
                piece = await self._next(_HEARTBEAT)
                if piece is None:
                    yield None
            yield piece
        finally:
            self._making.cancel()

    async def _next(self, seconds: float) -> Piece:
        try:
            return await asyncio.wait_for(self._pieces.get(), seconds)
        except TimeoutError:
            return None
