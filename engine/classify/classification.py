"""The result of classifying a library: ``library.classify(...)`` returns it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, overload

from engine.classify.report import RunDigest, notebook_view, run_page, safe_thumbnails
from engine.classify.results import About, Result, read, writing
from engine.common.atomic_write import write_text
from engine.common.optional_package import importing
from engine.common.user_path import expanded
from engine.common.vectors import chunks
from engine.errors import UsageError
from engine.store.curation_records import Finding
from engine.types import IndexReport

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from engine.classify.examples import Gain

_SHOWN = 20
"""Labels that a prompt shows, the most frequent first."""
_BATCH = 10_000
"""Results that are written at a time."""


class TagRun(Protocol):
    """The curation run that gave files their tags; ``undo`` takes them back."""

    @property
    def run_id(self) -> int:
        """The number by which ``sensorium undo`` knows it."""

    @property
    def findings(self) -> Sequence[Finding]:
        """One for each tag."""

    def undo(self) -> Any:
        """Take the tags back."""


@dataclass(frozen=True, slots=True)
class TagRequest:
    """The tags that a classification gives, and what the run is recorded with."""

    command: str
    settings: Mapping[str, Any]
    findings: Sequence[Finding]
    """One for each tag; its verdict is the tag."""
    generation: int
    """The generation of the library when it was read."""


GiveTags = Callable[[TagRequest, bool], tuple[TagRun, int]]
"""Record a run and give its tags; returns it with the number of tags. The flag says whether
to wait for another writer."""


@dataclass(frozen=True, slots=True)
class LibraryLinks:
    """The calls of the library that a classification came from."""

    thumbnail: Callable[[int], bytes]
    give_tags: GiveTags


@dataclass(frozen=True)
class Classification:
    """The labels of a library's files, with what the run was made with.

    It is a plain value that pickles, and a sequence of the results of its files. Pictures and
    tags need the library, which a pickled value has lost: ``report`` then takes
    ``library.thumbnail``, and tags are given by ``library.apply_tags(classification)``.
    """

    about: About
    files: int
    """Files that were classified."""
    counts: Mapping[str, int]
    """Files by label, the most frequent first; ``(none of these)`` is one of the names."""
    gains: tuple[Gain, ...] = field(default=(), compare=False)
    """The gain of examples, one for each modality."""
    notes: tuple[str, ...] = ()
    """Examples that cannot be read, one line each."""
    indexed: IndexReport | None = None
    """The report of indexing new files first; None where no path was given."""
    out: Path | None = None
    """The file that holds the results; None where they are held here."""
    command: str = ""
    """The command or the call that would make it again."""
    generation: int = 0
    """The generation of the library when it was read."""
    run: TagRun | None = field(default=None, compare=False)
    """The run that gave the tags, where tags were asked for."""
    tags: int | None = None
    """The number of tags that run gave."""
    _kept: tuple[Result, ...] | None = field(default=None, repr=False)
    _digest: RunDigest = field(default_factory=RunDigest, repr=False, compare=False)
    _links: LibraryLinks | None = field(default=None, repr=False, compare=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order in which they were given."""
        return self.about.labels

    @property
    def unfitting(self) -> int:
        """Files that are probably none of the labels; ``unknown=True`` lets them be none."""
        return self._digest.unfitting

    @overload
    def __getitem__(self, index: SupportsIndex) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Result, ...]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Result | tuple[Result, ...]:
        return self.results[index]

    @property
    def results(self) -> tuple[Result, ...]:
        """A result for each file, in the order in which files were indexed.

        Results that were written to ``out`` are read from there, all of them at once.

        Raises:
            UsageError: they were handed to ``on_results`` and not kept, or ``out`` is gone.
        """
        if self._kept is not None:
            return self._kept
        if self.out is not None:
            return tuple(read(self.out)[0])
        raise UsageError("the results were handed to on_results, and are not kept here")

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return self.files

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_links": None}

    # --- writing --------------------------------------------------------------------

    def to_parquet(self, path: str | Path) -> Path:
        """Write the results as Parquet, which appears whole or not at all.

        Raises:
            UsageError: it cannot be written.
        """
        return self._write(path, ".parquet")

    def to_csv(self, path: str | Path) -> Path:
        """Write the results as CSV, which appears whole or not at all.

        Raises:
            UsageError: it cannot be written.
        """
        return self._write(path, ".csv")

    def to_jsonl(self, path: str | Path) -> Path:
        """Write the results as JSON lines, which appear whole or not at all.

        Raises:
            UsageError: they cannot be written.
        """
        return self._write(path, ".jsonl")

    def _write(self, path: str | Path, suffix: str) -> Path:
        out, results = expanded(path), self.results
        with writing(out, self.about, suffix) as take:
            for part in chunks(results, _BATCH):
                take(part)
        return out

    def to_pandas(self) -> pd.DataFrame:
        """Return the results as a table, one row for each file.

        Raises:
            ExtraMissing: pandas is not installed.
        """
        with importing("a table of pandas", "pandas", "pandas"):
            import pandas as pd
        names = list(Result.__dataclass_fields__)
        rows = [[getattr(result, name) for name in names] for result in self.results]
        return pd.DataFrame(rows, columns=names)

    def to_arrow(self) -> pa.Table:
        """Return the results as a table of Arrow, one row for each file."""
        from engine.common.arrow_table import arrow_table

        names = list(Result.__dataclass_fields__)
        rows = [{name: getattr(result, name) for name in names} for result in self.results]
        return arrow_table(rows, names)

    def report(
        self, path: str | Path, thumbnail: Callable[[int], bytes | None] | None = None
    ) -> Path:
        """Write one page of HTML with counts and pictures, which opens offline.

        Args:
            thumbnail: gives the JPEG of a moment, such as ``library.thumbnail``; by default
                that of the library that classified, and no pictures without one.

        Raises:
            UsageError: the file cannot be written.
        """
        lines = [gain.line() for gain in self.gains]
        pictures = safe_thumbnails(thumbnail or self._thumbnail)
        file = expanded(path)
        write_text(file, run_page(self._digest, self.about, lines, pictures))
        return file

    # --- tags -----------------------------------------------------------------------

    def apply_tags(self, *, wait: bool = False) -> TagRun:
        """Tag the files with their labels; returns a curation run whose ``undo`` reverts it.

        Args:
            wait: wait for another writer instead of raising ``LibraryBusy``.

        Raises:
            UsageError: the value was unpickled, or its results are not kept.
            LibraryBusy: another process writes.
        """
        if self._links is None:
            raise UsageError(
                "tags are given in a library, which a classification loses when it is pickled;"
                " use library.apply_tags(classification)"
            )
        return self._links.give_tags(self.tag_request(), wait)[0]

    def tag_request(self) -> TagRequest:
        """Return the tags that ``apply_tags`` gives."""
        findings = [finding for result in self.results for finding in tag_findings(result)]
        return TagRequest(self.command, tag_settings(self.about), findings, self.generation)

    # --- showing --------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [f"Classification of {self.files:,} files by {len(self.labels):,} labels"]
        shown = list(self.counts.items())[:_SHOWN]
        width = max((len(label) for label, _ in shown), default=0)
        lines += [f"  {label:<{width}}  {count:>9,}" for label, count in shown]
        if len(self.counts) > _SHOWN:
            lines.append(f"  and {len(self.counts) - _SHOWN:,} labels more")
        if self.unfitting and not (self.about.unknown or self.about.multi):
            lines.append(
                f"  {self.unfitting:,} are probably none of them: unknown=True lets a file be none"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return notebook_view(self._digest, self.about, safe_thumbnails(self._thumbnail))

    @property
    def _thumbnail(self) -> Callable[[int], bytes] | None:
        return self._links.thumbnail if self._links is not None else None


def tag_findings(result: Result, threshold: float = 0.0) -> list[Finding]:
    """Return a finding for each label that a file is given, and that is at least so probable."""
    given = list(zip(result.labels, result.probabilities, strict=True))[: result.chosen]
    asset, moment, file = result.asset_id, result.moment_id, result.file
    why = f"by {result.by}"
    # Of a single label, the decision is less probable where the file may be none of them.
    first = result.probability if result.chosen == 1 else 1.0
    return [
        Finding(asset, moment, file, label, None, probability, why)
        for label, probability in given
        if min(probability, first) >= threshold
    ]


def tag_settings(about: About) -> dict[str, Any]:
    """Return what decided the tags, as a run records it."""
    return dict(about.settings) | {"labels": list(about.labels), "multi": about.multi}
