"""``sensorium bench``: its JSON is a contract, and it leaves nothing behind."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from engine.commands import bench
from engine.commands.main import main
from engine.config import Settings
from engine.encoders.protocols import Embedded, Pixels
from engine.encoders.towers import Towers
from engine.errors import PathNotFound, UsageError
from engine.profile_indexing import IndexingProfile, StageTime, profile_indexing
from engine.testing.fake_encoder import FakeEncoder, FakeScreen, FakeSounds, FakeSpeech, fake_towers
from engine.types import Kind
from tests import media_files as make

STAGES = ("read", "decode", "preprocess", "encode", "write", "index")


def run(*arguments: str | Path):
    return CliRunner().invoke(main, ["bench", *map(str, arguments)])


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_json_is_the_contract(media, temporary, library):
    done = run(media, "--encoder", "fake", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told) == {
        "encoder", "threads", "files", "found", "kinds", "bytes", "moments", "failed",
        "loading_seconds", "stages", "pipeline_seconds", "pipeline_of_stages", "bottleneck",
        "advice",
    }  # fmt: skip
    assert (told["files"], told["moments"], told["failed"]) == (5, 5, 0)
    assert told["kinds"] == {"audio": 2, "image": 3}
    assert tuple(stage["name"] for stage in told["stages"]) == STAGES
    for stage in told["stages"]:
        assert set(stage) == {"name", "seconds", "count", "unit", "share"}
        assert stage["seconds"] > 0 and stage["count"] == 5
    assert sum(stage["share"] for stage in told["stages"]) == pytest.approx(1)
    assert told["bottleneck"] in STAGES and told["bottleneck"] in told["advice"]
    assert [*temporary.iterdir()] == [] and not library.exists()


def test_lines_for_a_pipe(media, temporary):
    done = run(media, "--encoder", "fake", "--sample", "2")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows[:-1]] == [*STAGES, "one after another", "index, as a whole"]
    assert rows[-1][0].startswith("bottleneck: ")
    assert "2 of 5 files" in done.stderr


def test_a_table_on_a_terminal(capsys):
    bench._table(MEASURED)
    said = capsys.readouterr().out
    assert "stage" in said and "6.00 s" in said and "75%" in said


def test_the_sample_is_the_same_again(media, temporary):
    taken = []
    for _ in range(2):
        seen: list[bytes] = []

        class Seeing(FakeEncoder):
            def embed_images(self, pixels: Sequence[Pixels], seen=seen) -> Embedded:
                seen.extend(p.tobytes() for p in pixels)
                return super().embed_images(pixels)

        towers = Towers(Seeing(), FakeSounds())
        profile_indexing(media, lambda towers=towers: towers, Settings(threads=1), 3)
        taken.append(seen)
    assert taken[0] == taken[1]


def test_the_slow_stage_is_the_bottleneck(media, temporary, monkeypatch):
    """The clock goes on while it encodes: a machine may be slow at another stage."""
    encoded = []
    clock = SimpleNamespace(perf_counter=lambda: time.perf_counter() + 1_000 * len(encoded))
    monkeypatch.setattr("engine.profile_indexing.time", clock)

    class Slow(FakeEncoder):
        def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
            encoded.append(pixels)
            return super().embed_images(pixels)

    measured = profile_indexing(media, lambda: Towers(Slow(), FakeSounds()), Settings(), 10)
    assert measured.bottleneck.name == "encode" and measured.bottleneck.seconds >= 1_000
    assert measured.pipeline >= 1_000 and measured.loading >= 1_000


def test_bridges_are_stages_of_their_own(media, temporary):
    towers = Towers(FakeEncoder(), FakeSounds(), FakeSpeech("hi"), FakeScreen({"red": "stop"}))
    measured = profile_indexing(media, lambda: towers, Settings(), 10)
    assert {"read text", "transcribe"} < {stage.name for stage in measured.stages}
    assert measured.moments == 5 + 2 + 1


def test_a_file_that_cannot_be_read_costs_itself(media, temporary):
    make.truncated(media / "half.png", make.picture(media / "whole.png", size=(400, 300)))
    measured = profile_indexing(media, fake_towers, Settings(), 10)
    assert (measured.files, measured.failed, measured.moments) == (7, 1, 6)


def test_nothing_to_measure_is_one_line(tmp_path, temporary):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("no media")
    done = run(empty)
    assert done.exit_code == 2
    assert (
        done.stderr
        == f"sensorium: {empty}: no picture, video or sound in it; name a folder of media\n"
    )
    make.truncated(empty / "half.png", make.picture(tmp_path / "whole.png", size=(400, 300)))
    with pytest.raises(UsageError, match="not one of 1 files"):
        profile_indexing(empty, fake_towers, Settings(), 10)
    with pytest.raises(PathNotFound):
        profile_indexing(tmp_path / "nowhere", fake_towers, Settings(), 10)


MEASURED = IndexingProfile(
    encoder="fake",
    files=10,
    found=12,
    kinds={Kind.IMAGE: 10},
    bytes=1000,
    moments=20,
    failed=0,
    loading=0.5,
    stages=(StageTime("decode", 2.0, 20, "moments"), StageTime("encode", 6.0, 20, "moments")),
    pipeline=7.0,
)


def test_the_verdict_says_what_would_help():
    said = bench.verdict(MEASURED, Settings())
    assert said.startswith("bottleneck: encode, 75% of the work; what helps is more cores, a GPU")
    for name, advice in bench._ADVICE.items():
        slow = replace(MEASURED, stages=(StageTime(name, 9.0, 20, "moments"),))
        assert advice in bench.verdict(slow, Settings())
