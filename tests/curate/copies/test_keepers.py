"""Of copies one is kept, by rules that a caller can choose; its reason says what decided."""

from __future__ import annotations

import pytest

from engine.curate.copies.keepers import _is_spare, keeper, keeper_rules
from engine.errors import UsageError
from engine.store.records import AssetFacts
from engine.types import Kind


def file(path, width=10, size=5, taken=None, mtime=10**18) -> AssetFacts:
    return AssetFacts(1, path, "", Kind.IMAGE, size, mtime, width, 10, None, taken)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (file("/b", width=20), "kept: most pixels"),
        (file("/b", size=6), "kept: most bytes"),
        (file("/b", taken="2020-01-01"), "kept: says when it was made"),
        (file("/b", mtime=9 * 10**17), "kept: the earliest date"),
        (file("/DCIM/a", size=4, taken="2020-01-01"), "kept: says when it was made"),
    ],
)
def test_by_default_the_best_copy_is_kept(other, why):
    kept = keeper([file("/a"), other])
    assert (kept.file.path, kept.why) == (other.path, why)


def test_what_is_as_good_in_all_is_kept_by_its_path():
    kept = keeper([file("/b"), file("/a")])
    assert (kept.file.path, kept.why) == ("/a", "kept: the first path")


def test_the_name_that_others_are_called_after_is_kept():
    names = ["/p/a 2.jpg", "/p/a-1.jpg", "/p/a.jpg", "/p/a_b.jpg"]
    kept = keeper([file(name) for name in names])
    assert (kept.file.path, kept.why) == ("/p/a.jpg", "kept: the shortest name")


def test_a_reason_names_each_rule_that_decided_and_no_other():
    files = [file("/Backup/a", 20), file("/x/a", 20), file("/c", 10, size=99)]
    assert (
        keeper(files).why
        == "kept: most pixels, then in no place of copies, downloads, backups or trash"
    )


FILES = [
    file("/pics/album/a.jpg", 20, 9, "2020-01-01"),
    file("/pics/b.jpg", 10, 5, "2024-01-01"),
    file("/Downloads/c.jpg", 10, 3, "2010-01-01"),
]


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (["most-pixels"], "a"), (["oldest"], "c"), (["newest"], "b"), (["largest"], "a"),
        (["smallest"], "c"), (["shortest-path"], "b"), (["in:downloads"], "c"),
        (["not-in:album", "largest"], "b"), (["not-in:album", "oldest"], "c"),
        (["in:/pics", "smallest"], "b"), (["in:nowhere"], "a"),
    ],
)  # fmt: skip
def test_rules_count_in_the_order_in_which_they_are_given(rules, kept):
    assert keeper(FILES, keeper_rules(rules)).file.path.endswith(f"/{kept}.jpg")


def test_a_folder_that_is_there_is_meant_by_its_path(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    files = [file(str(tmp_path / name / "deep" / "x.jpg")) for name in ("one", "two")]
    assert keeper(files, keeper_rules(["in:two"])).file is files[1]
    assert keeper(files, keeper_rules([f"not-in:{tmp_path}/one"])).file is files[1]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("larges", "keep='larges' is no rule: did you mean 'largest'? there are most-pixels, "),
        ("in:", "keep=in: names no folder"),
        ("", "keep='' is no rule: there are "),
    ],
)
def test_a_rule_that_there_is_none_of_is_one_line(rule, line):
    with pytest.raises(UsageError, match=line.replace("?", r"\?")) as caught:
        keeper_rules([rule])
    assert caught.value.arguments == ("keep",)


@pytest.mark.parametrize(
    "path",
    ["/p/Copy of a.jpg", "/p/a copy.jpg", "/p/a - Copy (2).jpg", "/p/a (1).jpg", "/p/a_copy.png",
     "/p/a(1).jpg", "/p/a~2.jpg", "/p/a - Kopie.jpg", "/p/Kopie von a.jpg", "/p/a (copie).jpg",
     "/p/Copies/a.jpg", "/p/Downloads/a.jpg", "/p/WhatsApp Images/a.jpg", "/p/Papierkorb/a.jpg",
     "/p/Trash/a.jpg", "/p/.Trash/files/a.jpg", "/p/backup/a.jpg", "/p/thumbs/a.jpg"],
)  # fmt: skip
def test_places_of_copies(path: str) -> None:
    assert _is_spare(path)


@pytest.mark.parametrize(
    "path",
    [
        "/p/a.jpg",
        "/p/copyright.jpg",
        "/p/Backup plan 2020/a.jpg",
        "/p/hardcopy.jpg",
        "a.jpg",
        "/p/Copacabana/a.jpg",
    ],
)
def test_places_of_originals(path: str) -> None:
    assert not _is_spare(path)
