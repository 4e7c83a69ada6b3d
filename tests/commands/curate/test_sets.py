"""`sensorium curate`: what a command finds is kept, listed, drawn, and acted on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from engine.config import Settings
from engine.curate.actions.undo import undo
from tests import media_files as make

EVIL = "<b>&'\"x.png"


def fill(folder: Path, settings: Settings) -> Path:
    """Index sixteen pictures in two folders, one of them in the wrong one, and six sounds."""
    media = folder / "media"
    for colour in ("red", "blue"):
        for number in range(7):
            make.picture(media / colour / f"{number}.png", colour)
    make.picture(media / "red" / "wrong.png", "blue")
    make.picture(media / "blue" / EVIL, "yellow")
    for number in range(6):
        make.sound(media / f"{number}.wav", (200 + 10 * number, 2.0))
    where = folder / "library"
    with Library.open(where, create=True, encoder="fake", settings=settings) as made:
        assert made.index([media]).added == 22
    return where


@pytest.fixture(scope="module")
def filled(tmp_path_factory, settings) -> tuple[Path, Path]:
    """A folder with a library, which names its files by their whole paths, and a copy of it."""
    folder, aside = tmp_path_factory.mktemp("sets"), tmp_path_factory.mktemp("aside")
    fill(folder, settings)
    shutil.copytree(folder, aside, dirs_exist_ok=True)
    return folder, aside


@pytest.fixture
def lib(filled) -> Path:
    folder, aside = filled
    shutil.rmtree(folder)
    shutil.copytree(aside, folder)
    return folder / "library"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory, settings) -> Path:
    """A library for what is refused, which leaves no run in it."""
    return fill(tmp_path_factory.mktemp("untouched"), settings)


@pytest.fixture
def call(lib):
    def command(*arguments: object, code: int = 0):
        words = ["curate", *map(str, arguments), "--library", str(lib)]
        done = CliRunner().invoke(main, words, catch_exceptions=False)
        assert done.exit_code == code, done.output
        if code == 0 and "--json" in words:
            return json.loads(done.stdout)
        return done

    return command


COMMANDS = {
    "outliers": ["--measure", "lof"],
    "clusters": ["--k", "2"],
    "quality": ["--kind", "image"],
    "mislabeled": ["--modality", "image"],
    "select": ["-n", "4", "--modality", "image", "--balance", "label"],
    "captions": [],
}


def arguments(name: str, lib: Path) -> list[str]:
    if name != "captions":
        return COMMANDS[name]
    table = lib.with_name("captions.csv")
    table.write_text("path,caption\nmedia/red/0.png,red\nmedia/red/1.png,green\n")
    return ["--captions", str(table)]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_found_is_kept_and_drawn(call, lib, tmp_path, name):
    out, report = tmp_path / "found.parquet", tmp_path / "report.html"
    asked = [*arguments(name, lib), "--out", out, "--report", report, "--json"]
    document = call(name, *asked)
    assert document["findings"]
    assert document["command"].startswith(f"sensorium curate {name} ")
    rows = pq.read_table(out).to_pylist()
    assert [row["why"] for row in rows] == [one["why"] for one in document["findings"]]
    with Library.open(lib) as library:
        kept = list(library.store.curation.findings(document["run"]))
        assert [one.why for one in kept] == [row["why"] for row in rows]
        run = library.store.curation.run(document["run"])
        assert (run.kind, run.command) == (name, document["command"])
    page = report.read_text()
    assert "<b>&'" not in page and "http" not in page.replace("http-equiv", "")
    assert "data:image/jpeg" in page
    lines = call(name, *arguments(name, lib))
    assert f"run {document['run'] + 1}: " in lines.stderr


def test_the_wrong_label_is_the_one_that_is_found(call):
    document = call("mislabeled", "--modality", "image", "--top", "1", "--json")
    (one,) = document["findings"]
    assert one["path"].endswith("red/wrong.png") and "looks more like 'blue'" in one["why"]


def test_outliers_of_every_modality(call):
    document = call("outliers", "--threshold", "0", "--json")
    assert document["settings"]["modalities"] == ["image", "sound"]
    scores = [one["score"] for one in document["findings"]]
    assert scores == sorted(scores, reverse=True)
    top = call("outliers", "--threshold", "0", "--top", "2", "--json")["findings"]
    assert top == document["findings"][:2]


def test_tags_and_undo(call, lib):
    document = call("mislabeled", "--modality", "image", "--apply", "tag", "--json")
    found = len(document["findings"])
    assert document["applied"] == {"apply": "tag", "done": found, "passed": []}
    with Library.open(lib) as library:
        assert library.store.tag_counts() == {"mislabeled": found}
        undo(library.store)
        assert library.store.tag_counts() == {}
    call("clusters", "--modality", "image", "--k", "2", "--apply", "tag", "--tag", "mine")
    with Library.open(lib) as library:
        assert library.store.tag_counts() == {"mine": 16}


def test_files_go_to_a_folder_for_each_cluster(call, lib, tmp_path):
    to = tmp_path / "links"
    asked = ("clusters", "--modality", "image", "--k", "3", "--apply", "link", "--to", to, "--json")
    document = call(*asked)
    assert document["applied"]["done"] == 16
    assert sorted(entry.name for entry in to.iterdir()) == ["cluster 1", "cluster 2", "cluster 3"]
    with Library.open(lib) as library:
        undo(library.store)
    assert not to.exists()


def test_a_run_that_is_acted_on_later_does_the_same(call, lib, tmp_path):
    call("clusters", "--modality", "image", "--k", "3")
    to = tmp_path / "links"
    later = call("apply", "1", "--apply", "link", "--hard", "--to", to, "--json")
    assert later["applied"] == {"apply": "link", "done": 16, "passed": []}
    folders = sorted(entry.name for entry in to.iterdir())
    assert folders == ["cluster 1", "cluster 2", "cluster 3"]
    assert not any(entry.is_symlink() for entry in to.glob("*/*"))
    call("select", "-n", "3", "--modality", "image")
    call("apply", "2", "--apply", "tag")
    with Library.open(lib) as library:
        assert library.store.tag_counts() == {"selected": 3}


def test_a_line_has_the_same_columns_in_every_command(call):
    for name in ("duplicates", "outliers", "clusters"):
        asked = {"duplicates": ["--by-cosine"], "outliers": ["--threshold", "0"]}.get(name, [])
        lines = call(name, *asked).stdout.splitlines()
        assert len(lines) > 2
        for line in lines:
            group, verdict, score, path, _why = line.split("\t")
            assert (group == "") == (name == "outliers")
            assert verdict and float(score) >= 0 and Path(path).is_absolute()


def test_a_file_with_two_faults_is_moved_once(call, lib, tmp_path):
    document = call(
        "quality", "--kind", "image", "--apply", "move", "--to", tmp_path / "bad", "--yes", "--json"
    )
    assert document["applied"]["done"] == 16
    assert len(document["findings"]) > 16
    assert document["applied"]["passed"] == []
    with Library.open(lib) as library:
        assert all(Path(asset.path).exists() for asset in library.store.assets())
        undo(library.store)
        assert not (tmp_path / "bad").exists()


def test_a_selection_is_reproducible(call, tmp_path):
    file = tmp_path / "chosen.json"
    asked = ("select", "-n", "5", "--modality", "image", "--near", "blue", "--seed", "3")
    first = call(*asked, "--manifest", file, "--json")
    manifest = json.loads(file.read_text())
    assert manifest["command"] == first["command"] and manifest["settings"]["seed"] == 3
    again = call(*asked, "--json")
    assert again["findings"] == first["findings"]
    assert [one["path"] for one in manifest["choices"]] == [o["path"] for o in first["findings"]]
    assert all("near 'blue'" in one["why"] for one in manifest["choices"])
    assert (tmp_path / "chosen.parquet").exists()


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (["select", "-n", "99", "--modality", "image"], "--count 99: there are 1 to 16 of image"),
        (["select", "-n", "2"], "the library holds image, sound: choose one with --modality"),
        (["select", "-n", "2", "--modality", "speech"], "holds no speech"),
        (["select", "-n", "2", "--pool", "5"], "--pool is for --near and --far"),
        (["select", "-n", "2", "--near", " "], "--near is empty"),
        (["select", "-n", "2", "--near", "a", "--far", "a"], "both wanted and not wanted"),
        (["select", "-n", "2", "--manifest", "x.txt"], "a manifest is a .json file"),
        (["clusters", "--modality", "image", "--k", "17"], "--k 17: of 16 of image"),
        (["clusters", "--where", "path = nothing.png"], "no sound passes the filter"),
        (["clusters", "--where", "nonsense"], "nonsense"),
        (["mislabeled", "--modality", "sound"], "1 label of two or more assets"),
        (["mislabeled", "--modality", "image", "--labels", "nowhere.csv"], "no such file"),
        (["captions"], "no picture of the library has a caption"),
        (["quality", "--limit", "big=1"], "no verdict called 'big'"),
        (["quality", "--limit", "dark"], "'dark' is no limit"),
        (["quality", "--where", "path = nothing.png"], "no file passes the filter"),
        (["outliers", "--out", "x.txt"], "findings are written as"),
        (["outliers", "--report", "nowhere/x.html"], "there is no folder nowhere"),
        (["outliers", "--apply", "move"], "--apply move needs a folder: --to FOLDER"),
        (["outliers", "--to", "x"], "--to is for --apply move and --apply link"),
        (["outliers", "--tag", "x"], "--tag names what --apply does"),
        (["outliers", "--apply", "tag", "--tag", " "], "a tag is empty"),
    ],
)
def test_bad_input_is_one_line_and_keeps_nothing(untouched, asked, line):
    words = ["curate", *asked, "--library", str(untouched)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 2 and line in done.stderr
    with Library.open(untouched) as library:
        assert library.store.curation.runs() == []


def test_the_former_name_of_captions_works(call, lib):
    document = call("alignment", *arguments("captions", lib), "--json")
    assert document["kind"] == "captions"
    assert document["command"].startswith("sensorium curate alignment ")
    assert "alignment" not in CliRunner().invoke(main, ["curate", "--help"]).output


def test_help_names_every_command():
    text = CliRunner().invoke(main, ["curate", "--help"]).output
    assert all(name in text for name in COMMANDS)
