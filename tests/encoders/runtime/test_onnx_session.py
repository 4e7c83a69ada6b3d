"""Exported networks, run by one thread an operator or by one thread a row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import numpy as np
import pytest

from engine.encoders.runtime.onnx_session import ExportedTower, export_module, open_session

ROWS = np.random.default_rng(5).random((37, 6), np.float32)


def _export(out):
    import torch

    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(6, 9), torch.nn.GELU(), torch.nn.Linear(9, 4))
    export_module(
        network.eval(), (torch.zeros(2, 6),), out, inputs={"x": {0: "n"}}, outputs={"y": {0: "n"}}
    )


@pytest.fixture
def exported(settings, tmp_path):
    def made(threads, *, by_rows):
        own = replace(settings, cache=tmp_path, threads=threads)
        return ExportedTower(own, "test/network", _export, by_rows=by_rows)

    return made


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [1, 2, 5, 8, 37])
def test_rows_keep_their_order_however_they_are_shared_out(exported, threads, rows):
    (whole,) = exported(2, by_rows=0).run(x=ROWS[:rows])
    (shared,) = exported(threads, by_rows=8).run(x=ROWS[:rows])
    np.testing.assert_allclose(shared, whole, atol=1e-6)


def test_every_thread_has_its_part(exported):
    network = exported(4, by_rows=8)
    seen = []
    alone = network._alone

    class Watched:
        def run(self, outputs, inputs):
            seen.append(len(inputs["x"]))
            return alone.run(outputs, inputs)

    network.__dict__["_alone"] = Watched()
    network.run(x=ROWS[:8])
    assert sorted(seen) == [2, 2, 2, 2]
    seen.clear()
    network.run(x=ROWS)
    assert sorted(seen) == [5, 8, 8, 8, 8]


def test_threads_that_are_done_go_on_to_the_next_batch(exported):
    """One of two threads is held up in the first batch; the other does all the rest."""
    network = exported(2, by_rows=8)
    alone, held, first = network._alone, Event(), []

    class Watched:
        def run(self, outputs, inputs):
            if not first:
                first.append(inputs)
                assert held.wait(60)
            return alone.run(outputs, inputs)

    network.__dict__["_alone"] = Watched()
    one, other = network.submit(x=ROWS[:8]), network.submit(x=ROWS[8:20])
    (later,) = other.result()
    assert other.ready()
    assert not one.ready()
    held.set()
    (earlier,) = one.result()
    (whole,) = exported(2, by_rows=0).run(x=ROWS[:20])
    np.testing.assert_allclose(np.concatenate([earlier, later]), whole, atol=1e-6)


def test_what_goes_wrong_in_a_part_is_told_when_the_batch_is_collected(exported):
    network = exported(2, by_rows=8)
    pending = network.submit(x=ROWS[:8, :5])
    with pytest.raises(Exception, match="invalid dimensions"):
        pending.result()


def test_one_row_alone_has_all_threads_and_no_second_session(exported):
    network = exported(2, by_rows=8)
    network.run(x=ROWS[:1])
    assert "_alone" not in network.__dict__
    network = exported(2, by_rows=8)
    network.run(x=ROWS[:4])
    network.run(x=ROWS[:1])
    assert "_session" not in network.__dict__


def test_many_may_run_it_at_once(exported):
    network = exported(2, by_rows=8)
    (expected,) = network.run(x=ROWS)
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(lambda _: network.run(x=ROWS)[0], range(24)):
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_session_that_fails_prints_nothing_of_its_own(monkeypatch, capfd):
    """Memory that ran out was a line of log, and another try's, on stdout, beside the error."""
    import onnx
    import onnxruntime

    own = onnxruntime.InferenceSession._create_inference_session

    def fail(session, *given):
        assert session._sess_options.log_severity_level == 4
        own(session, *given)
        raise RuntimeError("std::bad_alloc")

    monkeypatch.setattr(onnxruntime.InferenceSession, "_create_inference_session", fail)
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    same = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([same], "same", [x], [y])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9
    )
    with pytest.raises(RuntimeError, match="bad_alloc"):
        open_session(model.SerializeToString(), onnxruntime.SessionOptions())
    assert capfd.readouterr() == ("", "")
