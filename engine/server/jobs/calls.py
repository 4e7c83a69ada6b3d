"""The calls of the facade that jobs make, by the kind of the job."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.common.atomic_write import whole
from engine.common.file_state import os_reason
from engine.curate.run import CurationRun
from engine.errors import ExportFailed, LibraryBusy
from engine.library.facade import Library
from engine.server.jobs.line import Calls, JobRun
from engine.server.jobs.page_calls import PAGES
from engine.types import IndexReport

_BUSY = 0.5
"""Seconds between two tries to write to a library that another process writes to."""
_KEPT = 3
"""Exports, and results of classifications, of a library that are kept; a new one takes the
place of the oldest."""
CURATION = (
    "duplicates", "leaks", "semdedup", "outliers", "clusters", "select", "quality", "captions",
    "mislabeled",
)  # fmt: skip
"""Methods of ``library.curate`` that record a run."""


def _index(library: Library, run: JobRun) -> Mapping[str, Any]:
    paths, options = run.request["paths"], dict(run.request)
    del options["paths"]
    return _indexed(
        run,
        lambda: library.index(
            paths, **options, on_file=run.on_file, progress=run, cancel=run.cancel
        ),
    )


def _retry(library: Library, run: JobRun) -> Mapping[str, Any]:
    return _indexed(
        run,
        lambda: library.retry(**run.request, on_file=run.on_file, progress=run, cancel=run.cancel),
    )


def _indexed(run: JobRun, call: Callable[[], IndexReport]) -> Mapping[str, Any]:
    """Index as soon as no other process writes, and return the report.

    The lock of the writer is asked for again and again: whoever waits for it in the kernel
    cannot be cancelled. What was committed before another process came between is unchanged
    in the next try, so that trying again costs a walk.
    """
    while True:
        try:
            report = call()
        except LibraryBusy:
            run.message("another process writes to the library; the job waits for it")
            run.cancel.wait(_BUSY)
        else:
            return asdict(replace(report, failures=()))


def _curate(method: str) -> Callable[[Library, JobRun], Mapping[str, Any]]:
    def call(library: Library, run: JobRun) -> Mapping[str, Any]:
        find: Callable[..., CurationRun] = getattr(library.curate, method)
        found = find(**run.request, progress=run, cancel=run.cancel, wait=True)
        return {
            "run": found.run_id, "findings": len(found), "line": found.line,
            "facts": dict(found.facts), "notes": [*found.notes], "details": dict(found.details),
            "problems": [*found.problems],
        }  # fmt: skip

    return call


def _classify(library: Library, run: JobRun) -> Mapping[str, Any]:
    out = results_file(run.folder, run.job.job_id)
    _make_room(run.folder, out.suffix)
    found = library.classify(**run.request, out=out, progress=run, cancel=run.cancel, wait=True)
    return {
        "files": found.files, "counts": dict(found.counts), "notes": [*found.notes],
        "unfitting": found.unfitting, "tags": found.tags,
        "run": found.run.run_id if found.run is not None else None,
    }  # fmt: skip


def _label(library: Library, run: JobRun) -> Mapping[str, Any]:
    """Tag files with the labels of an earlier classification."""
    asked = dict(run.request)
    job = asked.pop("classification")
    # The run says what was asked for, and not where the server keeps its files.
    command = f"POST /api/classify/{job}/apply {json.dumps(asked)}"
    made = library.apply_tags(results_file(run.folder, job), **asked, wait=True, command=command)
    return {"run": made.run_id, "tags": len(made.findings)}


def _export(library: Library, run: JobRun) -> Mapping[str, Any]:
    """Export to a folder, and make an archive of it, which takes its place."""
    archive = archive_file(run.folder, run.job.job_id)
    _make_room(run.folder, archive.suffix)
    folder = archive.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was cut off
    try:
        # The data card says what was asked for, and not where the server keeps its files.
        command = f"POST /api/exports {json.dumps(run.request)}"
        report = library.export(
            folder, **run.request, command=command, progress=run, cancel=run.cancel
        )
        _archive(folder, archive, run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "files": report.files, "moments": report.moments, "vectors": dict(report.vectors),
        "left_out": report.left_out, "bytes": archive.stat().st_size,
    }  # fmt: skip


def _archive(folder: Path, archive: Path, run: JobRun) -> None:
    """Write the files of a folder to a ZIP, as they are: pictures do not get smaller."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    run.start("archiving", len(files))
    try:
        with whole(archive) as unfinished, zipfile.ZipFile(unfinished, "w") as made:
            for file in files:
                made.write(file, file.relative_to(folder))
                run.advance()
                run.cancel.check()
    except OSError as error:
        raise ExportFailed(f"the archive cannot be written: {os_reason(error)}") from error


def _apply(library: Library, run: JobRun) -> Mapping[str, Any]:
    done = library.curate.apply(**run.request, wait=True)
    return {"run": run.request["run_id"], "done": done.done, "passed": [*done.passed]}


def _place(library: Library, run: JobRun) -> Mapping[str, Any]:
    placed = library.curate.place_files(**run.request, wait=True)
    return {"run": placed.run_id, "done": placed.done, "passed": [*placed.passed]}


def _undo(library: Library, run: JobRun) -> Mapping[str, Any]:
    undone = library.curate.undo(run.request["run_id"], wait=True)
    return {"run": undone.run_id, "lines": [*undone.lines], "problems": [*undone.problems]}


def _make_room(folder: Path, suffix: str) -> None:
    kept = sorted(folder.glob(f"*{suffix}"), key=lambda path: path.stat().st_mtime)
    for file in kept[: 1 - _KEPT]:
        with suppress(OSError):
            file.unlink()


def results_file(folder: Path, job_id: str) -> Path:
    """Return the file that has the results of a classification."""
    return folder / f"{job_id}.jsonl"


def archive_file(folder: Path, job_id: str) -> Path:
    """Return the file that has an export."""
    return folder / f"{job_id}.zip"


CALLS: Calls = {
    "index": _index, "retry": _retry, "classify": _classify, "export": _export,
    "apply": _apply, "undo": _undo, "label": _label, "place": _place,
    **PAGES,
    **{method: _curate(method) for method in CURATION},
}  # fmt: skip
