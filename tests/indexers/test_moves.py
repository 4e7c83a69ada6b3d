"""Files that were renamed, and names that were traded, keep what is known of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.store import Store
from engine.types import FileStat, IndexReport
from indexers import file_hash, scan
from indexers.moves import Moves, Trade, find_trades
from indexers.scan import Candidate, ScanPlan
from tests import media_files as make
from tests.indexers.runs import moment_ids

Index = Callable[..., IndexReport]


def plan(media: Path, store: Store, *, retry: bool = False) -> ScanPlan:
    return scan.scan([media], store, retry=retry)


def test_a_missing_asset_moves_once_and_to_its_namesake(
    media: Path, store: Store, index: Index
) -> None:
    old = media / "old"
    first, second = make.picture(old / "a.png"), old / "b.png"
    second.write_bytes(first.read_bytes())
    index()
    ids = {p.name: moment_ids(store, p) for p in (first, second)}
    new = media / "new"
    old.rename(new)
    (new / "a.png").rename(new / "0.png")  # comes first, and is content of both
    (new / "copy.png").write_bytes((new / "b.png").read_bytes())
    report = index()
    assert (report.moved, report.added, report.removed) == (2, 1, 0)
    assert moment_ids(store, new / "b.png") == ids["b.png"]
    others = moment_ids(store, new / "0.png") + moment_ids(store, new / "copy.png")
    assert ids["a.png"][0] in others and len(set(others)) == 2


def test_an_asset_with_a_file_does_not_move(media: Path, store: Store, index: Index) -> None:
    path = make.picture(media / "a.png")
    index()
    known = store.get(path)
    assert known is not None
    file = FileStat(str(media / "b.png"), known.size, 1)
    moves = Moves(store, [Candidate(file)])
    assert moves.claim(file, known.content_hash) is None and not moves.claimed
    path.unlink()
    assert moves.claim(file, known.content_hash) == known
    assert moves.claim(file, known.content_hash) is None
    assert moves.claimed == {known.asset_id}


def test_of_several_missing_assets_the_namesake_moves(
    media: Path, store: Store, index: Index
) -> None:
    first, second = make.picture(media / "a.png"), media / "b.png"
    second.write_bytes(first.read_bytes())
    index()
    known = {Path(asset.path).name: asset for asset in store.assets()}
    first.unlink()
    second.unlink()
    size, content_hash = known["a.png"].size, known["a.png"].content_hash
    files = [FileStat(str(media / "new" / name), size, 1) for name in ("0.png", "a.png", "b.png")]
    moves = Moves(store, [Candidate(file) for file in files])
    # The first comes before the namesakes of both, and has to leave them theirs.
    assert [moves.claim(file, content_hash) for file in files] == [
        None,
        known["a.png"],
        known["b.png"],
    ]
    for name in ("b.png", "a.png"):
        moves = Moves(store, [])
        file = FileStat(str(media / "new" / name), size, 1)
        assert moves.claim(file, content_hash) == known[name]


def traded(media: Path, store: Store) -> tuple[Trade, dict[str, str]]:
    """A trade, and where each asset went, by the names of the files."""
    found = find_trades(plan(media, store).candidates)
    return found, {Path(m.source.path).name: Path(m.stat.path).name for m in found.moves}


def test_names_that_were_traded_are_found_by_content(
    media: Path, store: Store, index: Index
) -> None:
    first, second, third = (make.picture(media / f"{c}.png", c) for c in ("red", "green", "blue"))
    index()
    first.rename(media / "aside")
    second.rename(first)
    third.rename(second)
    (media / "aside").rename(third)
    for path in (first, second, third):
        os.utime(path)
    found, went = traded(media, store)
    assert went == {"red.png": "blue.png", "green.png": "red.png", "blue.png": "green.png"}
    assert found.replaced == (None, None, None)
    assert found.candidates == ()


def test_what_gave_its_name_away_is_read_as_a_new_file(
    media: Path, store: Store, index: Index
) -> None:
    first, second = make.picture(media / "a.png", "red"), make.picture(media / "b.png", "blue")
    index()
    victim = store.get(second)
    first.rename(second)
    make.picture(first, "black", (40, 40))
    found, went = traded(media, store)
    assert went == {"a.png": "b.png"}
    assert found.replaced == (victim,)
    assert [(c.stat.path, c.known) for c in found.candidates] == [(str(first), None)]


def test_a_copy_is_no_trade(media: Path, store: Store, index: Index) -> None:
    path = make.picture(media / "a.png")
    index()
    os.utime(path, (1, 1))
    (media / "copy.png").write_bytes(path.read_bytes())
    found, went = traded(media, store)
    assert went == {}
    assert [c.stat.path for c in found.candidates] == [str(path), str(media / "copy.png")]


def test_of_two_copies_one_takes_the_asset(media: Path, store: Store, index: Index) -> None:
    path = make.picture(media / "a.png")
    index()
    content = path.read_bytes()
    make.picture(path, "black", (40, 40))
    for name in ("b.png", "c.png"):
        (media / name).write_bytes(content)
    found, went = traded(media, store)
    assert went == {"a.png": "b.png"}
    assert [Path(c.stat.path).name for c in found.candidates] == ["a.png", "c.png"]


def test_a_touched_file_does_not_take_its_twin(media: Path, store: Store, index: Index) -> None:
    path, twin = make.picture(media / "a.png"), media / "twin.png"
    twin.write_bytes(path.read_bytes())
    index()
    os.utime(path, (1, 1))
    make.picture(twin, "black", (40, 40))
    assert traded(media, store)[1] == {}


def test_a_file_that_has_changed_since_the_scan_is_not_traded(
    media: Path, store: Store, index: Index
) -> None:
    path = make.picture(media / "a.png")
    index()
    path.rename(media / "b.png")
    make.picture(path, "black", (40, 40))
    candidates = plan(media, store).candidates
    os.utime(media / "b.png", (1, 1))
    assert find_trades(candidates).moves == ()


def test_a_file_that_is_decoded_anyhow_may_take_an_asset(
    media: Path, store: Store, index: Index
) -> None:
    path, lost = make.picture(media / "a.png"), make.picture(media / "lost.png", "blue")
    index()
    path.rename(lost)
    make.picture(path, "black", (40, 40))
    first, second = plan(media, store).candidates
    found = find_trades([first, replace(second, forced=True)])
    assert [Path(move.stat.path).name for move in found.moves] == ["lost.png"]
    assert found.replaced == (second.known,)


def test_nothing_is_read_for_a_trade_that_sizes_rule_out(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make.picture(media / "a.png")
    index()
    make.picture(path, "black", (40, 40))
    make.picture(media / "b.png", "white", (50, 50))
    monkeypatch.setattr(file_hash, "_digest", lambda _: pytest.fail("was read"))
    candidates = plan(media, store).candidates
    assert len({path.stat().st_size for path in media.iterdir()} | {candidates[0].known.size}) == 3
    assert find_trades(candidates) == Trade((), (), candidates)


def test_a_file_that_cannot_be_read_is_left_to_its_own_reading(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make.picture(media / "a.png")
    index()
    path.rename(media / "b.png")
    make.picture(path, "black", (40, 40))

    def refuse(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file_hash, "_digest", refuse)
    candidates = plan(media, store).candidates
    assert find_trades(candidates) == Trade((), (), candidates)


def test_what_is_to_be_decoded_anyhow_is_not_traded(
    media: Path, store: Store, index: Index
) -> None:
    path = make.picture(media / "a.png")
    index()
    path.rename(media / "b.png")
    make.picture(path, "black", (40, 40))
    candidates = tuple(replace(c, forced=True) for c in plan(media, store).candidates)
    assert find_trades(candidates) == Trade((), (), candidates)
