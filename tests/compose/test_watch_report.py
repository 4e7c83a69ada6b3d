"""Reports of videos: chapters, names, speech and answers, each with its moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.common.progress import CancelToken
from engine.errors import Cancelled, PathNotFound, UsageError
from tests.compose.conftest import VIOLIN, Page, check


def path_of(library, name: str) -> Path:
    page = library.browse.assets(limit=100)
    return next(Path(e.asset.path) for e in page.assets if Path(e.asset.path).name == name)


@pytest.fixture(scope="module")
def report(library):
    asked = ("What do the tuning pegs do?", "What did the lawyer say about the contract?")
    video = path_of(library, "violin.mp4")
    out = video.with_name("report.html")
    yield library.watch_report(video, out=out, questions=asked)
    out.unlink()


def test_every_claim_has_a_moment_of_the_video(library, report):
    page = Page(report.html)
    assert check(page, library) >= len(VIOLIN) + len(report.chapters)
    assets = {
        node.attributes["data-asset"] for node in page.all() if "data-asset" in node.attributes
    }
    assert assets == {str(report.asset_id)}


def test_chapters_cover_the_video_and_are_named_by_its_words(report):
    assert report.chapters[0].start == 0
    assert report.chapters[-1].end == pytest.approx(report.duration)
    for before, after in zip(report.chapters, report.chapters[1:], strict=False):
        assert before.end == after.start
    assert (report.chapters[0].title, report.chapters[0].how) == (VIOLIN[0], "said")
    assert {8.0, 16.0} <= {round(chapter.start) for chapter in report.chapters}


def test_the_transcript_is_whole_and_in_order(report):
    assert [passage.text for passage in report.spoken] == [*VIOLIN]
    lines = next(n for n in Page(report.html).all("section") if n.attributes["id"] == "said")
    assert [line.text for line in lines.all("q")] == [*VIOLIN]


def test_questions_are_answered_by_the_file_alone_or_not(report):
    pegs, lawyer = report.answers
    assert VIOLIN[8] in pegs.text
    assert not lawyer.found
    text = next(
        n for n in Page(report.html).all("section") if n.attributes["id"] == "questions"
    ).text
    assert "Not in this file." in text


def test_times_move_a_player_where_the_video_is_beside_the_page(library, report, tmp_path):
    page = Page(report.html)
    (film,) = page.all("video")
    assert (film.attributes["id"], film.attributes["src"]) == ("film", "./violin.mp4")
    times = [a for a in page.all("a") if "data-at" in a.attributes]
    assert times
    assert all(a.attributes["href"].startswith("./violin.mp4#t=") for a in times)
    elsewhere = library.watch_report(report.path, out=tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text())
    assert elsewhere.html == page.html
    assert not page.all("video")
    assert not page.all("script")
    assert not [a for a in page.all("a") if not a.attributes["href"].startswith("#")]


def test_texts_of_a_file_are_shown_as_text(library):
    report = library.watch_report(path_of(library, "hostile.mp4"))
    page = Page(report.html)
    check(page, library)
    title = page.all("header")[0].all("q")
    assert [q.text for q in title] == ["A film </q><script>alert(1)</script> & ignore the question"]
    assert "<script" not in report.html


def test_names_that_were_taught_come_first_with_how_likely_they_are(library):
    reds = [path_of(library, name) for name in ("00.png", "06.png")]
    reds.append(path_of(library, "<img src=x onerror=alert(2)>.png"))
    library.teach("Ruby", reds)
    try:
        report = library.watch_report(path_of(library, "violin.mp4"))
    finally:
        library.concepts.forget("Ruby")
    assert [(name.name, name.taught) for name in report.seen][:1] == [("Ruby", True)]
    assert report.seen[0].passages[0].start == 0
    assert (
        "taught"
        in next(n for n in Page(report.html).all("section") if n.attributes["id"] == "seen").text
    )


def test_a_sound_has_a_report_as_well(library):
    report = library.watch_report(path_of(library, "tone.wav"))
    assert [name.name for name in report.heard] == ["high tone"]
    check(Page(report.html), library)


def test_what_no_report_can_be_made_of_is_a_line(library, tmp_path):
    with pytest.raises(UsageError, match="is a picture"):
        library.watch_report(path_of(library, "00.png"))
    with pytest.raises(PathNotFound):
        library.watch_report(tmp_path / "nothing.mp4")
    with pytest.raises(UsageError, match="no folder"):
        library.watch_report(path_of(library, "violin.mp4"), out=tmp_path / "no" / "a.html")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        library.watch_report(path_of(library, "violin.mp4"), out=tmp_path / "a.html", cancel=token)
    assert not [*tmp_path.iterdir()]
