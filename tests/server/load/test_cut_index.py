"""An index that is cut under a job costs that job, and neither the server nor the next job."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np
import pytest

from engine import Library
from engine.index.disk import FOLDER
from engine.server.jobs.line import JobLine
from engine.types.jobs import ENDED, JobState

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the signal is taken on Linux")


def test_a_job_whose_index_is_cut_fails_and_the_next_runs(tmp_path, settings):
    file = tmp_path / "lib" / FOLDER / "vectors"
    changed = threading.Condition()

    def read(*_: object) -> dict:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(2**16))
        mapped = np.memmap(file, np.uint8, "r")
        os.truncate(file, 0)
        return {"sum": int(mapped.sum())}

    def notify(_: str) -> None:
        with changed:
            changed.notify_all()

    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as library:
        line = JobLine(library, {"read": read, "other": lambda *_: {}}, notify)
        jobs = [line.submit("read", {}), line.submit("other", {})]
        with changed:
            assert changed.wait_for(
                lambda: all(line.get(job.job_id).state in ENDED for job in jobs), 30
            )
        failed, done = (line.get(job.job_id) for job in jobs)
        line.close(10)
    assert (failed.state, done.state) == (JobState.FAILED, JobState.DONE)
    assert failed.error["code"] == "library_unavailable" and failed.error["retryable"]
    assert "cannot be read: it was cut, or its disk fails" in failed.error["message"]
