"""Events of a vendor's client, read in a thread that is left behind when their time is over."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from engine.common.progress import CancelToken
from engine.errors import ChatFailed

_GLANCE = 0.1
"""Seconds between two looks at whether the caller has cancelled."""
_END = object()


def timed(
    begin: Callable[[], Any],
    *,
    seconds: float,
    cancel: CancelToken | None,
    translate: Callable[[Exception], ChatFailed],
    is_lost: Callable[[Exception], bool] | None = None,
) -> Iterator[Any]:
    """Yield the events of the stream that ``begin`` returns.

    A client's timeout is that of one read, and a server that sends a byte now and then outlasts
    it: so the clock is here.

    Args:
        translate: makes an error of the client ours; its text may hold a key, so that it is not
            passed on.
        is_lost: tells whether an error is a lost connection, for a client that does not ask again
            by itself: where no event has come yet, the stream is begun a second time.

    Raises:
        ChatFailed: ``seconds`` have passed, or as ``translate`` says.
        Cancelled: ``cancel`` was.
    """
    deadline = time.monotonic() + seconds
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    over = threading.Event()
    reading = (begin, events, over, translate, is_lost)
    threading.Thread(target=_read, args=reading, daemon=True).start()
    try:
        while (event := _next(events, deadline, seconds, cancel)) is not _END:
            if isinstance(event, ChatFailed):
                raise event
            yield event
    finally:
        over.set()


def _read(
    begin: Callable[[], Any],
    events: queue.SimpleQueue[Any],
    over: threading.Event,
    translate: Callable[[Exception], ChatFailed],
    is_lost: Callable[[Exception], bool] | None,
) -> None:
    stream, begun = None, False
    try:
        stream = begin()
        for event in stream:
            begun = True
            if over.is_set():
                break
            events.put(event)
        events.put(_END)
    except Exception as error:
        if is_lost is not None and is_lost(error) and not begun and not over.is_set():
            _read(begin, events, over, translate, None)
        else:
            events.put(translate(error))
    finally:
        with suppress(Exception):
            stream.close()  # type: ignore[union-attr]


def _next(
    events: queue.SimpleQueue[Any], deadline: float, seconds: float, cancel: CancelToken | None
) -> Any:
    while True:
        if cancel is not None:
            cancel.check()
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChatFailed(f"the model did not answer within {seconds:g} s")
        with suppress(queue.Empty):
            return events.get(timeout=min(left, _GLANCE))
