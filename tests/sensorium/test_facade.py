"""The facade from many threads, from an event loop, watched and cancelled."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sensorium import Cancelled, CancelToken, Library, quoted
from tests import media_files as make


@dataclass
class Reports:
    """Implements ``Progress`` and keeps what it was told."""

    tasks: list[tuple[str, int | None]] = field(default_factory=list)
    items: int = 0
    """Of the task that is on."""
    most: int = 0
    """Of any task."""
    moments: int = 0
    token: CancelToken | None = None
    """Cancelled at the first moment."""

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self.tasks.append((task, total))
        self.items = 0

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self.items += items
        self.most = max(self.most, self.items)
        self.moments += moments
        if self.token is not None and self.moments:
            self.token.cancel()

    def message(self, text: str) -> None:
        pass


def facts(result) -> list[tuple[str, float]]:
    return [(hit.path, hit.score) for hit in result]


def test_many_threads_get_what_one_gets(library):
    texts = ["red", "green", "blue", "high tone"] * 8
    expected = {text: facts(library.search(text)) for text in set(texts)}

    def ask(text: str) -> tuple[str, object, bytes, int]:
        result = library.search(text)
        return text, facts(result), result[0].jpeg(), library.stats().failures

    with ThreadPoolExecutor(16) as pool:
        for text, found, jpeg, failures in pool.map(ask, texts):
            assert found == expected[text]
            assert jpeg.startswith(b"\xff\xd8")
            assert failures == 0


def test_threads_may_open_and_search_at_once(library, settings):
    def ask(text: str) -> list[tuple[str, float]]:
        with Library.open(library.path, settings=settings) as opened:
            return facts(opened.search(text))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, ["red"] * 8))
    assert all(f == found[0] for f in found)


def test_an_event_loop_searches_beside_other_work(library):
    path = library.search("red")[0].path

    async def serve():
        return await asyncio.gather(
            library.asearch("red", top=3),
            library.asearch(quoted("green"), kinds="image"),
            library.asimilar(path, top=2),
            asyncio.to_thread(library.stats),
        )

    red, green, similar, stats = asyncio.run(serve())
    assert facts(red) == facts(library.search("red", top=3))
    assert facts(green) == facts(library.search(quoted("green"), kinds="image"))
    assert facts(similar) == facts(library.similar(path, top=2))
    assert stats == library.stats()


def test_progress_counts_files_and_moments(tmp_path, settings):
    for number in range(3):
        make.picture(tmp_path / "media" / f"{number}.png")
    seen = Reports()
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as library:
        report = library.index([tmp_path / "media"], progress=seen)
        assert (seen.most, seen.moments) == (3, report.moments) == (3, 3)
        assert any(total == 3 for _, total in seen.tasks)
        checked = Reports()
        library.verify(progress=checked)
        assert checked.tasks


def test_a_cancelled_run_keeps_what_was_finished(tmp_path, settings):
    files = 40
    for number in range(files):
        make.picture(tmp_path / "media" / f"{number}.png")
    token = CancelToken()
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as library:
        with pytest.raises(Cancelled) as error:
            library.index([tmp_path / "media"], progress=Reports(token=token), cancel=token)
        assert (error.value.code, error.value.exit_code) == ("cancelled", 130)
        kept = sum(library.stats().assets.values())
        assert kept > 0
        assert library.verify(deep=True).problems == ()
        again = library.index([tmp_path / "media"])
        assert again.added == files - kept


def test_a_token_that_was_cancelled_before_ends_each_long_call(library, media):
    token = CancelToken()
    token.cancel()
    for call in (
        lambda: library.index([media], cancel=token),
        lambda: library.verify(cancel=token),
        lambda: library.retry(cancel=token),
    ):
        with pytest.raises(Cancelled):
            call()


def test_an_export_that_is_cancelled_leaves_nothing_and_says_so(library, tmp_path):
    token, out = CancelToken(), tmp_path / "out"
    token.cancel()
    with pytest.raises(Cancelled) as error:
        library.export(out, "jsonl", cancel=token)
    assert not out.exists()
    (note,) = error.value.__notes__
    assert str(out) in note and "as it was" in note
    library.export(out, "jsonl")
    assert out.exists()


def test_a_library_is_a_context_manager_that_shows_itself(library):
    assert repr(library) == f"<Library {library.path} (fake)>"
    assert isinstance(library.path, Path) and library.path.is_absolute()
    assert library.warnings == ()


def test_a_query_can_be_made_and_explained_without_running_it(library):
    query = Library.query("red kind:image", top=3)
    plans: list[str] = []
    result = library.run(query, on_plan=lambda plan: plans.append(library.explain(plan)))
    assert facts(result) == facts(library.search("red kind:image", top=3))
    assert plans[0].startswith("plan: calibrated fusion over ")
    assert library.explain(result).startswith("result: ")
