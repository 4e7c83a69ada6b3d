"""Encoding items of many requests together, where each has its own result or its own fault.

An item is prepared (decoded) in a thread of its own, then waits for the encoder, which takes all
that wait, a bounded number at a time. Nothing waits for an item that takes long to decode. Where
nothing else is on its way an item is encoded at once; else it waits a few milliseconds for those
that are being decoded, so that they go together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.server.load.admission import Admission, DeadlineMissed, Overloaded

Raw = TypeVar("Raw")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Bounds of what is encoded together, and of what waits for it."""

    batch: int = 16
    """Items of one call of the encoder."""
    linger: float = 0.004
    """Seconds that an item waits for others that are being prepared."""
    items: int = 1024
    """Items that may be inside, prepared or not; more are refused."""
    nbytes: int = 256 * 2**20
    """Bytes that they may have together."""
    preparing: int = 4
    """Items of one request that are prepared at a time, so that others get their turn."""


@dataclass(slots=True)
class _Waiting(Generic[Prepared, Result]):
    """A prepared item that waits for the encoder."""

    item: Prepared
    result: asyncio.Future[Result]
    since: float
    """On the clock of ``time.monotonic``."""


class Batcher(Generic[Raw, Prepared, Result]):
    """Prepares and encodes items; all methods are called from one event loop.

    Args:
        prepare: makes of one item what the encoder takes, in a thread of ``preparing``.
        encode: returns a result for each of many prepared items, in a thread of ``encoding``.
        preparing: threads that decode, which several batchers may share; None where preparing is
            nothing that takes time.
        encoding: a thread for each call of the encoder that may run at a time. With two, what one
            does in Python runs beside the network of the other.
        on_batch: receives, for each call of the encoder, its items and the seconds that the first
            of them has waited.
    """

    def __init__(
        self,
        prepare: Callable[[Raw], Prepared],
        encode: Callable[[Sequence[Prepared]], Iterable[Result]],
        *,
        preparing: Admission | None,
        encoding: Admission,
        limits: BatchLimits | None = None,
        on_batch: Callable[[int, float], object] = lambda _, __: None,
    ) -> None:
        self._prepare, self._encode = prepare, encode
        self._preparing, self._encoding = preparing, encoding
        self._limits = limits or BatchLimits()
        self._on_batch = on_batch
        self._items = self._nbytes = self._on_their_way = 0
        self._requests: deque[deque[_Waiting[Prepared, Result]]] = deque()
        self._arrived = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._free = asyncio.Semaphore(encoding.workers)
        self._encoding_now: set[asyncio.Task[None]] = set()

    @property
    def items(self) -> int:
        """Items inside: those that are prepared, wait, or are encoded."""
        return self._items

    @property
    def nbytes(self) -> int:
        """Bytes of the items inside, as they came."""
        return self._nbytes

    async def submit(self, items: Sequence[tuple[Raw, int]]) -> list[Result | BaseException]:
        """Return the result of each item, or its fault, in their order.

        Whoever is cancelled here takes the items that wait along.

        Args:
            items: each with its bytes.

        Raises:
            Overloaded: there is no room for them now.
            DeadlineMissed: they take longer together than a request may.
        """
        nbytes = sum(size for _, size in items)
        limits = self._limits
        full = self._items + len(items) > limits.items or self._nbytes + nbytes > limits.nbytes
        # What is larger than all the room there is must not wait for it for ever.
        if full and self._items:
            raise Overloaded
        self._items += len(items)
        self._nbytes += nbytes
        queue: deque[_Waiting[Prepared, Result]] = deque()
        turns = asyncio.Semaphore(limits.preparing)
        try:
            async with asyncio.timeout(self._encoding.seconds):
                passed = (self._pass(raw, queue, turns) for raw, _ in items)
                return await asyncio.gather(*passed, return_exceptions=True)
        except TimeoutError:
            raise DeadlineMissed from None
        finally:
            self._items -= len(items)
            self._nbytes -= nbytes

    async def _pass(
        self, raw: Raw, queue: deque[_Waiting[Prepared, Result]], turns: asyncio.Semaphore
    ) -> Result:
        """Prepare one item, and wait for its result."""
        prepared = await self._prepared(raw, turns)
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(prepared, result, time.monotonic())
        queue.append(waiting)
        if len(queue) == 1:
            self._requests.append(queue)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await result

    async def _prepared(self, raw: Raw, turns: asyncio.Semaphore) -> Prepared:
        if self._preparing is None:
            return self._prepare(raw)
        async with turns:
            self._on_their_way += 1
            try:
                return await self._preparing.run(lambda: self._prepare(raw))
            finally:
                self._on_their_way -= 1
                self._arrived.set()

    async def _run(self) -> None:
        """Encode batch after batch until nothing waits, as many at a time as there are threads."""
        try:
            while self._requests:
                await self._free.acquire()
                await self._linger()
                batch = [*self._taken()]
                encoded = asyncio.create_task(self._encoded(batch))
                self._encoding_now.add(encoded)
                encoded.add_done_callback(self._done)
        finally:
            self._runner = None

    def _done(self, encoded: asyncio.Task[None]) -> None:
        self._encoding_now.discard(encoded)
        self._free.release()

    async def _linger(self) -> None:
        """Wait for items on their way, for a moment, where there is room for them."""
        until = asyncio.get_running_loop().time() + self._limits.linger
        while self._on_their_way and self._waiting < self._share:
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()
            except TimeoutError:
                return

    @property
    def _waiting(self) -> int:
        return sum(map(len, self._requests))

    @property
    def _share(self) -> int:
        """Items of the next call: if one took all that are inside, no other could run beside it."""
        return min(self._limits.batch, -(-self._items // self._encoding.workers))

    def _taken(self) -> Iterator[_Waiting[Prepared, Result]]:
        """Take the next items, one of each request in turn, without those that were given up."""
        for _ in range(self._share):
            if not self._requests:
                return
            queue = self._requests.popleft()
            waiting = queue.popleft()
            if queue:
                self._requests.append(queue)
            if not waiting.result.done():
                yield waiting

    async def _encoded(self, batch: Sequence[_Waiting[Prepared, Result]]) -> None:
        """Encode a batch, and hand out what came of each item."""
        if not batch:
            return
        first = min(waiting.since for waiting in batch)
        self._on_batch(len(batch), time.monotonic() - first)
        items = [waiting.item for waiting in batch]
        results: list[Result | BaseException]
        try:
            results = await self._encoding.run(lambda: self._each(items))
        except (Overloaded, DeadlineMissed) as error:
            results = [error] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.result.done():
                continue  # given up meanwhile
            if isinstance(result, BaseException):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)

    def _each(self, items: Sequence[Prepared]) -> list[Result | BaseException]:
        """Encode items; where that fails, the halves of them, down to the one at fault."""
        try:
            return [*self._encode(items)]
        except Exception as error:
            if len(items) == 1:
                return [error]
        half = len(items) // 2
        return [*self._each(items[:half]), *self._each(items[half:])]
