"""Runs, tags and the journal on both databases."""

from __future__ import annotations

from collections.abc import Callable

from engine.store import Store
from engine.store.curation_records import Act, ActKind, ActState, Finding
from engine.store.verify import verify
from engine.types import Condition
from tests.store.make import picture, sound, tamper

FOUND = [
    Finding(1, None, "/a\udcff.jpg", "duplicate", 1, 0.5, "as b\x00"),
    Finding(9, 4, "/gone.jpg", "keeper", None, 1.0, "it is"),
]


def test_runs_and_findings(store: Store) -> None:
    with store.writer() as writer:
        run = writer.curation.add_run("x", "sensorium x", {"a": {"b": [1.5, None]}}, FOUND, 3)
        again = writer.curation.add_run("y", "", {}, [], 4)
    assert [one.run for one in store.curation.runs()] == [run, again]
    assert [one.findings for one in store.curation.runs()] == [2, 0]
    first, second = store.curation.findings(run.run_id)
    assert (first.path, first.why) == ("/a\udcff.jpg", "as b\ufffd")
    assert second == FOUND[1]


def test_tags_are_filtered_and_found_and_go_with_their_asset(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/dog.jpg", "a", "animal"), sound("/talk.wav", "hello", "again"))
    one, two = store.get("/dog.jpg").asset_id, store.get("/talk.wav").asset_id
    with store.writer() as writer:
        run = writer.curation.add_run("x", "", {}, [], 1)
        assert (
            writer.curation.tag(run.run_id, [(one, "Größe XL"), (two, "spare"), (99, "spare")]) == 2
        )
        assert writer.curation.tag(run.run_id, [(two, "spare")]) == 0
    for word, found in (("größe xl", [1]), ("SPARE", [2, 3]), ("animal", [1]), ("xl", [])):
        assert store.passing(Condition("tags", "=", word)).tolist() == found
    assert store.passing(Condition("tags", "!=", "spare")).tolist() == [1]
    assert [moment for moment, _ in store.words('"spare"', (), 9)] == [2]
    assert store.tag_counts() == {"Größe XL": 1, "spare": 1}
    commit(sound("/talk.wav", "other words"))
    assert [moment for moment, _ in store.words('"spare"', (), 9)] == [4]
    with store.writer() as writer:
        writer.rebuild_words()
    assert [moment for moment, _ in store.words('"spare"', (), 9)] == [4]
    with store.writer() as writer:
        writer.remove([two])
    assert store.tag_counts() == {"Größe XL": 1}
    assert [act.state for act in store.curation.acts(1)] == [ActState.DONE] * 2
    assert verify(store, deep=True).problems == ()


def test_tags_of_another_library_are_no_runs_doing(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/dog.jpg", "a"), picture("/cat\udcff.jpg", "b"))
    with store.writer() as writer:
        run = writer.curation.add_run("x", "", {}, [], 1)
        writer.curation.tag(run.run_id, [(1, "spare")])
        brought = {"/dog.jpg": ["spare"], "/cat\udcff.jpg": ["a, b", "x\x00", "a, b"], "/no": ["y"]}
        assert writer.curation.import_tags(brought) == 1
        assert writer.curation.import_tags(brought) == 0
    assert store.tags([1, 2]) == {1: ("spare",), 2: ("a, b", "x\ufffd")}
    assert store.passing(Condition("tags", "=", "A, B")).tolist() == [2]
    assert [moment for moment, _ in store.words('"b"', (), 9)] == [2]
    assert len(store.curation.acts(run.run_id)) == 1


def test_the_journal_keeps_its_order_and_what_is_open_is_a_problem(store: Store) -> None:
    acts = [Act(ActKind.FOLDER, "", "/to"), Act(ActKind.MOVE, "/a\udcff", "/to/a\udcff", 5)]
    with store.writer() as writer:
        run = writer.curation.add_run("x", "", {}, [], 1)
        placed = writer.curation.intend(run.run_id, acts)
        assert writer.curation.intend(run.run_id, acts[:1])[0].ordinal == 3
        writer.curation.mark(run.run_id, placed[:1], ActState.DONE)
    assert [(a.ordinal, a.kind, a.state) for a in store.curation.acts(1)] == [
        (1, ActKind.FOLDER, ActState.DONE),
        (2, ActKind.MOVE, ActState.INTENDED),
        (3, ActKind.FOLDER, ActState.INTENDED),
    ]
    assert store.curation.acts(1)[1].target == "/to/a\udcff"
    assert verify(store).problems == ("run 1 was cut off, 2 acts open: sensorium undo 1",)


def test_a_tag_of_nothing_is_a_problem(store: Store, catalog: str | None) -> None:
    if catalog is None:  # the server holds on to its foreign key
        tamper(store, "INSERT INTO asset_tags VALUES (7, 'x', 'x')")
        assert verify(store).problems == ("1 tags belong to no asset",)


def test_assets_with_the_same_content(store: Store, commit: Callable[..., int]) -> None:
    commit(picture("/a.jpg", "x"), picture("/b.jpg", "y"), picture("/c.jpg", "x"))
    paths = {asset.asset_id: asset.path for asset in store.assets()}
    assert [[paths[i] for i in group] for group in store.same_content()] == [["/a.jpg", "/c.jpg"]]
    facts = store.facts(paths)
    assert {one.pixels for one in facts.values()} == {640 * 480}
    moments, owners = store.assets_of(2, 3)
    assert moments.tolist() == [2, 3]
    assert [paths[i] for i in owners.tolist()] == ["/b.jpg", "/c.jpg"]
