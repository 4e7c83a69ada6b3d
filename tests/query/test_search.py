"""A query's way through a searcher: planned, shown, run at one generation, and kept."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from engine.query import search as searching
from engine.query.maintenance import Maintenance
from engine.query.plan import validated
from engine.types import Branch, Fusion, Kind, Modality, Placement, Plan, Query
from tests import media_files as make


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings):
    """Two red pictures that are nearly the same, a blue one, a sound, and a video."""
    folder = tmp_path_factory.mktemp("search")
    for name, colour in (("one", "red"), ("two", "red"), ("three", "blue")):
        make.picture(folder / "media" / f"{name}.png", colour)
    make.sound(folder / "media" / "deep.wav", (200, 2.0))
    make.video(folder / "media" / "film.mp4", ["green"], 1.0, hertz=200)
    with Library.open(folder / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([folder / "media"])
        yield made


@pytest.fixture
def again(library, settings):
    """The same library, opened anew: nothing has been searched in it."""
    with Library.open(library.store.path, settings=settings) as opened:
        yield opened


def names(result) -> list[str]:
    return [Path(hit.path).name for hit in result.hits]


def counting(monkeypatch, owner, name: str) -> list[tuple]:
    """The arguments of every call of a method, which does what it did before."""
    calls: list[tuple] = []
    done = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args: calls.append(args) or done(*args))
    return calls


def test_a_plan_is_shown_before_anything_runs(again, monkeypatch):
    embedded = counting(monkeypatch, again.towers.encoder, "embed_texts")
    ran = counting(monkeypatch, searching, "execute")
    shown: list[tuple[Plan, int]] = []
    result = again.run(Query.of("red"), on_plan=lambda p: shown.append((p, len(embedded + ran))))
    ((plan, before),) = shown
    assert before == 0
    assert result.plan == plan
    assert plan.query == validated(Query.of("red"))
    assert len(embedded) == len(ran) == 1


def test_a_plan_that_is_refused_by_whom_it_is_shown_to_does_not_run(again, monkeypatch):
    ran = counting(monkeypatch, searching, "execute")

    def refuse(_: Plan) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        again.run(Query.of("red"), on_plan=refuse)
    assert ran == []


def test_a_text_is_embedded_once(again, monkeypatch):
    embedded = counting(monkeypatch, again.towers.encoder, "embed_texts")
    first = again.search("red")
    assert [hit.moment_id for hit in again.search("red", top=3).hits] == [
        hit.moment_id for hit in first.hits[:3]
    ]
    again.search("red - blue")
    assert embedded == [(["red"],), (["blue"],)]


@pytest.mark.parametrize("asked", [{"kinds": "image"}, {"where": "kind = image"}])
def test_kinds_that_decide_the_modality_are_not_looked_up(again, monkeypatch, asked):
    by_kind = counting(monkeypatch, again.store, "moment_ids")
    by_filter = counting(monkeypatch, again.store, "passing")
    result = again.search("red", **asked)
    assert {hit.kind for hit in result.hits} == {Kind.IMAGE}
    assert by_kind == by_filter == []
    assert result.plan.passing is None


def test_kinds_that_share_a_modality_are_looked_up_once(again, monkeypatch):
    by_kind = counting(monkeypatch, again.store, "moment_ids")
    for _ in range(2):
        result = again.search("low tone", kinds="audio")
        assert names(result) == ["deep.wav"]
    assert by_kind == [((Kind.AUDIO,), (Modality.SOUND,))]
    placements = {b.modality: b.placement for b in result.plan.branches}
    assert placements == {Modality.SOUND: Placement.INSIDE, None: None}


def test_every_choice_of_kinds_is_kept_for_itself(again):
    asked = {"weights": {"keyframe": 0}}
    assert names(again.search("low tone", kinds="audio", **asked)) == ["deep.wav"]
    assert names(again.search("low tone", kinds="video", **asked)) == ["film.mp4"]


def test_a_filter_is_looked_up_once_for_all_branches(again, monkeypatch):
    passing = counting(monkeypatch, again.store, "passing")
    for _ in range(2):
        result = again.search("red", where="path = two.png")
        assert names(result) == ["two.png"]
    assert len(passing) == 1
    assert (result.plan.passing, result.plan.moments) == (1, 1)
    assert names(again.search("red", where="path = three.png")) == ["three.png"]
    assert len(passing) == 2


def test_a_filter_and_kinds_are_kept_apart_from_the_filter_alone(again):
    asked = {"where": "path != one.png"}
    assert "two.png" in names(again.search("red", **asked))
    assert names(again.search("red", kinds="audio", **asked)) == ["deep.wav"]


def test_threads_begin_with_the_first_that_needs_them_and_end_with_the_library(
    library, settings, monkeypatch
):
    opened = Library.open(library.store.path, settings=settings)
    opened.search("red", where="size > 0")
    threads = opened.searcher._threads
    assert threads.submit(lambda: 7).result() == 7
    opened.close()
    with pytest.raises(RuntimeError, match="after shutdown"):
        threads.submit(lambda: 7)
    idle = Library.open(library.store.path, settings=settings)
    idle.close()
    assert "_threads" not in vars(idle.searcher)


def test_branches_of_a_large_library_run_in_threads(again, monkeypatch):
    monkeypatch.setattr("engine.query.execute._SIDE_BY_SIDE", 1)
    alone = [(hit.moment_id, pytest.approx(hit.score)) for hit in again.search("red").hits]
    submitted = counting(monkeypatch, again.searcher._threads, "submit")
    beside = again.search("red")
    assert [(hit.moment_id, hit.score) for hit in beside.hits] == alone
    assert len(submitted) == len([b for b in beside.plan.branches if b.space])


def test_what_looks_the_same_is_one_hit_though_words_asked(again):
    each = again.search("red", kinds="image")
    assert sorted(names(each[:2])) == ["one.png", "two.png"]
    assert set(again.searcher.indexes) == {"fake"}
    alike = again.search("red", kinds="image", group="alike").hits[0]
    assert alike.more == 1
    assert set(again.searcher.indexes) == {"fake", "fake-looks", "fake-sounds"}


def test_what_is_called_the_same_and_looks_otherwise_is_not_alike(tmp_path, settings):
    make.picture(tmp_path / "media" / "plain.png", "red", (30, 30))
    striped = Image.new("RGB", (30, 30), (190, 0, 0))
    striped.paste((245, 245, 245), (0, 0, 10, 30))
    striped.save(tmp_path / "media" / "striped.png")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "media"])
        found = made.search("red", group="alike")
        assert [hit.why[0].words for hit in found.hits] == ["red", "red"]


def test_sounds_are_alike_as_they_sound(again):
    """A file and the sound of a film, which are the same tone."""
    found = again.search("low tone", group="alike", weights={"image": 0, "words": 0})
    heard = [hit for hit in found.hits if hit.modality is Modality.SOUND]
    assert [hit.more for hit in heard] == [1]
    assert {hit.kind for hit in found.hits} == {Kind.AUDIO, Kind.VIDEO}


def test_an_example_is_searched_in_the_space_of_its_likeness(again, library):
    media = Path(library.search("red").hits[0].path).parent
    again.search(audio=media / "deep.wav")
    assert set(again.searcher.indexes) == {"fake", "fake-sounds"}
    again.search("low tone", image=media / "one.png")
    assert set(again.searcher.indexes) == {"fake", "fake-sounds", "fake-looks"}


def test_a_library_that_was_never_calibrated_ranks_and_says_so(tmp_path, settings, monkeypatch):
    make.picture(tmp_path / "media" / "a.png", "red")
    make.picture(tmp_path / "media" / "b.png", "blue")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        with monkeypatch.context() as patched:
            patched.setattr(Maintenance, "calibrate", lambda *_: None)
            made.index([tmp_path / "media"])
        result = made.search("red")
        assert names(result) == ["a.png", "b.png"]
        assert result.plan.fusion is Fusion.RRF
        assert result.notes == result.plan.notes
        assert "text-image is known from fewer than 20 pairs" in result.notes[0]
        made.index([tmp_path / "media"])
        known = made.search("red")
        assert names(known.likely) == ["a.png"]
        assert (known.plan.fusion, known.notes) == (Fusion.CALIBRATED, ())


def after(milliseconds: float):
    """One to whom a plan is shown and who looks at it for so long."""

    def look(_: Plan) -> None:
        until = time.perf_counter() + milliseconds / 1e3
        while time.perf_counter() < until:
            pass

    return look


def with_deadline(milliseconds: float) -> Query:
    return replace(Query.of("red"), deadline_ms=milliseconds)


def test_what_has_not_begun_at_the_deadline_is_left_out(again):
    late = again.run(with_deadline(5), on_plan=after(6))
    assert late.partial
    assert late.hits == ()
    assert {outcome.branch for outcome in late.outcomes} == set(late.plan.branches)
    assert all(outcome.skipped for outcome in late.outcomes)
    assert not again.run(with_deadline(60_000)).partial
    assert not again.search("red").partial


def test_a_deadline_ends_the_search_for_more(again, monkeypatch):
    """Nothing is found that could be enough, and there may be more each time."""
    monkeypatch.setattr("engine.query.plan._MIN_FETCH", 1)
    monkeypatch.setattr("engine.query.plan._FETCH_PER_HIT", 0)
    ran = counting(monkeypatch, searching, "execute")
    again.run(with_deadline(5), on_plan=after(6))
    assert len(ran) == 1


def test_more_candidates_are_asked_for_until_there_are_enough(again, monkeypatch):
    monkeypatch.setattr("engine.query.plan._MIN_FETCH", 1)
    monkeypatch.setattr("engine.query.plan._FETCH_PER_HIT", 0)
    ran = counting(monkeypatch, searching, "execute")
    result = again.search("red", kinds="image", top=2, weights={"words": 0})
    assert len(result.hits) == 2
    assert [call[0].fetch for call in ran] == [1, 4]
    assert result.plan.fetch == 1, "the plan is the one that was shown"
    assert result.refills == 1
    assert again.search("red", kinds="image", top=1).refills == 0


def test_no_more_are_asked_for_where_some_are_less_likely_than_not(again, monkeypatch):
    """Two of three pictures are asked for, and the second is no answer."""
    monkeypatch.setattr("engine.query.plan._MIN_FETCH", 2)
    monkeypatch.setattr("engine.query.plan._FETCH_PER_HIT", 0)
    ran = counting(monkeypatch, searching, "execute")
    found = again.search("blue", kinds="image", top=2, weights={"words": 0}, likely=True)
    assert names(found) == ["three.png"]
    assert found.below == 1
    assert len(ran) == 1


def test_no_more_are_asked_for_than_there_are(again, monkeypatch):
    ran = counting(monkeypatch, searching, "execute")
    again.search("red", top=50)
    assert len(ran) == 1


def test_the_plan_knows_what_each_index_holds(again):
    branches: dict[Modality | None, Branch] = {
        b.modality: b for b in again.search("red").plan.branches
    }
    counts = {m: (b.vectors, b.exact, b.placement) for m, b in branches.items()}
    assert counts == {
        Modality.IMAGE: (3, True, None),
        Modality.KEYFRAME: (1, True, None),
        Modality.SOUND: (2, True, None),
        None: (0, True, None),
    }


def test_the_stages_of_a_search_are_timed(again):
    took = again.search("red").took_ms
    assert list(took) == ["level", "plan", "encode", "search", "total"]


def test_where_nothing_is_of_a_date_the_rest_is_found_and_said_to_be_of_any(library):
    of_any = "nothing is of that date; what follows is of any"
    for text, first in (("red from june 1994", "one.png"), ("photos from june 1994", "one.png")):
        found = library.search(text)
        assert first in names(found)
        assert of_any in found.notes and "every word" not in " ".join(found.notes)
        assert not any(hit.likely or hit.confidence for hit in found)
        assert library.search(text, likely=True).hits == ()
    assert of_any not in library.search("red").notes
    for text in ("summer 1995", "nosuch*", "nosuch* kind:image"):
        found = library.search(text)
        assert found.hits and "every word is looked for" in " ".join(found.notes)
    both = library.search("photos from june 1994 path:**/three*")
    assert names(both) == ["three.png"], "what was typed as a filter stays one"
