"""Health, readiness, metrics, and a server that has too much to do."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from types import SimpleNamespace

import httpx
import pytest

from engine.server.load.admission import Admission, DeadlineMissed, Overloaded
from engine.server.options import ServerOptions
from engine.server.routes.operations import readyz
from engine.server.run import _listen


def test_it_is_healthy_ready_and_measured(served):
    assert served.http.get("/healthz").json() == {"status": "ok"}
    assert served.http.get("/readyz").json() == {"status": "ready"}
    served.http.get("/api/media/424242")
    page = served.http.get("/metrics").text
    assert 'sensorium_requests_total{method="GET",route="/readyz",status="200"}' in page
    assert 'route="/api/media/{asset}",status="404"' in page and "424242" not in page
    assert 'sensorium_library_moments{library="photos",modality="image"}' in page


def test_a_thread_that_does_not_end_is_not_ready(start, monkeypatch):
    from engine.library.facade import Library

    served, gate = start(seconds=0.1, workers=1), threading.Event()
    usual = Library.run
    monkeypatch.setattr(
        Library, "run", lambda self, query, **more: gate.wait() and usual(self, query)
    )
    try:
        slow = served.http.post("/api/search", json={"text": "red"})
        assert slow.status_code == 504 and slow.json()["error"]["retryable"]
        answer = served.http.get("/readyz")
        while not answer.json()["status"].startswith("wedged"):  # twice the time of a request
            assert answer.status_code == 503
            answer = served.http.get("/readyz")
        assert answer.status_code == 503
        assert served.http.get("/healthz").status_code == 200
    finally:
        gate.set()


@pytest.mark.parametrize("lane", ["speech", "drawing", "cutting", "asking", "speaking"])
def test_a_thread_of_any_lane_that_does_not_end_is_not_ready(lane):
    ended = SimpleNamespace(workers=1, wedged=0)
    lanes = dict.fromkeys(
        ("admission", "speech", "drawing", "cutting", "asking", "speaking"), ended
    )
    state = SimpleNamespace(**lanes, encoding=SimpleNamespace(lanes=[ended]), shelf=())
    setattr(state, lane, SimpleNamespace(workers=1, wedged=1))
    answer = asyncio.run(readyz(SimpleNamespace(app=SimpleNamespace(state=state))))
    assert answer.status_code == 503 and b"wedged: 1 of 7 threads" in answer.body


def test_more_than_may_wait_is_told_to_come_again(start, monkeypatch):
    from engine.library.facade import Library

    served, gate = start(workers=1, waiting=1), threading.Event()
    answers: queue.SimpleQueue[httpx.Response] = queue.SimpleQueue()

    def run(self, query, **more):
        gate.wait()
        raise KeyError

    def ask() -> None:
        answers.put(served.http.post("/api/search", json={"text": "x"}))

    monkeypatch.setattr(Library, "run", run)
    asked = [threading.Thread(target=ask) for _ in range(3)]
    try:
        for thread in asked:
            thread.start()
        answer = answers.get(timeout=60)  # one is worked on, one waits, and whichever came last
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1" and answer.json()["error"]["retryable"]
    finally:
        gate.set()
        for thread in asked:
            thread.join()
    assert [answers.get().status_code for _ in asked[1:]] == [500, 500]


def test_a_call_that_is_given_up_keeps_its_place():
    gate = threading.Event()

    async def main() -> None:
        admission = Admission(workers=1, waiting=0, seconds=0.01)
        with pytest.raises(DeadlineMissed):
            await admission.run(gate.wait)
        with pytest.raises(Overloaded):
            await admission.run(int)
        gate.set()
        while admission.taken:
            await asyncio.sleep(0)
        assert await admission.run(lambda: 3) == 3
        with pytest.raises(TimeoutError, match="its own"):
            await admission.run(raising(TimeoutError("its own")))
        admission.close()

    asyncio.run(main())


def raising(error: BaseException):
    def call() -> None:
        raise error

    return call


def test_an_answer_does_not_wait_for_its_head_to_be_acknowledged():
    with _listen(ServerOptions(port=0)) as listening:
        caller = socket.create_connection(listening.getsockname())
        with caller, listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
