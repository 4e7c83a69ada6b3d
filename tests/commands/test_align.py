"""`sensorium align`, as a real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Library
from tests.align.aligned import WINDOWS, fill, vectors

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
    assert undone.json == {"moved": VIDEOS * WINDOWS}
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
