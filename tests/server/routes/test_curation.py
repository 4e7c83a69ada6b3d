"""Curation, classification, tags and exports over HTTP: started, read, applied, taken back."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from tests.server.conftest import Served, serving


@pytest.fixture(scope="module")
def served(made, tmp_path_factory, settings) -> Iterator[Served]:
    """A server over a library that its requests change."""
    media, library = made
    allowed = tmp_path_factory.mktemp("sorted").resolve()
    options = ServerOptions(port=0, roots=(allowed,))
    with serving([library], settings, media, options) as running:
        shutil.copy(media / "red.png", media / "copy of red.png")
        post(running, "index", {})
        yield running


def post(served: Served, path: str, body: dict, status: int = 200) -> dict:
    answer = served.http.post(f"/api/{path}", json=body, params={"wait": 20})
    assert answer.status_code == status, answer.text
    return answer.json()


def get(served: Served, path: str, **params: object) -> dict:
    answer = served.http.get(path if path.startswith("/") else f"/api/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(served: Served) -> dict[str, int]:
    return {Path(h["path"]).name: h["asset_id"] for h in served.search("kind:image", top=50)}


def test_copies_are_found_tagged_and_untagged(served):
    job = post(served, "curate", {"task": "duplicates", "exact": True})
    assert job["state"] == "done" and job["kind"] == "duplicates", job
    page = get(served, job["links"]["run"], verdict="duplicate")
    assert page["total"] == 1 and page["findings"] == 2 and page["undo"] is None
    assert page["verdicts"] == {"duplicate": 1, "keeper": 1}
    run = page["run"]
    group = page["page"][0]["group"]
    whole = get(served, f"runs/{run}", groups=True, group=group)
    assert whole["grouped"] == 1 and whole["total"] == 2
    assert [(each["group"], each["findings"]) for each in whole["groups"]] == [(group, 2)]
    assert get(served, f"runs/{run}", group=group + 1)["page"] == []
    applied = post(served, f"runs/{run}/apply", {"action": "tag", "tag": "twice"})
    assert applied["result"] == {"run": run, "done": 1, "passed": []}
    assert {"tag": "twice", "files": 1} in get(served, "tags")["tags"]
    assert len(served.search("tag:twice")) == 1
    assert get(served, f"runs/{run}")["undo"] == "1 tag goes away"
    assert post(served, f"runs/{run}/undo", {})["result"]["lines"] == ["1 tag taken back"]
    assert not served.search("tag:twice")
    again = served.http.post(f"/api/runs/{run}/undo", json={})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_undo")


def test_labels_become_tags_from_a_threshold_on(served):
    body = {"labels": ["red", "green"], "unknown": True, "where": ["kind = image"]}
    job = post(served, "classify", body)
    results = get(served, job["links"]["results"])["results"]
    assert {result["kind"] for result in results} == {"image"}
    red = [result for result in results if result["label"] == "red"]
    counted = get(served, f"classify/{job['job']}/counts")
    assert counted["total"] >= sum(each["at_least"][0] for each in counted["labels"])
    part = get(served, f"classify/{job['job']}", label="red", order="unsure", limit=1)
    held = next(each for each in counted["labels"] if each["label"] == "red")
    assert part["total"] == held["at_least"][0] and part["results"][0]["label"] == "red"
    none = get(served, f"classify/{job['job']}", below=1, limit=1)
    assert none["total"] == counted["total"] - sum(e["at_least"][100] for e in counted["labels"])
    applied = post(served, f"classify/{job['job']}/apply", {"threshold": 0.1, "labels": ["red"]})
    assert applied["result"]["tags"] == len(red) > 0
    assert {"tag": "red", "files": len(red)} in get(served, "tags")["tags"]
    run = applied["result"]["run"]
    assert "library.classify" not in get(served, f"runs/{run}")["command"]
    post(served, f"runs/{run}/undo", {})
    assert not get(served, "tags")["tags"]
    assert served.http.post("/api/classify/0123456789abcdef/apply", json={}).status_code == 404
    wrong = {"labels": ["a"], "where": ["kind is of no sort"]}
    assert served.http.post("/api/classify", json=wrong).status_code == 400


def test_a_map_has_every_file_with_its_place(served):
    found = get(served, "map")
    assert found["total"] == len(found["points"]) and found["library"] == "photos"
    assert {"asset_id", "moment_id", "path", "kind", "x", "y"} == found["points"][0].keys()
    assert len(get(served, "map", of="sounds", most=1)["points"]) == 1
    assert served.http.get("/api/map?of=smells").status_code == 400
    assert served.http.get("/api/map?where=kind+is+odd").status_code == 400


def test_findings_come_in_pages(served):
    run = post(served, "curate", {"task": "select", "count": 3, "modality": "image"})["result"]
    first = get(served, f"runs/{run['run']}", limit=2)
    second = get(served, f"runs/{run['run']}", limit=2, skip=first["next"])
    assert [len(page["page"]) for page in (first, second)] == [2, 1] and second["next"] is None
    for link in ("thumbnail", "media"):
        assert served.http.get(first["page"][0][link]).status_code == 200
    listed = get(served, "runs", limit=1)
    assert listed["runs"][0]["run"] == run["run"] and listed["runs"][0]["findings"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {"task": "clusters", "modalities": ["image"], "k": 2},
        {"task": "semdedup", "eps": 0.01},
        {"task": "quality", "kinds": ["image"]},
        {"task": "leaks"},
        {"task": "captions"},
        {"task": "outliers", "modalities": ["image"]},
    ],
    ids=lambda body: body["task"],
)
def test_each_task_ends_with_a_run_or_says_why_not(served, body):
    job = post(served, "curate", body)
    if job["state"] == "failed":  # of so small a library
        assert job["error"]["code"] in ("usage_error", "extra_missing"), job
        assert "run" not in job["links"]
    else:
        assert get(served, job["links"]["run"])["kind"] == job["kind"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"task": "delete"},
        {"task": "select"},
        {"task": "outliers", "out": "/tmp/x.csv"},
        {"task": "semdedup", "eps": 0.1, "seed": 2**31},
    ],
    ids=str,
)
def test_a_task_that_is_none_is_refused(served, body):
    answer = served.http.post("/api/curate", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_a_task_that_is_missing_or_unknown_is_named_with_those_that_there_are(served):
    def refused(body: dict) -> dict:
        return served.http.post("/api/curate", json=body).json()["error"]

    missing, unknown = refused({}), refused({"task": "wash"})
    assert missing["param"] == unknown["param"] == "task"
    assert missing["message"] == "task: Field required"
    assert unknown["message"].startswith("task: Input should be 'duplicates', ")


def test_files_are_moved_below_allowed_folders_alone(served):
    run = post(served, "curate", {"task": "duplicates", "exact": True})["result"]["run"]
    for to in ("/tmp/elsewhere", str(served.media), "relative", "/etc"):
        answer = served.http.post(f"/api/runs/{run}/apply", json={"action": "move", "to": to})
        assert answer.status_code in (400, 403), to
    (allowed,) = served.options.roots
    moved = post(served, f"runs/{run}/apply", {"action": "move", "to": str(allowed / "twice")})
    assert moved["result"]["done"] == 1 and len([*(allowed / "twice").iterdir()]) == 1
    assert "goes back" in get(served, f"runs/{run}")["undo"]
    post(served, f"runs/{run}/undo", {})
    assert not (allowed / "twice").exists()


def test_runs_that_are_not_there_are_not_found(served):
    for method, path in (("GET", "runs/99"), ("POST", "runs/99/undo"), ("POST", "runs/99/apply")):
        body = {"action": "tag"} if path.endswith("apply") else {}
        answer = served.http.request(method, f"/api/{path}", json=None if method == "GET" else body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")


def test_filters_and_runs_that_cannot_be_used_start_no_job(served):
    for path, body in (("curate", {"task": "quality"}), ("exports", {"format": "jsonl"})):
        answer = served.http.post(f"/api/{path}", json={**body, "where": ["kind ="]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query_syntax")
    answer = served.http.post("/api/exports", json={"format": "jsonl", "run": 99})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")


# --- classification -------------------------------------------------------------------


def test_files_get_labels_which_are_read_in_pages(served):
    body = {"labels": ["red", "green", "blue"], "kinds": ["image"], "apply_tags": True}
    job = post(served, "classify", body)
    assert job["state"] == "done", job
    assert job["result"]["files"] == 4 and job["result"]["tags"] == 4
    first = get(served, job["links"]["results"], limit=3)
    rest = get(served, job["links"]["results"], limit=3, skip=first["next"])
    assert len(first["results"]) == 3 and len(rest["results"]) == 1 and rest["next"] is None
    found = {Path(row["file"]).name: row["label"] for row in (*first["results"], *rest["results"])}
    assert found["red.png"] == found["copy of red.png"] == "red"
    assert {"tag": "red", "files": 2} in get(served, "tags")["tags"]
    post(served, f"runs/{job['result']['run']}/undo", {})
    assert not {"red", "green"} & {row["tag"] for row in get(served, "tags")["tags"]}


def test_labels_that_cannot_be_used_are_refused_at_once(served):
    for labels in ([], ["a", "a"], "/etc/passwd", [" "]):
        assert served.http.post("/api/classify", json={"labels": labels}).status_code == 400
    for more in ({"examples": "/etc"}, {"templates": "/etc/passwd"}, {"out": "/tmp/x"}):
        answer = served.http.post("/api/classify", json={"labels": ["a"], **more})
        assert answer.status_code == 400


# --- tags -----------------------------------------------------------------------------


def test_tags_are_given_and_taken_and_that_is_taken_back(served):
    red, green = (numbers(served)[name] for name in ("red.png", "green.png"))
    given = post(served, "tags", {"assets": [red, green], "add": ["warm", "old"]})
    assert (given["given"], given["taken"]) == (4, 0)
    changed = post(served, "tags", {"assets": [red, green], "add": ["cold"], "remove": ["warm"]})
    assert (changed["given"], changed["taken"]) == (2, 2)
    assert not served.search("tag:warm") and len(served.search("tag:cold")) == 2
    post(served, f"runs/{changed['run']}/undo", {})
    assert not served.search("tag:cold") and len(served.search("tag:warm")) == 2
    same = post(served, "tags", {"assets": [red], "add": ["warm"]})
    assert same == {"run": None, "given": 0, "taken": 0}
    post(served, "tags", {"assets": [red, green], "remove": ["warm", "old"]})
    assert not {"warm", "old"} & {row["tag"] for row in get(served, "tags")["tags"]}


def test_tags_of_what_is_not_there_are_refused(served):
    red = numbers(served)["red.png"]
    answer = served.http.post("/api/tags", json={"assets": [red, 9999], "add": ["x"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "asset_not_found")
    for body in ({"add": [" "]}, {"add": ["x"], "remove": ["x"]}, {}):
        assert served.http.post("/api/tags", json={"assets": [red], **body}).status_code == 400
    assert not served.search("tag:x")


def test_a_library_is_counted(served):
    (counted,) = get(served, "stats", library="photos")["libraries"]
    assert counted["assets"]["image"] == 4 and counted["roots"] == [str(served.media)]
    assert get(served, "stats")["libraries"] == [counted] and counted["library"] == "photos"
    assert served.http.get("/api/stats", params={"library": "x"}).status_code == 404


def test_several_libraries_are_read_at_once(served, tmp_path, settings):
    red = numbers(served)["red.png"]
    run = post(served, "tags", {"assets": [red], "add": ["both"]})["run"]
    copy = tmp_path / "more photos"
    shutil.copytree(served.library, copy)
    options = ServerOptions(port=0, read_only=True)
    with serving([served.library, copy], settings, served.media, options) as both:
        assert {"tag": "both", "files": 2} in get(both, "tags")["tags"]
        names = [each["library"] for each in get(both, "stats")["libraries"]]
        assert names == ["photos", "more photos"]
        runs = [each for each in get(both, "runs")["runs"] if each["run"] == run]
        assert [each["library"] for each in runs] == ["photos", "more photos"]
        assert get(both, "failures")["total"] == 0
        page = get(both, f"runs/{run}", library="more photos")
        assert "library=more%20photos" in page["page"][0]["media"]
        assert both.http.get(page["page"][0]["media"]).status_code == 200
        assert len(get(both, "jobs")["jobs"]) == 2 * len(
            get(both, "jobs", library="photos")["jobs"]
        )
    post(served, f"runs/{run}/undo", {})


# --- exports --------------------------------------------------------------------------


def test_an_export_is_an_archive_that_can_be_fetched_in_parts(served):
    job = post(served, "exports", {"format": "jsonl", "kinds": ["image"]})
    assert job["state"] == "done", job
    whole = served.http.get(job["links"]["download"])
    assert whole.headers["content-type"] == "application/zip"
    assert len(whole.content) == job["result"]["bytes"]
    part = served.http.get(job["links"]["download"], headers={"Range": "bytes=4-9"})
    assert part.status_code == 206 and part.content == whole.content[4:10]
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
        assert {"README.md", "SHA256SUMS"} <= set(archive.namelist())
        assert str(served.library) not in archive.read("README.md").decode()
    assert served.http.delete(job["links"]["download"]).status_code == 204
    gone = served.http.get(job["links"]["download"])
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "result_gone")


def test_three_exports_are_kept(served):
    links = [post(served, "exports", {"format": "jsonl"})["links"]["download"] for _ in range(4)]
    assert [served.http.get(link).status_code for link in links] == [410, 200, 200, 200]
    left = {path.suffix for path in (served.library / "jobs").iterdir()}
    assert left <= {".json", ".zip", ".jsonl", ".alive"}


def test_an_export_reads_no_file_that_a_query_names(served):
    body = {"format": "jsonl", "query": "red + /etc/passwd"}
    answer = served.http.post("/api/exports", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "path_refused")


def test_what_is_no_result_is_told_so(served):
    job = post(served, "index", {})["job"]
    for path in (f"exports/{job}", f"classify/{job}"):
        answer = served.http.get(f"/api/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_result")
    assert served.http.get("/api/exports/0123456789abcdef").status_code == 404


# --- who may do what --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "allowed"),
    [
        ("index", {}, "index"),
        ("exports", {"format": "jsonl"}, "index"),
        ("jobs/0123456789abcdef/resume", None, "index"),
        ("failures/retry", {}, "index"),
        ("curate", {"task": "quality"}, "tag"),
        ("classify", {"labels": ["a"]}, "tag"),
        ("tags", {"assets": [1], "add": ["x"]}, "tag"),
        ("runs/1/apply", {"action": "tag"}, "tag"),
        ("runs/1/apply", {"action": "move", "to": "/"}, "admin"),
        ("files/place", {"assets": [1], "how": "move", "to": "/"}, "admin"),
        ("runs/1/undo", {}, "tag"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_token_does_what_its_scopes_say(guarded, path, body, allowed):
    for scope in ("read", "tag", "index"):
        headers = {"Authorization": f"Bearer {scope * 8}"}
        answer = guarded.http.post(f"/api/{path}", json=body, headers=headers)
        missing = answer.status_code == 403 and answer.json()["error"]["code"] == "scope_missing"
        assert missing == (scope != allowed), (scope, answer.text)


@pytest.fixture(scope="module")
def guarded(made, settings) -> Iterator[Served]:
    """A server that asks for tokens, over a library of the others."""
    media, library = made
    tokens = tuple(BearerToken.make(scope * 8, scope) for scope in ("read", "tag", "index"))
    with serving([library], settings, media, ServerOptions(port=0, tokens=tokens)) as running:
        yield running


# --- the page of the API ----------------------------------------------------------------


def test_every_route_of_jobs_has_examples_and_says_its_scope(served):
    page = get(served, "openapi.json")
    for path in ("index", "curate", "classify", "tags", "exports"):
        post_of = page["paths"][f"/api/{path}"]["post"]
        scope = "index" if path in ("index", "exports") else "tag"
        assert scope in post_of["security"][0]["token"]
        schema = post_of["requestBody"]["content"]["application/json"]["schema"]
        named = page["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        assert named["examples"], path
    assert json.dumps(page).count("/api/jobs/{job}/events") == 1
