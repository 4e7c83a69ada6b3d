"""What the server tells of the state of its libraries, of failures by reason, and of its caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Library
from engine.library.views import failure_reasons
from engine.server.access.tokens import BearerToken
from engine.server.routes.overview import HealthList, LibraryOverviews, ReasonList
from engine.types import Failure, Space
from tests import media_files as make

SECRET = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def broken(tmp_path, settings) -> Path:
    """A library of one picture and three files that are none, of which two are cut off."""
    media = tmp_path / "media"
    media.mkdir()
    make.picture(media / "red.png", "red")
    whole = make.picture(media / "whole.png", "blue", (60, 40)).read_bytes()
    (media / "whole.png").unlink()
    for at, size in enumerate((60, 61)):
        (media / f"cut-{at}.png").write_bytes(whole[:size])
    (media / "words.png").write_text("no picture at all")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    return tmp_path / "lib"


def test_an_overview_has_counts_sizes_and_what_spaces_cover(served):
    answer = served.http.get("/api/overview").json()
    (about,) = LibraryOverviews.model_validate(answer).libraries
    assert (about.library, about.encoder) == ("photos", "fake")
    assert about.assets == {"image": 3, "audio": 1}
    default = next(space for space in about.spaces if space.default)
    assert default.state == "ready" and default.vectors == about.moments
    assert about.sizes["catalog"] > 0 < about.sizes["vectors"] and about.free > 0
    stats = served.http.get("/api/stats").json()["libraries"][0]
    assert sum(about.sizes.values()) == stats["bytes"] and about.roots == stats["roots"]


def test_a_further_space_that_nothing_is_in_is_empty_and_says_what_fills_it(broken, start):
    with Library.open(broken) as library, library.store.writer() as writer:
        writer.ensure_space(Space("scenes", "fake", "1", 8), None)
    served = start([broken])
    listed = {each["name"]: each for each in served.http.get("/api/spaces").json()["spaces"]}
    assert listed["scenes"]["state"] == "empty"
    assert "POST /api/index" in listed["scenes"]["way_out"]
    assert listed["fake"]["state"] == "default" and listed["fake"]["way_out"] is None
    (about,) = served.http.get("/api/overview").json()["libraries"]
    assert {each["name"]: each["state"] for each in about["spaces"]}["scenes"] == "empty"


def test_a_library_that_has_lost_a_segment_says_so(broken, start):
    served = start([broken])
    (health,) = HealthList.model_validate(served.http.get("/api/verify").json()).libraries
    assert health.problems == [] and health.moments == 1
    lost = next((broken / "segments").glob("*.parquet"))
    kept = lost.read_bytes()
    lost.unlink()
    (health,) = served.http.get("/api/verify").json()["libraries"]
    assert any(lost.name in problem for problem in health["problems"])
    lost.write_bytes(kept)


def test_failures_are_counted_by_reason_and_listed_by_it(broken, start):
    served = start([broken])
    first, second = ReasonList.model_validate(
        served.http.get("/api/failures/reasons").json()
    ).reasons
    assert (first.count, second.count) == (2, 1) and "…" in first.reason
    listed = served.http.get("/api/failures", params={"reason": first.reason}).json()
    assert {Path(each["path"]).name for each in listed["failures"]} == {"cut-0.png", "cut-1.png"}
    assert listed["total"] == 2
    assert served.http.get("/api/failures", params={"reason": "none"}).json()["total"] == 0
    assert served.http.get("/api/failures/reasons?skipped=1").json() == {"reasons": []}


def test_reasons_are_grouped_without_their_numbers():
    failures = [
        Failure("/a", "1,200 x 3 pixels is past the limit", code="media_too_large"),
        Failure("/b", "no bytes", code="empty_media"),
        Failure("/c", "9 x 14.5 pixels is past the limit", code="media_too_large", retryable=True),
    ]
    large, empty = failure_reasons(failures)
    assert (large.reason, large.count, large.retryable, large.example) == (
        "… x … pixels is past the limit", 2, 1, "/a",
    )  # fmt: skip
    assert (empty.reason, empty.count) == ("no bytes", 1)


def test_a_caller_is_told_what_it_may_do(served, start, tmp_path):
    assert served.http.get("/api/caller").json() == {
        "scopes": ["read", "tag", "index", "admin"], "read_only": False, "roots": [],
    }  # fmt: skip
    only = start(read_only=True, roots=(tmp_path,)).http.get("/api/caller").json()
    assert only == {"scopes": ["read"], "read_only": True, "roots": [str(tmp_path)]}
    locked = start(tokens=(BearerToken.make(SECRET, "tag"),)).http
    assert locked.get("/api/caller").status_code == 401
    told = locked.get("/api/caller", headers={"Authorization": f"Bearer {SECRET}"}).json()
    assert told["scopes"] == ["read", "tag"]
