"""Walking folders, and telling what the catalog does not know yet."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import PathNotFound, UnreadableMedia
from engine.store import Store
from engine.types import Failure, FileStat, IndexReport
from indexers import file_hash, identify, scan
from indexers.file_hash import hash_file
from indexers.moves import Moves, Trade, find_trades
from indexers.scan import Candidate, ScanPlan
from indexers.walk import walk
from tests import media_files as make
from tests.indexers.runs import moment_ids


def touch(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def found(*roots: Path) -> list[str]:
    """Walked files, relative to the first root."""
    files = walk(roots).files
    return sorted(os.path.relpath(path, roots[0]) for path in files)


# --- walking ------------------------------------------------------------------


def test_folders_and_single_files_each_file_once(media: Path) -> None:
    touch(media / "a.jpg")
    touch(media / "deep" / "er" / "b.jpg")
    assert found(media, media / "deep", media / "a.jpg", media) == ["a.jpg", "deep/er/b.jpg"]


def test_stat_is_the_files(media: Path) -> None:
    path = touch(media / "a.jpg", "12345")
    info = path.stat()
    assert walk([media]).files == {str(path): FileStat(str(path), 5, info.st_mtime_ns)}


def test_hidden_and_junk_are_skipped_unless_named(media: Path) -> None:
    for junk in ("@eaDir", "node_modules", ".git", "$RECYCLE.BIN", "System Volume Information"):
        touch(media / junk / "a.jpg")
    touch(media / "Thumbs.db")
    touch(media / ".DS_Store")
    hidden = touch(media / ".hidden.jpg")
    touch(media / "a.jpg")
    assert found(media) == ["a.jpg"]
    assert found(media, hidden) == [".hidden.jpg", "a.jpg"]
    assert found(media / ".git") == ["a.jpg"]


def test_link_loops_end(media: Path) -> None:
    touch(media / "one" / "a.jpg")
    (media / "one" / "up").symlink_to(media)
    (media / "self").symlink_to(media / "self")
    (media / "to").symlink_to(media / "fro")
    (media / "fro").symlink_to(media / "to")
    assert found(media) == ["one/a.jpg"]
    assert not walk([media]).failures


def test_linked_files_have_one_real_path(media: Path, tmp_path: Path) -> None:
    real = touch(tmp_path / "elsewhere" / "a.jpg")
    (media / "link.jpg").symlink_to(real)
    (media / "again").symlink_to(real.parent)
    (media / "dangling").symlink_to(tmp_path / "nothing")
    assert list(walk([media]).files) == [str(real.resolve())]
    assert list(walk([media / "link.jpg"]).files) == [str(real.resolve())]


def test_the_librarys_own_folder_is_skipped(media: Path) -> None:
    touch(media / "library" / "thumb.jpg")
    touch(media / "a.jpg")
    assert list(walk([media], skip=media / "library").files) == [str(media / "a.jpg")]


def test_a_root_that_does_not_exist(media: Path) -> None:
    with pytest.raises(PathNotFound, match="nowhere does not exist"):
        walk([media, media / "nowhere"])


@pytest.mark.parametrize("root", ["~no-such-person/x", "x" * 5000, "a\0b"])
def test_a_root_that_no_system_would_open(root: str) -> None:
    with pytest.raises(PathNotFound):
        walk([root])


def test_a_folder_that_cannot_be_read_is_a_failure(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(media / "locked" / "a.jpg")
    touch(media / "b.jpg")
    listing = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", denied)
    walked = walk([media])
    assert list(walked.files) == [str(media / "b.jpg")]
    assert walked.failures == [
        Failure(
            str(media / "locked"),
            "folder cannot be read: permission denied",
            code="unreadable_media",
            retryable=True,
        )
    ]


def test_what_is_no_file_is_no_candidate(media: Path) -> None:
    os.mkfifo(media / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(media / "socket.jpg"))
        assert found(media) == []
        for name in ("pipe.jpg", "socket.jpg"):
            with pytest.raises(PathNotFound, match=f"{name}: it is a pipe, a socket or a device"):
                found(media / name)


def test_names_need_not_be_utf8(media: Path) -> None:
    path = touch(Path(os.fsdecode(os.fsencode(media) + b"/\xff.jpg")))
    assert list(walk([media]).files) == [str(path)]


# --- what the catalog knows ---------------------------------------------------

Index = Callable[..., IndexReport]


def plan(media: Path, store: Store, *, retry: bool = False) -> ScanPlan:
    return scan.scan([media], store, retry=retry)


def test_without_a_library_everything_is_new(media: Path) -> None:
    touch(media / "a.jpg")
    seen = scan.scan([media], None)
    assert [c.stat.path for c in seen.candidates] == [str(media / "a.jpg")]
    assert (seen.found, seen.unchanged, seen.gone) == (1, 0, ())


def test_unchanged_files_cost_a_stat(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make.picture(media / "a.png")
    index()
    # Same size and date over other bytes: whoever read them would notice.
    info = path.stat()
    path.write_bytes(bytes(info.st_size))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    monkeypatch.setattr(identify, "sniff", lambda _: pytest.fail("was opened"))
    report = index()
    assert (report.found, report.unchanged, report.failed) == (1, 1, 0)
    assert plan(media, store) == ScanPlan(found=1, unchanged=1)


def test_one_stat_per_file(media: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        touch(media / f"{number}.jpg")
    calls: list[tuple[object, ...]] = []
    for name in ("stat", "lstat"):
        real = getattr(os, name)
        noted = lambda *a, _real=real, **k: calls.append(a) or _real(*a, **k)  # noqa: E731
        monkeypatch.setattr(os, name, noted)
    assert len(walk([media]).files) == 20
    # Those of the root alone: the entries' own stats are no calls of these.
    assert not [call for call in calls if str(call[0]).endswith(".jpg")]


def test_files_that_failed_wait_for_a_change_or_a_retry(
    media: Path, store: Store, index: Index
) -> None:
    path = touch(media / "a.jpg", "no picture")
    assert index().failed == 1
    assert plan(media, store).candidates == ()
    assert plan(media, store).failed_before == 1
    assert [c.stat.path for c in plan(media, store, retry=True).candidates] == [str(path)]
    touch(path, "still no picture")
    assert [c.stat.path for c in plan(media, store).candidates] == [str(path)]


def test_gone_means_that_the_file_is_not_there(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = make.picture(media / ".hidden.png")
    deleted, locked = make.picture(media / "a.png"), make.picture(media / "b" / "b.png")
    index(media, hidden)
    deleted.unlink()
    listing = os.scandir
    monkeypatch.setattr(
        os, "scandir", lambda p: listing(p) if p != str(locked.parent) else listing("/nowhere")
    )
    assert [known.path for known in plan(media, store).gone] == [str(deleted)]


def test_a_file_behind_a_link_is_missed_where_it_was(
    media: Path, tmp_path: Path, store: Store, index: Index
) -> None:
    real = make.picture(tmp_path / "elsewhere" / "a.png").resolve()
    (media / "link.png").symlink_to(real)
    index()
    real.unlink()
    assert [known.path for known in plan(media, store).gone] == [str(real)]


# --- hashes and moves ---------------------------------------------------------


def test_a_hash_belongs_to_its_stat(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = touch(media / "a.jpg", "old")
    digest, calls = file_hash._digest, []

    def meddle(target: Path) -> str:
        calls.append(target)
        found = digest(target)
        if len(calls) == 1:
            touch(path, "newer")
        return found

    monkeypatch.setattr(file_hash, "_digest", meddle)
    stat, content_hash = hash_file(path)
    assert stat.size == 5 and content_hash == digest(path) and len(calls) == 2


def test_a_file_that_never_rests_is_a_failure(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sizes = touch(media / "a.jpg"), iter(range(2, 9))
    monkeypatch.setattr(file_hash, "_digest", lambda p: str(p.write_bytes(bytes(next(sizes)))))
    with pytest.raises(UnreadableMedia, match="changes while it is read"):
        hash_file(path)


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


def test_a_folder_in_the_place_of_a_file_is_no_file(
    media: Path, store: Store, index: Index
) -> None:
    path = make.picture(media / "a.png")
    index()
    path.unlink()
    path.mkdir()
    assert index(vanished="forget").removed == 1
    assert list(store.assets()) == []


def test_a_file_behind_a_link_that_cannot_be_followed_is_not_missing(tmp_path, monkeypatch):
    """What a link's target is may be closed to us, or on a disk that answers with an error."""
    file = make.picture(tmp_path / "a.png")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)

    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "readlink", refused)
    assert not scan.missing(str(tmp_path / "link" / "a.png"))
    assert not scan.missing(str(file))
