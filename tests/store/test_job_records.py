"""Records of jobs are whole, and tell of processes that are gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.store.job_records import JobRecords
from engine.types.jobs import Job, JobState


@pytest.fixture
def records(tmp_path: Path) -> JobRecords:
    return JobRecords(tmp_path)


def test_a_record_is_read_as_it_was_written(records):
    owner = records.hold()
    job = records.create("index", {"paths": ["/a\udcff"]}, owner.name)
    later = replace(job, state=JobState.RUNNING, files={"added": 3}, failures=({"path": "x"},))
    records.write(later)
    assert records.get(job.job_id) == later and records.all() == [later]
    owner.close()


def test_a_job_of_a_process_that_is_gone_is_interrupted(records):
    owner = records.hold()
    job = records.create("index", {}, owner.name)
    done = replace(records.create("export", {}, owner.name), state=JobState.DONE, ended="x")
    records.write(done)
    assert records.interrupt_abandoned() == []
    owner.close()
    assert records.get(job.job_id).state is JobState.INTERRUPTED
    (interrupted,) = records.interrupt_abandoned()
    assert interrupted.job_id == job.job_id and interrupted.ended
    assert records.interrupt_abandoned() == [] and records.get(done.job_id) == done


def test_what_killed_processes_leave_is_tidied_when_none_lives(records):
    living, dead = records.hold(), records.hold()
    job = records.create("index", {}, living.name)
    (records.folder / "0123456789abcdef.alive").touch()
    (records.folder / f".{job.job_id}.json.tmp").touch()
    (records.folder / job.job_id).mkdir()
    records.interrupt_abandoned()
    left = {path.name for path in records.folder.iterdir()}
    assert "0123456789abcdef.alive" not in left and f".{job.job_id}.json.tmp" in left
    living.close(), dead.close()
    records.interrupt_abandoned()
    assert [path.name for path in records.folder.iterdir()] == [f"{job.job_id}.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"job_id": "x"}', "null"])
def test_a_record_that_is_damaged_is_none(records, content):
    owner = records.hold()
    job = records.create("index", {}, owner.name)
    (records.folder / f"{job.job_id}.json").write_text(content)
    assert records.get(job.job_id) is None and records.all() == []
    owner.close()


def test_ids_lead_to_no_other_file(records, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    for job_id in ("../x", "x", "", "..", "0" * 17, "ABCDEF0123456789"):
        assert records.get(job_id) is None


def test_two_hundred_that_have_ended_are_kept(records, monkeypatch):
    monkeypatch.setattr("engine.store.job_records._KEPT", 2)
    for number in range(4):
        job = Job(f"{number:016}", "export", {}, JobState.DONE, created=str(number), ended="x")
        records.folder.mkdir(exist_ok=True)
        records.write(job)
        (records.folder / f"{number:016}.zip").touch()
    records.create("index", {}, "")
    names = {path.stem for path in records.folder.iterdir()}
    assert {f"{2:016}", f"{3:016}"} < names and len(names) == 3
