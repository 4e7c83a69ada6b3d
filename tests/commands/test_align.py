"""`sensorium align`, as a real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Library
from tests.align.aligned import WINDOWS, fill, vectors
from tests.align.captioned import draw, table, unrelated, words

VIDEOS = 40


@pytest.fixture
def filled(library, settings) -> Path:
    fill(library, settings, VIDEOS).close()
    return library


def kept(path: Path, settings) -> dict:
    with Library.open(path, settings=settings) as library:
        return vectors(library)


def test_it_learns_reports_shows_and_goes_back(filled, run, settings):
    before = kept(filled, settings)
    dry = run("align", "--dry-run", "--json")
    assert (dry.code, dry.json["stored"], dry.json["moved"]) == (0, False, 0)
    assert dry.json["better"]
    assert dry.json["after"]["by_sound"]["mrr"] > dry.json["before"]["by_sound"]["mrr"]
    assert kept(filled, settings) == before
    assert run("align", "--show").out == (
        "nothing was learned: sounds lie where the bridge's words say\n"
    )
    done = run("align")
    assert done.code == 0
    assert f"{VIDEOS * WINDOWS} pairs of {VIDEOS} files" in done.out
    assert "on 24 pairs held out, before -> after:" in done.out
    assert "sound -> pair (of 8): R@1 " in done.out
    assert f"{VIDEOS * WINDOWS} sounds have new places; --undo goes back" in done.out
    assert kept(filled, settings) != before
    shown = run("align", "--show")
    assert shown.out.startswith("learned from videos on 20")
    assert "(sensorium align --library" in shown.out
    assert run("align", "--show", "--json").json["head"]["pairs"] == VIDEOS * WINDOWS
    doctor = {check["name"]: check for check in run("doctor", "--json").json["checks"]}
    assert doctor["sound head"]["ok"]
    assert doctor["sound head"]["detail"].startswith("learned from videos on 20")
    with Library.open(filled, settings=settings) as library:
        assert library.store.calibrated()
    undone = run("align", "--undo", "--json")
    assert undone.json == {"moved": VIDEOS * WINDOWS, "pictures": 0}
    assert kept(filled, settings) == before
    assert run("align", "--undo").out == "nothing was learned\n"


def test_what_is_no_better_is_refused_and_can_be_forced(filled, run, settings):
    # Labels that have nothing to do with what is heard.
    before = kept(filled, settings)
    paths = sorted({path for path, *_ in before})
    rows = (f"{path},word{n * 7 % 5}\n" for n, path in enumerate(paths))
    labels = filled.parent / "labels.csv"
    labels.write_text("path,label\n" + "".join(rows))
    asked = ("align", "--pairs", "labels", "--from", labels)
    refused = run(*asked)
    assert refused.code == 2
    assert "the library stays as it is; --force uses it all the same" in refused.err
    assert kept(filled, settings) == before
    forced = run(*asked, "--force", "--json")
    assert (forced.code, forced.json["better"], forced.json["stored"]) == (0, False, True)
    assert kept(filled, settings) != before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--from", "/nowhere"), "there are too few pairs to learn from: 0 from 0"),
        (("--pairs", "labels", "--from", "/nowhere.csv"), "/nowhere.csv: there is no such file"),
        (("--undo", "--show"), "give one of them"),
    ],
)
def test_what_cannot_be_done_is_one_line(filled, run, arguments, line):
    done = run("align", *arguments)
    assert done.code == 2
    assert line in done.err
    assert done.err.count("\n") == 1


def test_captions_are_learned_shown_used_and_forgotten(library, run, settings, tmp_path):
    drawn = draw(tmp_path / "pictures", range(120))
    captions = table(tmp_path / "captions.jsonl", [*drawn, (tmp_path / "gone.png", "gone")])
    with Library.open(library, create=True, encoder="fake", settings=settings) as opened:
        opened.index(tmp_path / "pictures")
    done = run("align", "--captions", captions)
    assert done.code == 0
    assert "240 captions of 120 pictures" in done.out
    assert "pictures held out, each among 24, before -> after:\n  R@1 0." in done.out
    assert "120 pictures have a vector by captions; --undo goes back" in done.out
    assert f"{tmp_path / 'gone.png'}: there is no such file" in done.err
    hits = run("search", words(1, 2), "--json").json["hits"]
    assert hits[0]["path"].endswith("025.png")
    assert "fake-captions" in run("spaces", "list").out
    shown = run("align", "--show")
    assert shown.out.startswith("learned from 240 captions of 120 pictures on 20")
    assert run("align", "--show", "--json").json["captions"]["pictures"] == 120
    doctor = {check["name"]: check for check in run("doctor", "--json").json["checks"]}
    assert doctor["caption head"]["ok"]
    exported = run("export", tmp_path / "set", "--format", "jsonl")
    assert exported.code == 0
    card = "".join(file.read_text() for file in (tmp_path / "set").glob("*.md"))
    assert "fake-captions" in card and "learned from 240 captions of 120 pictures" in card
    undone = run("align", "--undo")
    assert undone.out == "what was learned of captions is forgotten, of 120 pictures\n"
    assert run("align", "--show").out.startswith("nothing was learned")


def test_captions_that_say_nothing_are_refused_in_one_line(library, run, settings, tmp_path):
    drawn = draw(tmp_path / "pictures", range(60))
    with Library.open(library, create=True, encoder="fake", settings=settings) as opened:
        opened.index(tmp_path / "pictures")
    refused = run("align", "--captions", unrelated(tmp_path / "no.jsonl", drawn))
    assert refused.code == 2 and "more captions may help, --force uses it" in refused.err
    both = run("align", "--captions", tmp_path / "no.jsonl", "--from", tmp_path)
    assert both.code == 2 and "--captions names its own file" in both.err
