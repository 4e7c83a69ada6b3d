"""Many readers or one writer."""

from __future__ import annotations

import threading

import pytest

from engine.index.guard import Guard


def started(work) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_readers_are_inside_together():
    guard, both = Guard(), threading.Barrier(2, timeout=60)

    def read():
        with guard.reading():
            both.wait()  # breaks, unless the other one is inside as well

    threads = [started(read) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert not both.broken


def test_a_writer_is_inside_alone():
    guard, inside, seen = Guard(), [], []

    def work(context):
        for _ in range(200):
            with context():
                inside.append(1)
                if context == guard.writing:
                    seen.append(len(inside))
                inside.pop()

    threads = [started(lambda c=c: work(c)) for c in [guard.reading] * 3 + [guard.writing] * 2]
    for thread in threads:
        thread.join()
    assert set(seen) == {1}


def test_a_waiting_writer_goes_before_new_readers():
    guard, order = Guard(), []
    first_inside, leave = threading.Event(), threading.Event()

    def first_reader():
        with guard.reading():
            first_inside.set()
            leave.wait(60)

    def writer():
        with guard.writing():
            order.append("writer")

    def second_reader():
        with guard.reading():
            order.append("reader")

    threads = [started(first_reader)]
    assert first_inside.wait(60)
    threads.append(started(writer))
    while not guard._writers_waiting:  # its thread has been started, and may not have run yet
        pass
    threads.append(started(second_reader))
    leave.set()
    for thread in threads:
        thread.join()
    assert order == ["writer", "reader"]


def test_a_writer_interrupted_while_waiting_keeps_no_reader_out(monkeypatch):
    guard, interrupt, waits = Guard(), threading.Event(), threading.Event()
    changed, wait_for, order = guard._changed, guard._changed.wait_for, []

    def waiting(predicate):
        if threading.current_thread() is not writer:
            waits.set()
            return wait_for(predicate)
        changed.release()  # as waiting does, without being woken for anything else
        interrupt.wait(60)
        changed.acquire()
        raise KeyboardInterrupt

    def write():
        with pytest.raises(KeyboardInterrupt), guard.writing():
            order.append("writer")

    def read():
        with guard.reading():
            order.append("reader")

    with guard.reading():
        monkeypatch.setattr(changed, "wait_for", waiting)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        while not guard._writers_waiting:  # its thread has been started, and may not have run yet
            pass
        reader = threading.Thread(target=read, daemon=True)  # must not outlive a failure
        reader.start()
        assert waits.wait(60)
        with changed:  # to be had once the reader is waiting
            assert order == []
            interrupt.set()
        for thread in (writer, reader):
            thread.join(60)
        assert order == ["reader"]


@pytest.mark.parametrize("side", ["reading", "writing"])
def test_an_error_inside_lets_go(side):
    guard = Guard()
    with pytest.raises(RuntimeError), getattr(guard, side)():
        raise RuntimeError
    with guard.writing():
        pass
