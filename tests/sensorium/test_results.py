"""Results show themselves, travel as plain values, and open what they found."""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.common import viewer
from sensorium import (
    Failure,
    Hit,
    IndexReport,
    Library,
    PathNotFound,
    Query,
    SearchResult,
    UsageError,
)


@pytest.fixture(scope="module")
def result(library) -> SearchResult:
    return library.search("red", kinds=["image", "audio"])


def test_a_result_is_a_sequence_of_hits(result):
    assert isinstance(result, Sequence)
    assert len(result) == len(result.hits) > 2
    assert list(result) == list(result.hits)
    assert result[0] is result.hits[0]
    assert result[-1] is result.hits[-1]
    first = result[:2]
    assert isinstance(first, SearchResult)
    assert first.hits == result.hits[:2]
    assert first.query == result.query
    assert result and not replace(result, hits=())


def test_a_prompt_shows_a_table(result, media):
    lines = repr(result).splitlines()
    assert lines[0].split() == ["#", "sure", "kind", "at", "file"]
    above = len(result.likely)
    assert 0 < above < len(result)
    assert lines.pop(above + 1) == "--- less likely ---"
    assert len(lines) == len(result) + 1
    assert lines[1].lstrip().startswith("1  ")
    assert str(media / "<b>red&.png") in lines[1]
    assert str(result) == repr(result)
    assert len({line.index("/") for line in lines[1:]}) == 1, "the columns line up"


def test_a_long_result_is_cut_and_an_empty_one_says_why(result):
    many = replace(result, hits=result.hits[:1] * 60)
    assert repr(many).splitlines()[-1] == "… and 10 more"
    assert repr(SearchResult(Query.of("x"), ())) == "nothing found"
    nothing = repr(SearchResult(replace(Query.of("x"), likely=True), (), below=4))
    assert nothing == "nothing here is likely to match: 4 moments are less likely"
    far = replace(result, hits=result.hits[-1:])
    assert repr(far).splitlines()[0] == "nothing here is likely to match; the nearest:"
    assert far.likely.hits == ()


def test_a_notebook_shows_pictures_times_and_reasons(result):
    page = result._repr_html_()
    assert page.count('src="data:image/jpeg;base64,') == len(result)
    assert page.count("<tr>") == len(result) + 1
    assert page.count('<tr class="line"><td colspan="6">less likely</td></tr>') == 1
    assert "nats" in page and "0:00-0:02" in page
    assert "&lt;b&gt;red&amp;.png" in page and "<b>red" not in page
    assert "<script" not in page and "http" not in page
    assert result[0]._repr_html_().count("<img") == 1


def test_a_picture_that_cannot_be_made_is_a_word(result):
    page = pickle.loads(pickle.dumps(result))._repr_html_()
    assert "<img" not in page
    assert "<small>image</small>" in page


def test_rows_for_pandas_and_for_programs(result):
    table = result.to_pandas()
    assert list(table.columns) == [
        "rank", "score", "confidence", "likely", "kind", "path", "modality", "start", "end",
        "words", "more", "asset_id", "moment_id",
    ]  # fmt: skip
    assert table["path"].tolist() == [hit.path for hit in result]
    assert list(replace(result, hits=()).to_pandas().columns) == list(table.columns)
    rows = result.to_dicts()
    assert rows[0]["why"][0]["branch"] == result[0].why[0].branch
    assert not any(key.startswith("_") for row in rows for key in row)


def test_thumbnails_are_pictures(result):
    found = result[0].thumbnail()
    assert found.size == (320, 240)
    assert Image.open(io.BytesIO(result[0].jpeg())).format == "JPEG"


def test_a_pickled_hit_is_the_same_and_says_how_to_get_its_picture(result):
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result
    assert repr(copy) == repr(result)
    assert hash(copy[0]) == hash(result[0])
    with pytest.raises(UsageError, match=rf"library\.thumbnail\({copy[0].moment_id}\)"):
        copy[0].thumbnail()


@pytest.mark.parametrize(
    "call",
    [
        lambda library: library.stats(),
        lambda library: library.describe(),
        lambda library: library.verify(),
        lambda library: library.compact(),
        lambda library: library.spaces.list(),
        lambda library: library.snapshots(),
        lambda library: library.failures(),
        lambda library: library.search("red").plan,
        lambda library: library.similar(library.search("red")[0].path),
        lambda library: library.index([]),
        lambda library: library.settings,
    ],
)
def test_all_that_calls_return_pickles(library, call):
    value = call(library)
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.fixture
def started(monkeypatch) -> list[list[str]]:
    """The commands that would have been run."""
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: commands.append(command))
    return commands


def programs(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(
        viewer.shutil, "which", lambda name: f"/bin/{name}" if name in names else None
    )


def hit_at(path: Path, start: float | None) -> Hit:
    from sensorium import Kind, Modality

    return Hit(1, 1.0, Kind.VIDEO, str(path), 1, 1, Modality.KEYFRAME, start, None, ())


def test_a_hit_opens_at_its_moment_where_a_player_can(media, started, monkeypatch):
    clip = media / "clip.mp4"
    programs(monkeypatch, "mpv", "xdg-open")
    hit_at(clip, 2.5).open()
    hit_at(clip, None).open()
    programs(monkeypatch, "xdg-open")
    hit_at(clip, 2.5).open()
    programs(monkeypatch, "ffplay", "open")
    hit_at(clip, 65.0).open()
    assert started == [
        ["/bin/mpv", "--start=2.500", str(clip)],
        ["/bin/xdg-open", str(clip)],
        ["/bin/xdg-open", str(clip)],
        ["/bin/ffplay", "-ss", "65.000", str(clip)],
    ]


def test_what_cannot_be_opened_is_one_line(media, started, monkeypatch):
    programs(monkeypatch)
    with pytest.raises(UsageError, match="xdg-utils"):
        hit_at(media / "clip.mp4", None).open()
    with pytest.raises(PathNotFound, match="no longer there"):
        hit_at(media / "gone.mp4", None).open()
    assert not started


def test_a_program_of_ones_own_opens_a_hit(media, tmp_path):
    log = tmp_path / "log"
    hit = hit_at(media / "clip.mp4", 2.5)
    hit.open(f'bash -c \'printf "%s\\\\n" "$@" > {log}\' - --start={{start}} {{path}} -x')
    assert log.read_text() == f"--start=2.500\n{media / 'clip.mp4'}\n-x\n"
    hit.open(f"cp -t {tmp_path}")
    assert (tmp_path / "clip.mp4").exists(), "a path without a place comes last"
    with pytest.raises(UsageError, match="ended with 1"):
        hit.open("false")
    with pytest.raises(UsageError, match="no such file"):
        hit.open("/no/such/program")
    with pytest.raises(UsageError, match="is no command"):
        hit.open("mpv 'unclosed")


def test_the_last_search_is_remembered_by_hand(library, result):
    library.remember(result)
    found = library.last_search()
    assert found is not None
    assert found.hits == result.hits
    assert found[0].jpeg() == result[0].jpeg()


def test_details_are_of_the_file_and_the_words_around(library, result, media):
    details = library.details(result[0])
    page = str(details).splitlines()
    assert page[0] == result[0].path
    assert page[1].split() == ["hit", "1", "image,", f"{result[0].confidence:.0%}", "likely"]
    assert "why" in page
    document = details.to_dict()
    assert document["hit"] == result[0].to_dict()
    assert document["file"]["format"] == "png"
    gone = library.details(replace(result[0], path="/gone.png"))
    assert gone.asset is None
    assert "no longer in the library" in str(gone)
    assert pickle.loads(pickle.dumps(details)) == details


def test_json_of_a_result_can_be_read_and_gives_names_back(result):
    latin = os.fsdecode(b"/media/caf\xe9.png")
    text = SearchResult(result.query, (replace(result[0], path=latin), *result[1:])).to_json()
    json.dumps(json.loads(text), ensure_ascii=False).encode()
    first, second, *_ = json.loads(text)["hits"]
    assert os.fsdecode(base64.b64decode(first["path_bytes"])) == latin
    assert second["path"] == result[1].path
    assert "path_bytes" not in second


def test_reports_read_as_the_commands_print_them(library):
    report = IndexReport(found=5, added=4, failed=1, moments=9, seconds=1.25)
    assert str(report) == "5 files: 4 added, 1 failed\n9 new moments in 1.2 s"
    assert str(IndexReport(found=2, dry_run=True, changed=2)) == "2 files: would be: 2 changed"
    described = str(library.describe()).splitlines()
    assert described[0] == f"library: {library.path}"
    assert "encoder: fake" in described
    assert any(line.startswith("spaces: fake (") for line in described)


def test_failures_carry_a_code(tmp_path, settings):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 9)
    with Library.open(
        tmp_path / "library", create=True, encoder="fake", settings=settings
    ) as library:
        report = library.index([tmp_path / "media"])
        (failure,) = library.failures()
    assert isinstance(failure, Failure)
    assert report.failures == (failure,)
    assert (failure.code, failure.retryable) == ("corrupt_media", False)
    with Library.open(tmp_path / "library", settings=settings) as library:
        assert library.failures() == [failure]
        assert library.failures(retryable=True) == []
        assert library.failures(skip=1) == [] and library.failures(limit=1) == [failure]
