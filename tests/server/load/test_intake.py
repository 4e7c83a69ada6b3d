"""Bodies that are taken in together are bounded, and who goes away is not worked for."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.exceptions import HTTPException

from engine.common.progress import CancelToken
from engine.server.load.admission import Admission, DeadlineMissed
from engine.server.load.intake import Intake


class Caller:
    """A request of one body, whose caller goes away when it is told to."""

    def __init__(self, body: bytes = b"", chunks: int = 1) -> None:
        self.gone = asyncio.Event()
        self.sent: list[dict] = []
        size = max(1, len(body) // chunks)
        parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        self._messages = [
            {"type": "http.request", "body": part, "more_body": at < len(parts) - 1}
            for at, part in enumerate(parts)
        ]
        self.scope = {"type": "http", "headers": [(b"content-length", b"%d" % len(body))]}

    async def receive(self):
        if self._messages:
            return self._messages.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message) -> None:
        self.sent.append(message)


async def whole(receive) -> int:
    """Read a body, and return its bytes."""
    size = 0
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        size += len(message["body"])
        if not message["more_body"]:
            return size


def run(main) -> None:
    asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.parametrize("body", [b"", b"x" * 10])
def test_a_caller_who_goes_away_ends_the_work(body):
    began = asyncio.Event()
    ended: list[str] = []

    async def app(scope, receive, send) -> None:
        assert await whole(receive) == len(body)
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("gave up")

    async def main() -> None:
        caller, intake = Caller(body), Intake(app)
        task = asyncio.create_task(intake(caller.scope, caller.receive, caller.send))
        await began.wait()
        assert intake.nbytes == len(body)
        caller.gone.set()
        await task
        assert ended == ["gave up"] and intake.nbytes == 0 and not caller.sent

    run(main)


def test_an_answer_that_is_whole_is_not_given_up():
    async def app(scope, receive, send) -> None:
        await whole(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        callers[0].gone.set()
        for _ in range(5):
            await asyncio.sleep(0)  # what an app does after its answer
        done.append(True)

    async def main() -> None:
        callers.append(caller := Caller(b"x"))
        await Intake(app)(caller.scope, caller.receive, caller.send)

    callers: list[Caller] = []
    done: list[bool] = []
    run(main)
    assert done == [True]


def test_an_app_that_waits_for_the_caller_to_go_is_told():
    async def app(scope, receive, send) -> None:
        await whole(receive)
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        waiting.cancel()  # as a stream does that has ended
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def main() -> None:
        caller = Caller(b"x")
        await Intake(app)(caller.scope, caller.receive, caller.send)

    run(main)


def test_bodies_of_all_requests_together_are_bounded():
    gate = asyncio.Event()

    async def app(scope, receive, send) -> None:
        await whole(receive)
        await gate.wait()

    async def main() -> None:
        intake = Intake(app, most=100)
        first, second, third = Caller(b"x" * 60), Caller(b"x" * 60, chunks=3), Caller(b"x" * 30)
        kept = asyncio.create_task(intake(first.scope, first.receive, first.send))
        while intake.nbytes < 60:
            await asyncio.sleep(0)
        with pytest.raises(HTTPException) as refused:
            await intake(second.scope, second.receive, second.send)
        assert refused.value.status_code == 429 and refused.value.headers["Retry-After"] == "1"
        other = asyncio.create_task(intake(third.scope, third.receive, third.send))
        while intake.nbytes < 90:
            await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(kept, other)
        assert intake.nbytes == 0

    run(main)


def test_a_call_that_waits_is_dropped_and_one_that_runs_is_cancelled():
    gate, ran = threading.Event(), []

    async def main() -> None:
        admission = Admission(workers=1, waiting=5, seconds=30)
        token = CancelToken()
        running = asyncio.create_task(admission.run(gate.wait, token))
        while not admission.running:
            await asyncio.sleep(0)
        waiting = asyncio.create_task(admission.run(lambda: ran.append(1)))
        await asyncio.sleep(0)
        for task in (waiting, running):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert token.cancelled and admission.taken == 1  # the thread is not done yet
        gate.set()
        while admission.taken:
            await asyncio.sleep(0)
        assert not ran
        admission.close()

    run(main)


def test_a_call_that_waits_past_its_deadline_never_runs():
    gate, ran = threading.Event(), []

    async def main() -> None:
        admission = Admission(workers=1, waiting=5, seconds=0.02)
        calls = [admission.run(gate.wait), admission.run(lambda: ran.append(1))]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in found] == [DeadlineMissed, DeadlineMissed]
        gate.set()
        while admission.taken:
            await asyncio.sleep(0)
        assert not ran
        admission.close()

    run(main)
