"""Results of benchmarks: kept when asked, read back, and drawn into the docs."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from benchmarks import common, figures, results
from benchmarks.common import at_least, at_most, command, conclude, need
from benchmarks.results import FOLDER, Measured, Result, load, load_all, save, table

_BENCHMARKS = Path(figures.__file__).parent
_DOCS = _BENCHMARKS.parent / "docs"


@command("A benchmark. With more.")
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--count", default=3)
@click.option("--fails", is_flag=True)
def benchmark(data: Path | None, count: int, fails: bool) -> None:
    body = [
        ("first", 1, at_least(0.5, 0.9) if fails else at_least(0.95, 0.9)),
        ("second", "", at_most(float("nan") if fails else 1, 2, "<= two")),
        ("third", 3, None),
    ]
    conclude("A caption.", ("what", "figure"), body, details={"more": [1]}, variant="v")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    return tmp_path


def run(*args: str):
    return CliRunner().invoke(benchmark, args)


def test_a_result_is_kept_only_when_asked(folder):
    assert run().exit_code == 0
    assert not list(folder.iterdir())
    done = run("--save", "--data", "/some/where", "--count", "5")
    assert done.exit_code == 0, done.output
    kept = load(folder / "test_results-v.json")
    assert kept.command == "python -m benchmarks.test_results --data DIR --count 5"
    assert kept.caption == "A caption." and kept.details == {"more": [1]}
    assert kept.rows[0] == Measured(["first", "1"], "0.9", True, 0.95, 0.9, False)
    assert kept.rows[2] == Measured(["third", "3"])
    assert kept.reached and not kept.printed
    assert {"cores", "memory_gib", "processor", "system", "python"} == set(kept.machine)


def test_what_is_missed_is_kept_as_missed(folder):
    done = run("--save", "--fails")
    assert done.exit_code == 1
    kept = load(folder / "test_results-v.json")
    assert [row.reached for row in kept.rows] == [False, False, None]
    assert kept.rows[1].value is None
    json.loads((folder / "test_results-v.json").read_text(), parse_constant=pytest.fail)


def test_the_table_is_printed_as_ever():
    lines = run("--fails").stdout.splitlines()
    assert lines[0] == "A caption."
    assert lines[2:] == [
        "| what | figure | must reach | reached |",
        "|---|---|---|---|",
        "| first | 1 | 0.9 | NO |",
        "| second | | <= two | NO |",
        "| third | 3 | | |",
    ]


def test_missing_data_is_one_line_and_exit_code_2(tmp_path, capsys):
    need(tmp_path)
    with pytest.raises(SystemExit) as ended:
        need(tmp_path, tmp_path / "none")
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"missing: {tmp_path / 'none'}; nothing was measured\n"


def test_results_are_in_their_natural_order(tmp_path):
    for variant in ("1000000x512", "59000x384", "", "1000000x384"):
        save(Result("index", "c", "", [], [], {}, variant), tmp_path)
    variants = [result.variant for result in load_all(tmp_path)["index"]]
    assert variants == ["", "59000x384", "1000000x384", "1000000x512"]


def test_a_table_of_markdown():
    assert table(("a", "b"), [(1, ""), ("", 2)]) == "| a | b |\n|---|---|\n| 1 | |\n| | 2 |"


# --- the pages ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["benchmarks.md", "performance.md"])
def test_the_docs_show_the_results(name):
    """``make figures`` writes what this compares."""
    assert (_DOCS / name).read_text() == figures.pages()[name]


def test_every_benchmark_is_on_the_page():
    listed = [name for names in figures.GROUPS.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(benchmarks())
    assert set(load_all()) <= set(listed)


def benchmarks() -> list[str]:
    """Return the names of all modules that end in ``conclude``."""
    found = []
    for path in _BENCHMARKS.rglob("*.py"):
        calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
        if any(isinstance(c.func, ast.Name) and c.func.id == "conclude" for c in calls):
            found.append(path.parent.name if path.stem == "__main__" else path.stem)
    return found


def test_the_name_of_a_file_is_that_of_its_result():
    for path in FOLDER.glob("*.json"):
        assert load(path).file_name == path.name


def test_a_row_that_misses_is_shown_so():
    rows = [Measured(["a"], "2", False), Measured(["b"], "3", True), Measured(["c"])]
    result = Result("crash", "python -m benchmarks.crash", "All.", ["what"], rows, {}, printed="x")
    page = figures.benchmarks_page({"crash": [result]})
    assert "| what | must reach |\n|---|---|\n| a | 2: **missed** |\n| b | 3 |\n| c | |" in page
    assert "`python -m benchmarks.crash`: All." in page and "(Printed x.)" in page
    assert "No result is kept yet." in page


def test_only_what_is_between_the_marks_changes():
    result = Result("video", "", "", ["a"], [Measured(["1"])], {})
    page = "before\n<!-- figures: video -->\nold\n<!-- end -->\nafter\n"
    renewed = figures.with_tables(page, {"video": [result]})
    assert renewed == "before\n<!-- figures: video -->\n| a |\n|---|\n| 1 |\n<!-- end -->\nafter\n"


def test_the_command_is_known_by_its_file():
    assert common._benchmark_name(benchmark.callback) == "test_results"
