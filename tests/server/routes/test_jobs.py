"""Jobs: they index, are watched, cancelled, and outlive the server's death."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine import Library
from engine.common.certificates import trusted_authorities
from engine.errors import LibraryReadOnly
from engine.server.jobs.line import JobLine
from engine.server.options import ServerOptions
from engine.store.job_records import JobRecords
from engine.types.jobs import JobState
from indexers.file_hash import stat_file
from tests import media_files as make
from tests.server.conftest import Served, serving


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    """A folder that jobs may read."""
    return tmp_path_factory.mktemp("allowed").resolve()


@pytest.fixture(scope="module")
def working(media, tmp_path_factory, settings) -> Iterator[Served]:
    """A server over a library that is empty at first."""
    library = tmp_path_factory.mktemp("jobs") / "mine"
    Library.open(library, create=True, encoder="fake", settings=settings).close()
    with serving([library], settings, media, ServerOptions(port=0, roots=(media,))) as running:
        yield running


@pytest.fixture
def gate(monkeypatch) -> Iterator[threading.Event]:
    """Have every file wait to be read until the gate opens."""
    opened = threading.Event()

    def wait(path: Path) -> object:
        opened.wait(30)
        return stat_file(path)

    monkeypatch.setattr("indexers.pipeline.stat_file", wait)
    yield opened
    opened.set()


def folder_of(media: Path, name: str, *colours: str) -> Path:
    folder = media / name
    folder.mkdir()
    height = 30 + len([*media.iterdir()])  # another for each folder: copies are not decoded
    for at, colour in enumerate(colours):
        make.picture(folder / f"{at}.png", colour, size=(20 + at, height))
    return folder


def start(served: Served, wait: float = 20, **body: object) -> dict:
    answer = served.http.post("/api/index", json=body, params={"wait": wait})
    assert answer.status_code == (200 if wait else 202), answer.text
    assert answer.headers["location"] == f"/api/jobs/{answer.json()['job']}"
    return answer.json()


def finished(served: Served, job: dict) -> dict:
    """Return a job when it has ended, by its events."""
    return list(events(served, job))[-1][1]


def events(served: Served, job: dict, **headers: str) -> Iterator[tuple[str, dict, str]]:
    with served.http.stream("GET", job["links"]["events"], headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind = number = ""
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            kind, number = (value, number) if name == "event" else (kind, number)
            number = value if name == "id" else number
            if name == "data":
                yield kind, json.loads(value), number


def test_what_a_job_has_indexed_is_found_at_once(working, media):
    folder = folder_of(media, "first", "red", "blue")
    job = start(working, paths=[str(folder)])
    assert (job["state"], job["kind"], job["library"]) == ("done", "index", "mine")
    assert job["files"] == {"added": 2} and job["result"]["moments"] == 2
    assert working.search("red", top=1)[0]["path"] == str(folder / "0.png")
    assert working.http.get(f"/api/jobs/{job['job']}").json() == job
    assert job in working.http.get("/api/jobs", params={"state": "done"}).json()["jobs"]
    assert job not in working.http.get("/api/jobs", params={"state": "failed"}).json()["jobs"]


def test_without_paths_the_folders_of_before_are_read_anew(working, media):
    folder = folder_of(media, "again", "green")
    start(working, paths=[str(folder)])
    make.picture(folder / "later.png", "white")
    job = start(working)
    assert str(folder) in job["request"]["paths"] and job["files"] == {"added": 1}


def test_files_that_cannot_be_used_are_listed(working, media):
    folder = folder_of(media, "broken", "red")
    (folder / "bad.png").write_bytes((folder / "0.png").read_bytes()[:60])
    job = start(working, paths=[str(folder)])
    assert job["files"] == {"added": 1, "failed": 1}
    of_job = working.http.get(job["links"]["failures"]).json()
    of_library = working.http.get("/api/failures").json()
    assert of_job["failures"][0]["path"] == of_library["failures"][0]["path"]
    assert of_job["total"] == of_library["total"] == 1 and of_library["next"] is None
    make.picture(folder / "bad.png", "black")
    other = {"reason": "there is no such reason"}
    none = working.http.post("/api/failures/retry", json=other, params={"wait": 20}).json()
    assert none["result"]["found"] == 0 and none["request"] == other
    again = working.http.post("/api/failures/retry", json={}, params={"wait": 20}).json()
    assert again["result"]["added"] == 1
    assert working.http.get("/api/failures").json()["total"] == 0


@pytest.mark.parametrize("path", ["/etc", "/", "{media}/../", "{media}/out", "{library}"])
def test_no_other_folder_is_read(working, media, path):
    if not (media / "out").is_symlink():
        (media / "out").symlink_to("/etc")
    asked = path.format(media=media, library=working.library)
    answer = working.http.post("/api/index", json={"paths": [asked]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "path_refused")


def test_a_path_that_is_not_absolute_is_refused(working):
    for path in ("photos", "~/photos", "/a\0b", "file:///etc"):
        answer = working.http.post("/api/index", json={"paths": [path]})
        assert answer.status_code == 400


def test_events_tell_of_progress_until_the_end(working, media, gate):
    job = start(working, wait=0, paths=[str(folder_of(media, "watched", "red", "blue"))])
    seen = []
    for kind, state, number in events(working, job):
        seen.append((kind, state["state"], number))
        gate.set()
    assert seen[0][0] == "progress" and seen[-1][:2] == ("end", "done")
    assert len({number for *_, number in seen}) == len(seen)
    over = working.http.get(job["links"]["events"], headers={"Last-Event-ID": seen[-1][2]})
    assert over.status_code == 204
    assert [kind for kind, *_ in events(working, job, **{"Last-Event-ID": "x"})] == ["end"]


def test_a_client_that_goes_away_is_watched_for_no_more(working, media, gate):
    job = start(working, wait=0, paths=[str(folder_of(media, "left", "red"))])
    next(events(working, job))  # and the connection is closed
    while working.jobs.watched:
        time.sleep(0.005)
    gate.set()
    assert finished(working, job)["state"] == "done"


def test_a_job_that_is_cancelled_ends_and_can_go_on(working, media, gate):
    folder = folder_of(media, "cancelled", *["red"] * 30)
    job = start(working, wait=0, paths=[str(folder)])
    assert any(state["state"] == "running" for _, state, _ in events(working, job))
    working.http.delete(f"/api/jobs/{job['job']}")
    gate.set()
    ended = finished(working, job)
    assert ended["state"] == "cancelled" and ended["files"].get("added", 0) < 30
    again = working.http.post(f"/api/jobs/{job['job']}/resume", params={"wait": 20}).json()
    assert again["state"] == "done" and again["attempts"] == 2 and again["files"]["added"] == 30
    done = working.http.post(f"/api/jobs/{job['job']}/resume")
    assert (done.status_code, done.json()["error"]["code"]) == (409, "job_not_resumable")
    assert working.http.delete(f"/api/jobs/{job['job']}").json()["state"] == "done"


def test_a_second_job_waits_and_can_be_cancelled_there(working, media, gate):
    first = start(working, wait=0, paths=[str(folder_of(media, "one", "red"))])
    second = start(working, wait=0, paths=[str(folder_of(media, "two", "red"))])
    third = start(working, wait=0, paths=[str(folder_of(media, "three", "red"))])
    assert second["state"] == "queued"
    assert working.http.delete(f"/api/jobs/{second['job']}").json()["state"] == "cancelled"
    gate.set()
    assert [finished(working, job)["state"] for job in (first, third)] == ["done", "done"]


def test_a_job_waits_for_another_process_that_writes(working, media):
    with Library.open(working.library) as other, other.store.writer():
        job = start(working, wait=0, paths=[str(folder_of(media, "busy", "red"))])
        stream = events(working, job)
        while "another process" not in next(stream)[1]["message"]:
            pass
        body = {"assets": [1], "add": ["x"]}
        refused = working.http.post("/api/tags", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "library_busy")
    assert [state["state"] for _, state, _ in stream][-1] == "done"


def test_another_process_indexes_while_it_serves(working, media):
    folder = folder_of(media, "beside", "yellow")
    command = [sys.executable, "-m", "sensorium", "index", str(folder), "--library"]
    subprocess.run([*command, str(working.library)], check=True, capture_output=True)
    assert working.search("yellow", top=1)[0]["path"] == str(folder / "0.png")


def test_a_job_that_fails_says_why(working, media):
    folder = folder_of(media, "gone", "red")
    (folder / "0.png").unlink()
    folder.rmdir()
    job = start(working, paths=[str(folder)])
    assert job["state"] == "failed" and job["error"]["code"] == "path_not_found"
    assert str(folder) in job["error"]["message"]


def test_jobs_that_are_not_there_are_not_found(working):
    for path in ("/api/jobs/0123456789abcdef", "/api/jobs/..%2f..%2fx", "/api/jobs/x/events"):
        assert working.http.get(path).status_code == 404
    assert working.http.get("/api/jobs", params={"library": "other"}).status_code == 404


def test_a_server_that_only_reads_starts_no_job(start, made, settings):
    served = start(read_only=True)
    for path, body in (
        ("index", {}),
        ("curate", {"task": "quality"}),
        ("classify", {"labels": ["a"]}),
        ("tags", {"assets": [1], "add": ["a"]}),
        ("exports", {"format": "jsonl"}),
        ("failures/retry", {}),
        ("runs/1/undo", {}),
        ("jobs/0123456789abcdef/resume", None),
    ):
        answer = served.http.post(f"/api/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "read_only"), path
    assert served.http.get("/api/jobs").json() == {"jobs": []}
    assert not (served.library / "jobs").exists()


def test_too_many_jobs_are_told_to_come_later(working, media, gate, monkeypatch):
    monkeypatch.setattr("engine.server.jobs.line._MOST_WAITING", 1)
    folders = [str(folder_of(media, f"many {number}", "red")) for number in range(3)]
    jobs = [start(working, wait=0, paths=[folder]) for folder in folders[:1]]
    while working.http.get(jobs[0]["links"]["self"]).json()["state"] != "running":
        pass
    jobs.append(start(working, wait=0, paths=folders[1:2]))
    refused = working.http.post("/api/index", json={"paths": folders[2:]})
    assert refused.status_code == 429 and "retry-after" in refused.headers
    same = start(working, wait=0, paths=folders[1:2])
    assert same["job"] == jobs[1]["job"], "one that waits does for all who ask for it"
    gate.set()
    assert {finished(working, job)["state"] for job in jobs} == {"done"}


def test_a_server_that_ends_interrupts_its_jobs_and_streams(media, tmp_path, settings, gate):
    library = tmp_path / "ending"
    Library.open(library, create=True, encoder="fake", settings=settings).close()
    folder = folder_of(media, "ending", *["red"] * 20)
    with serving([library], settings, media, ServerOptions(port=0, roots=(media,))) as served:
        job = start(served, wait=0, paths=[str(folder)])
        stream = events(served, job)
        next(stream)
        served.server.shelf.when_ending(gate.set)  # after the jobs were told to stop
        served.server.should_exit = True
        assert len([*stream]) < 20  # it ends
    with Library.open(library, settings=settings) as opened:
        (record,) = opened.jobs.all()
    assert record.state is JobState.INTERRUPTED and record.ended
    with serving([library], settings, media, ServerOptions(port=0)) as served:
        again = served.http.post(f"/api/jobs/{record.job_id}/resume", params={"wait": 20})
        assert again.json()["state"] == "done" and len(served.search("kind:image", top=50)) == 20


@pytest.mark.skipif(os.name != "posix", reason="it kills")
def test_a_job_of_a_server_that_was_killed_is_interrupted_and_goes_on(
    media, tmp_path, settings, monkeypatch
):
    library = tmp_path / "killed"
    Library.open(library, create=True, encoder="fake", settings=settings).close()
    folder = folder_of(media, "killed", *["red"] * 40)
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW_SERVER, str(library), str(media)],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            url = process.stdout.readline().strip()
            with httpx.Client(base_url=url, timeout=60, verify=trusted_authorities()) as http:
                served = Served(url, http, media, library)
                job = start(served, wait=0, paths=[str(folder)])
                while next(events(served, job))[1]["files"].get("added", 0) < 8:
                    pass
        finally:
            process.kill()  # which is what it is about; and one that a failure leaves is waited for
    with Library.open(library, settings=settings) as opened:
        assert opened.jobs.get(job["job"]).state is JobState.INTERRUPTED
        assert not opened.verify(deep=True).problems
    with serving([library], settings, media, ServerOptions(port=0)) as served:
        (record,) = served.http.get("/api/jobs").json()["jobs"]
        assert record["state"] == "interrupted" and record["ended"]
        again = served.http.post(f"/api/jobs/{job['job']}/resume", params={"wait": 20}).json()
        assert again["state"] == "done" and again["result"]["unchanged"] > 0
    with Library.open(library, settings=settings) as opened:
        assert len(opened.store.moment_ids()) == 40 == len([*opened.store.assets()])
        assert not opened.verify(deep=True).problems
    assert sorted(path.suffix for path in (library / "jobs").iterdir()) == [".json"]


_SLOW_SERVER = """
import sys, time
from pathlib import Path
from indexers import commit, pipeline
from engine.server.options import ServerOptions
from engine.server.run import run
commit.COMMIT_ASSETS = 4
stat, seen = pipeline.stat_file, []
def slow(path):
    seen.append(path)
    if len(seen) > 24:
        time.sleep(600)  # until it is killed
    return stat(path)
pipeline.stat_file = slow
options = ServerOptions(port=0, roots=(Path(sys.argv[2]),))
def announce(line):
    print(line.split(" at ")[1].split(";")[0], flush=True)
run([Path(sys.argv[1])], options, announce)
"""


def test_a_job_that_does_not_end_keeps_no_server_from_ending(monkeypatch, tmp_path, settings):
    forever = threading.Event()
    with Library.open(tmp_path / "x", create=True, encoder="fake", settings=settings) as library:
        line = JobLine(library, {"stuck": lambda *_: forever.wait()}, lambda _: None)
        job = line.submit("stuck", {})
        line.close(0.01)
        assert line.get(job.job_id).state in (JobState.RUNNING, JobState.INTERRUPTED)
        forever.set()
        line.close(10)


def test_another_server_of_the_library_sees_the_job_and_leaves_it_alone(
    working, media, settings, gate
):
    job = start(working, wait=0, paths=[str(folder_of(media, "shared", "red"))])
    options = ServerOptions(port=0, roots=(media,))
    with serving([working.library], settings, media, options) as other:
        assert other.http.get(job["links"]["self"]).json()["state"] == "running"
        refused = other.http.delete(job["links"]["self"])
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "job_elsewhere")
        again = other.http.post(f"{job['links']['self']}/resume")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "job_not_resumable")
        gate.set()
        assert finished(other, job)["state"] == "done"


def test_a_library_that_takes_no_writes_starts_no_job(working, monkeypatch):
    def refuse(*_: object) -> None:
        raise LibraryReadOnly("the disk takes no writes")

    monkeypatch.setattr(JobRecords, "create", refuse)
    answer = working.http.post("/api/index", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "library_read_only")


def test_a_job_that_waits_for_another_process_can_be_cancelled(working, media):
    start(working, paths=[str(folder_of(media, "copies", "red"))])
    with Library.open(working.library) as other, other.store.writer():
        body = {"task": "duplicates", "exact": True}
        job = working.http.post("/api/curate", json=body).json()
        while working.http.get(job["links"]["self"]).json()["state"] != "running":
            pass
        working.http.delete(job["links"]["self"])
        assert finished(working, job)["state"] == "cancelled"
    assert working.http.get("/api/runs").json()["runs"] == []


def test_a_stream_is_kept_open_by_lines_that_say_nothing(working, media, gate, monkeypatch):
    monkeypatch.setattr("engine.server.routes.jobs._HEARTBEAT", 0.05)
    job = start(working, wait=0, paths=[str(folder_of(media, "long", "red"))])
    with working.http.stream("GET", job["links"]["events"]) as answer:
        lines = answer.iter_lines()
        while next(lines) != ": the job goes on":
            pass
        metrics = working.http.get("/metrics").text
        assert "sensorium_jobs_live 1.0" in metrics and "sensorium_jobs_watched 1.0" in metrics
        gate.set()
        assert "event: end" in [*lines]
