"""Results of benchmarks as files: what a table showed, what it had to reach, and where it ran."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
"""The folder of the kept results, one JSON file for each table."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of a table, with its target if it has one."""

    cells: list[str]
    target: str = ""
    """The limit as the table words it; empty where the row only informs."""
    reached: bool | None = None
    value: float | None = None
    """The figure that was compared with the limit, where it is a finite number."""
    limit: float | None = None
    at_most: bool | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One table of one benchmark. Nothing in it names a commit, a person or a path."""

    benchmark: str
    command: str
    """What was typed, with folders replaced by the names of their options."""
    caption: str
    header: list[str]
    rows: list[Measured]
    machine: dict[str, Any]
    variant: str = ""
    """Tells tables of one benchmark apart, such as 1000000x384."""
    notes: str = ""
    printed: str = ""
    """When the table was printed, if it was copied from one and not saved by a run."""
    details: dict[str, Any] = field(default_factory=dict)
    """Further figures that the table does not show."""

    @property
    def file_name(self) -> str:
        """The name of its file; of no character that some file system refuses."""
        name = "-".join(filter(None, (self.benchmark, self.variant)))
        return name.replace(":", "-") + ".json"

    @property
    def reached(self) -> bool:
        """Whether no row misses its target."""
        return all(row.reached is not False for row in self.rows)


def save(result: Result, folder: Path | None = None) -> Path:
    """Write a result into the folder of results, in the place of the one before it."""
    folder = folder or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / result.file_name
    path.write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n")
    return path


def load(path: Path) -> Result:
    """Read a result that was saved."""
    document = json.loads(path.read_text())
    rows = [Measured(**row) for row in document.pop("rows")]
    return Result(rows=rows, **document)


def load_all(folder: Path = FOLDER) -> dict[str, list[Result]]:
    """Read all results of a folder, by the name of their benchmark."""
    found: dict[str, list[Result]] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: _natural(path.stem)):
        result = load(path)
        found.setdefault(result.benchmark, []).append(result)
    return found


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that puts 59000 before 1000000."""
    parts = name.replace("x", "-").split("-")
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def finite(value: float) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(value) if math.isfinite(value) else None


def machine_facts(cores: int) -> dict[str, Any]:
    """Return what a reader must know of the machine to compare times."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": cores,
        "memory_gib": round(gib),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [_line(header), f"|{'---|' * len(header)}", *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "|" + "".join(f" {cell} |" if f"{cell}" else " |" for cell in cells)


def details_of(benchmark: str, folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return the further figures of a benchmark's saved result."""
    return load(folder / f"{benchmark}.json").details
