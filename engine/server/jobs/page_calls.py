"""The calls of jobs that make pages: reports, stories and lessons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.common.atomic_write import write_text
from engine.library.facade import Library
from engine.server.jobs.line import JobRun

_KEPT = 20
"""Pages of a library that are kept; a new one takes the place of the oldest. Most have a few MB."""


def page_file(folder: Path, job_id: str) -> Path:
    """Return the file that has the page of a job."""
    return folder / f"{job_id}.html"


def _report(library: Library, run: JobRun) -> Mapping[str, Any]:
    made = library.watch_report(
        run.request["video"], questions=run.request["questions"], progress=run, cancel=run.cancel
    )
    return _kept(run, made.html, {"title": Path(made.path).name, "chapters": len(made.chapters)})


def _story(library: Library, run: JobRun) -> Mapping[str, Any]:
    made = library.story(**run.request, progress=run, cancel=run.cancel)
    facts = {"title": made.title, "items": len(made.items), "notes": [*made.notes]}
    return _kept(run, made.html if made.found else "", facts)


def _lesson(library: Library, run: JobRun) -> Mapping[str, Any]:
    made = library.lesson(**run.request, progress=run, cancel=run.cancel)
    facts = {
        "title": made.topic, "quotes": len(made.quotes), "questions": len(made.quiz),
        "notes": [*made.notes],
    }  # fmt: skip
    return _kept(run, made.html if made.found else "", facts)


def _kept(run: JobRun, html: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep a page, where there is one."""
    if html:
        pages = sorted(run.folder.glob("*.html"), key=lambda path: path.stat().st_mtime)
        for file in pages[: 1 - _KEPT]:
            with suppress(OSError):
                file.unlink()
        write_text(page_file(run.folder, run.job.job_id), html)
    return {"found": bool(html), "bytes": len(html.encode()), **facts}


PAGES: Mapping[str, Callable[[Library, JobRun], Mapping[str, Any]]] = {
    "report": _report, "story": _story, "lesson": _lesson,
}  # fmt: skip
"""The calls by the kinds of their jobs."""
