"""The kind: what a person keeps out of a library stays out, until they take that back.

Rules are of three sources: ``--exclude``, files of patterns, and marks that other programs
leave. What was indexed before a rule is never computed twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import LibraryCorrupt, UsageError
from engine.store import Store
from engine.store.index_rules import FILE, IndexRules, RuleChanges, read_rules
from engine.types import IndexReport
from indexers.walk import walk
from tests import media_files as make
from tests.indexers.runs import names, vectors

Index = Callable[..., IndexReport]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def found(root: Path, *, at: Path | None = None, **rules: object) -> list[str]:
    """Walk a folder under rules of its own; the files relative to it."""
    walked = walk([at or root], rules={str(root): IndexRules(**rules)})  # type: ignore[arg-type]
    return sorted(os.path.relpath(path, root) for path in walked.files)


@pytest.fixture
def tree(media: Path) -> Path:
    """Pictures in folders, one of them raw, and a cache."""
    touch(media / "a.jpg", media / "a.tmp", media / "raw" / "b.jpg", media / "trip" / "c.jpg")
    touch(media / "trip" / "raw" / "d.jpg", media / "trip" / "c.tmp")
    return media


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        (("*.tmp",), ["a.jpg", "raw/b.jpg", "trip/c.jpg", "trip/raw/d.jpg"]),
        (("raw/",), ["a.jpg", "a.tmp", "trip/c.jpg", "trip/c.tmp"]),
        (("/raw/",), ["a.jpg", "a.tmp", "trip/c.jpg", "trip/c.tmp", "trip/raw/d.jpg"]),
        (("*.tmp", "!a.tmp"), ["a.jpg", "a.tmp", "raw/b.jpg", "trip/c.jpg", "trip/raw/d.jpg"]),
        (("trip/*", "!trip/c.jpg"), ["a.jpg", "a.tmp", "raw/b.jpg", "trip/c.jpg"]),
        (("**/raw/*.jpg", "*.tmp"), ["a.jpg", "trip/c.jpg"]),
        (("trip",), ["a.jpg", "a.tmp", "raw/b.jpg"]),
        (("trip/**", "!trip/raw/", "!trip/**/d.jpg"),
         ["a.jpg", "a.tmp", "raw/b.jpg", "trip/raw/d.jpg"]),
        (("trip/**",), ["a.jpg", "a.tmp", "raw/b.jpg"]),
    ],
)  # fmt: skip
def test_patterns_are_those_of_gitignore(
    tree: Path, exclude: tuple[str, ...], left: list[str]
) -> None:
    assert found(tree, exclude=exclude) == left


def test_rules_of_a_folder_hold_below_it_and_what_is_named_is_taken_in(tree: Path) -> None:
    assert found(tree, at=tree / "trip", exclude=("*.tmp",)) == ["trip/c.jpg", "trip/raw/d.jpg"]
    # The folder itself was asked for by its name.
    assert found(tree, at=tree / "raw", exclude=("raw/",)) == ["raw/b.jpg"]
    # A walk that comes from above meets the rules of the folder, too.
    walked = walk([tree.parent / "media"], rules={str(tree / "trip"): IndexRules(("raw",))})
    assert str(tree / "trip" / "raw" / "d.jpg") not in walked.files
    assert str(tree / "raw" / "b.jpg") in walked.files


def test_files_of_patterns_decide_by_folder_and_the_command_line_before_them(tree: Path) -> None:
    (tree / ".sensoriumignore").write_text("# not these\n*.tmp\n\nraw/\n")
    (tree / "trip" / ".sensoriumignore").write_text("!raw/\n")
    assert found(tree) == ["a.jpg", "trip/c.jpg", "trip/raw/d.jpg"]
    assert found(tree, at=tree / "trip") == ["trip/c.jpg", "trip/raw/d.jpg"]
    assert found(tree, exclude=("!a.tmp", "c.jpg")) == ["a.jpg", "a.tmp", "trip/raw/d.jpg"]


def test_gitignore_is_read_when_asked(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.tmp\n")
    (tree / "trip" / ".gitignore").write_text("raw\n")
    assert len(found(tree)) == 6
    assert found(tree, gitignore=True) == ["a.jpg", "raw/b.jpg", "trip/c.jpg"]
    # Those above the root count up to the top of its repository.
    assert "trip/c.tmp" in found(tree, at=tree / "trip", gitignore=True)
    (tree / ".git").mkdir()
    assert "trip/c.tmp" not in found(tree, at=tree / "trip", gitignore=True)


def test_nomedia_leaves_out_a_folder_unless_it_is_named(tree: Path) -> None:
    touch(tree / "trip" / ".nomedia")
    assert found(tree) == ["a.jpg", "a.tmp", "raw/b.jpg"]
    assert found(tree, at=tree / "trip") == ["trip/c.jpg", "trip/c.tmp", "trip/raw/d.jpg"]
    assert walk([tree]).counts() == {".nomedia": 1}


def test_hidden_folders_are_taken_in_when_asked_and_trash_never(tree: Path) -> None:
    for name in (".private", ".Trash-1000", ".thumbnails", ".cache", ".@__thumb", ".git"):
        touch(tree / name / "e.jpg")
    assert not [path for path in found(tree) if path.startswith(".")]
    assert [p for p in found(tree, hidden=True) if p.startswith(".")] == [".private/e.jpg"]


def test_links_are_followed_or_not(tree: Path, tmp_path: Path) -> None:
    touch(tmp_path / "disk" / "far.jpg", tmp_path / "disk" / "far.tmp")
    (tree / "disk").symlink_to(tmp_path / "disk")
    (tree / "trip" / "up").symlink_to(tree)  # a loop
    (tree / "linked.jpg").symlink_to(tree / "a.jpg")
    assert "../disk/far.jpg" in found(tree)
    walked = walk([tree], rules={str(tree): IndexRules(follow_links=False)})
    assert len(walked.files) == 6 and list(walked.covered) == [str(tree)]
    assert walked.counts() == {"--no-follow": 3}
    # Patterns are of the names that one sees, whatever a link leads to.
    assert "../disk/far.jpg" not in found(tree, exclude=("disk/",))
    assert "../disk/far.tmp" not in found(tree, exclude=("*.tmp",))


def test_a_line_that_is_no_pattern_costs_itself(tree: Path) -> None:
    (tree / ".sensoriumignore").write_text("!\n*.tmp\n")
    walked = walk([tree])
    assert len(walked.files) == 4
    assert walked.notes == [
        f"{tree / '.sensoriumignore'}: line 1 is no pattern, and is passed over"
    ]


# --- what is remembered ---------------------------------------------------------------


@pytest.fixture
def pictures(media: Path) -> Path:
    for name in ("a", "b", "raw/c", "raw/d"):
        (media / name).parent.mkdir(exist_ok=True)
        make.picture(media / f"{name}.png")
    return media


def test_what_was_indexed_is_hidden_and_back_with_its_vectors(
    pictures: Path, store: Store, index: Index
) -> None:
    assert index().added == 4
    before = len(vectors(store, "fake"))
    report = index(changes=RuleChanges(("raw/",)))
    assert (report.excluded, report.removed, report.missing, report.unchanged) == (2, 0, 0, 2)
    assert report.left_out == {"--exclude": 1}
    assert "2 excluded" in str(report) and "left out, files and folders: 1 by --exclude" in str(
        report
    )
    assert names(store) == ["a.png", "b.png"]
    # The next run need not say so again, nor does one of a folder below.
    assert (index().excluded, index(pictures / "raw").found) == (0, 2)
    index()
    assert names(store) == ["a.png", "b.png"]
    report = index(changes=RuleChanges(forget_exclude=True))
    assert (report.returned, report.added, report.moments) == (2, 0, 0)
    assert len(vectors(store, "fake")) == before and read_rules(store.path) == {}


def test_forget_missing_forgets_what_is_excluded(
    pictures: Path, store: Store, index: Index
) -> None:
    index()
    index(changes=RuleChanges(("raw/",)), vanished="forget")
    assert store.count_missing() == 0
    assert index(changes=RuleChanges(forget_exclude=True)).added == 2


def test_a_pattern_more_is_added_and_flags_are_of_their_root(
    pictures: Path, store: Store, index: Index
) -> None:
    index(changes=RuleChanges(("raw/",), follow_links=False))
    index(changes=RuleChanges(("a.*", "!x"), hidden=True))
    rules = read_rules(store.path)
    assert rules == {str(pictures): IndexRules(("raw/", "a.*", "!x"), False, True, False)}
    index(changes=RuleChanges(("b.png",), forget_exclude=True, follow_links=True, hidden=False))
    assert read_rules(store.path) == {str(pictures): IndexRules(("b.png",))}


def test_hidden_files_are_hidden_again(pictures: Path, store: Store, index: Index) -> None:
    make.picture(pictures / ".e.png", "blue")
    assert index(changes=RuleChanges(hidden=True)).added == 5
    assert index(changes=RuleChanges(hidden=False)).excluded == 1
    assert index(changes=RuleChanges(hidden=True)).returned == 1


def test_a_dry_run_remembers_nothing(pictures: Path, store: Store, index: Index) -> None:
    index()
    report = index(dry_run=True, changes=RuleChanges(("raw/",)))
    assert (report.excluded, report.left_out) == (2, {"--exclude": 1})
    assert read_rules(store.path) == {} and len(names(store)) == 4


def test_patterns_are_for_files_that_a_shell_listed_too(
    pictures: Path, store: Store, index: Index
) -> None:
    index(*sorted(pictures.glob("*.png")), changes=RuleChanges(("b*",)))
    assert names(store) == ["a.png"] and read_rules(store.path) == {}
    assert index(pictures / "a.png", changes=RuleChanges(("*.png",))).excluded == 1


def test_an_excluded_file_that_moved_where_it_is_wanted_keeps_its_vectors(
    pictures: Path, store: Store, index: Index
) -> None:
    index()
    index(changes=RuleChanges(("raw/",)))
    (pictures / "raw" / "c.png").rename(pictures / "c.png")
    report = index()
    assert (report.added, report.returned) == (0, 1)


def test_failures_of_what_is_left_out_are_listed_no_more(
    pictures: Path, store: Store, index: Index
) -> None:
    (pictures / "raw" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    assert index().failed == 1
    index(changes=RuleChanges(("raw/",)))
    assert store.failures() == []


@pytest.mark.parametrize("pattern", ["", " ", "!", "# words", "\\"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"is no pattern; write one as in \.gitignore"):
        RuleChanges.of({"exclude": pattern})


def test_rules_that_cannot_be_read_are_said(pictures: Path, store: Store, index: Index) -> None:
    (store.path / FILE).write_text('{"version": 9}')
    with pytest.raises(LibraryCorrupt, match=r"roots.json is damaged: version 9; delete it"):
        index()


def test_a_rule_that_there_is_not_is_refused_by_its_name() -> None:
    with pytest.raises(
        TypeError, match="no argument 'exclud' of index\\(\\); did you mean 'exclude'"
    ):
        RuleChanges.of({"exclud": "*.tmp"})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(UsageError, match="exclude=3 is no pattern"):
        RuleChanges.of({"exclude": 3})  # type: ignore[typeddict-item]
