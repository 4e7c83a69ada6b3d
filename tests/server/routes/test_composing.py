"""Pages that are made over HTTP: begun as jobs, kept, and shown without running anything."""

from __future__ import annotations

import pytest


def begin(served, path: str, **body):
    return served.http.post(f"/api/{path}", json=body, params={"wait": 25})


def test_a_story_of_files_is_a_page_of_these_alone(served):
    hits = served.http.get("/api/assets").json()["assets"]
    known = {hit["path"].rpartition("/")[2]: hit["asset_id"] for hit in hits}
    answer = begin(served, "stories", asked="Two days", assets=[known["red.png"]])
    job = answer.json()
    assert (answer.status_code, job["state"], job["result"]["items"]) == (200, "done", 1)
    page = served.http.get(job["links"]["page"])
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].endswith("sandbox")
    assert "Two days" in page.text and "red.png" in page.text and "green.png" not in page.text


def test_a_lesson_without_enough_moments_is_no_page(served):
    job = begin(served, "lessons", topic="how a volcano erupts").json()
    assert job["state"] == "done" and job["result"]["found"] is False
    assert "page" not in job["links"]
    refused = served.http.get(f"/api/pages/{job['job']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_result")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("reports", {"asset": 424242}, 404), ("stories", {"asked": ""}, 400),
        ("lessons", {"topic": "red", "level": "nursery"}, 400),
        ("stories", {"asked": "like:/etc/passwd"}, 400), ("pages/none", None, 404),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(served, path, body, status):
    made = served.http.get(f"/api/{path}") if body is None else begin(served, path, **body)
    assert made.status_code == status, made.text


def test_a_picture_has_no_report(served):
    hits = served.http.get("/api/assets", params={"kind": "image"}).json()["assets"]
    refused = begin(served, "reports", asset=hits[0]["asset_id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")
