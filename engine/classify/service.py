"""Classification and evaluation of a library: ``library.classify``, ``library.evaluate``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypedDict

from engine.classify.classification import (
    Classification,
    LibraryLinks,
    TagRequest,
    TagRun,
    tag_findings,
    tag_settings,
)
from engine.classify.classifier import Classifier, ClassifyOptions
from engine.classify.evaluate import Evaluation
from engine.classify.evaluate import evaluate as compare
from engine.classify.labels import LabelSource, labels_of
from engine.classify.report import RunDigest
from engine.classify.results import Result, check_out, read, writing
from engine.classify.truth import TruthSource, read_truth
from engine.common.atomic_write import check_place
from engine.common.progress import Progress
from engine.common.user_path import UserPath, existing, expanded, path_list, resolved
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.query.language import as_sequence, parse_kinds
from engine.store import Store
from engine.store.curation_records import Finding
from engine.types import IndexReport, Kind

Paths: TypeAlias = Sequence[str | Path] | str | Path
OnResults: TypeAlias = Callable[[Sequence[Result]], None]
"""Is handed results, some thousand at a time."""
IndexPaths: TypeAlias = Callable[[Sequence[Path], bool, Progress], IndexReport]
"""Index files and folders; the flag says whether to wait for another writer."""


class ClassifyArguments(TypedDict, total=False):
    """The arguments of ``library.classify`` that can be checked without a library."""

    paths: Paths | None
    kinds: Sequence[Kind | str] | str
    where: Sequence[str] | str
    unknown: bool
    multi: bool
    threshold: float | None
    examples: str | Path | None
    templates: str | Path | None
    top: int | None
    out: str | Path | None


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Checked arguments of a classification."""

    options: ClassifyOptions
    paths: tuple[Path, ...] | None
    """Files and folders, which are indexed first; None for all of the library."""
    out: Path | None

    @property
    def as_python(self) -> str:
        """The call that makes this request, as it can be typed."""
        options = self.options
        given = {
            "paths": self.paths and [str(path) for path in self.paths],
            "kinds": [kind.value for kind in options.kinds],
            "where": [*options.where],
            "unknown": options.unknown,
            "multi": options.multi,
            "threshold": options.threshold,
            "examples": options.examples and str(options.examples),
            "templates": options.templates if options.templates != "default" else None,
            "top": options.top,
        }
        labels = {label.name: list(label.descriptions[1:]) for label in options.labels}
        plain = labels if any(labels.values()) else list(labels)
        more = [f"{name}={value!r}" for name, value in given.items() if value]
        return f"library.classify({', '.join([repr(plain), *more])})"


def request_of(
    labels: LabelSource,
    *,
    paths: Paths | None = None,
    kinds: Sequence[Kind | str] | str = (),
    where: Sequence[str] | str = (),
    unknown: bool = False,
    multi: bool = False,
    threshold: float | None = None,
    examples: str | Path | None = None,
    templates: str | Path | None = None,
    top: int | None = None,
    out: str | Path | None = None,
) -> ClassifyRequest:
    """Check the arguments of ``library.classify``; nothing is written.

    Raises:
        UsageError: a label, a number or a file cannot be used.
        QuerySyntax: a filter cannot be read.
        PathNotFound: one of ``paths`` does not exist.
    """
    options = ClassifyOptions(
        labels_of(labels), "default" if templates is None else str(templates), multi, unknown,
        threshold, _expanded(examples), top=top, kinds=parse_kinds(kinds),
        where=tuple(as_sequence(where)),
    ).checked()  # fmt: skip
    file = _expanded(out)
    if file is not None:
        check_out(file)
    if paths is None:
        return ClassifyRequest(options, None, file)
    listed = _existing(path_list(paths))
    under = tuple(str(resolved(path)) for path in listed)
    return ClassifyRequest(replace(options, under=under), listed, file)


def _expanded(path: str | Path | None) -> Path | None:
    return None if path is None else expanded(path)


def _existing(paths: Sequence[UserPath]) -> tuple[Path, ...]:
    """Return paths with the home folder filled in, all of which exist."""
    if not paths:
        raise UsageError("name files or folders to classify, or leave paths out for all")
    return tuple(map(existing, paths))


@dataclass(frozen=True, slots=True)
class ClassifyContext:
    """The parts of a library that a classification uses."""

    store: Store
    settings: Settings
    towers: Callable[[], Towers]
    index: IndexPaths
    links: LibraryLinks


@dataclass(frozen=True, slots=True)
class Delivery:
    """The receivers of results, apart from the value itself."""

    on_results: OnResults | None = None
    """Is handed results as they come, which are not kept then."""
    apply_tags: bool = False
    wait: bool = False
    """Wait for another writer instead of raising ``LibraryBusy``."""
    command: str | None = None
    """The command that would make it again; None for the call."""


def classify(
    context: ClassifyContext, request: ClassifyRequest, delivery: Delivery, progress: Progress
) -> Classification:
    """Index what is new, classify, and tag where that is asked.

    Results stream through: with ``out`` or ``on_results`` memory does not grow with them.

    Raises:
        UsageError: templates or examples cannot be used, or ``out`` cannot be written.
        SpaceMismatch: the library was made with other weights.
        LibraryBusy: another process writes.
        Cancelled: the call was cancelled; ``out`` is not written then, and no tag given.
    """
    indexed = None
    if request.paths is not None:
        indexed = context.index(request.paths, delivery.wait, progress)
    classifier = Classifier(context.store, context.towers(), context.settings, request.options)
    _ = classifier.scorers  # bad templates or examples are refused before anything is written
    for line in (*classifier.notes, *(gain.line() for gain in classifier.gains)):
        progress.message(line)
    command = delivery.command or request.as_python
    run = _Run(context, classifier, request.out, delivery, command)
    run.stream(progress)
    return Classification(
        classifier.about, run.digest.assets, run.digest.by_frequency(), tuple(classifier.gains),
        tuple(classifier.notes), indexed, request.out, command, classifier.generation,
        run.tag_run, run.tags, None if run.kept is None else tuple(run.kept), run.digest,
        context.links,
    )  # fmt: skip


class _Run:
    """Hand the results of one classification to all who want them."""

    def __init__(
        self,
        context: ClassifyContext,
        classifier: Classifier,
        out: Path | None,
        delivery: Delivery,
        command: str,
    ) -> None:
        self._context, self._classifier = context, classifier
        self._out, self._delivery, self._command = out, delivery, command
        self.digest = RunDigest()
        self.kept: list[Result] | None = [] if out is None and not delivery.on_results else None
        self.tag_run: TagRun | None = None
        self.tags: int | None = None

    def stream(self, progress: Progress) -> None:
        """Classify all, and tag at the end, before the file of results gets its name."""
        findings: list[Finding] = []
        with self._written() as takers:
            progress.start("classifying", self._classifier.count())
            for results in self._classifier.results():
                for take in takers:
                    take(results)
                if self._delivery.apply_tags:
                    findings += [found for result in results for found in tag_findings(result)]
                progress.advance(len(results))
            if self._delivery.apply_tags:
                self.tag_run, self.tags = self._tag(findings)

    @contextmanager
    def _written(self) -> Iterator[list[OnResults]]:
        takers: list[OnResults] = [self.digest.add]
        if self.kept is not None:
            takers.append(self.kept.extend)
        if self._delivery.on_results is not None:
            takers.append(self._delivery.on_results)
        if self._out is None:
            yield takers
            return
        with writing(self._out, self._classifier.about) as write:
            yield [write, *takers]

    def _tag(self, findings: Sequence[Finding]) -> tuple[TagRun, int]:
        classifier = self._classifier
        request = TagRequest(
            self._command, tag_settings(classifier.about), findings, classifier.generation
        )
        return self._context.links.give_tags(request, self._delivery.wait)


# --- tags of results that are there -----------------------------------------------------


def tags_of(
    results: Classification | str | Path,
    threshold: float,
    labels: Sequence[str] | str,
    generation: int,
    command: str | None,
) -> TagRequest:
    """Return the tags that results give, of labels that are at least so probable.

    Args:
        labels: only these; none for all.
        generation: of the library, for a file, which does not say it.
        command: what would make it again; None for the call.

    Raises:
        UsageError: the file cannot be read.
    """
    only = frozenset(as_sequence(labels))
    if isinstance(results, Classification):
        listed, about, source = results.results, results.about, results.command
        generation = results.generation
    else:
        read_back, about = read(expanded(results))
        listed, source = tuple(read_back), f"library.apply_tags({str(results)!r})"
    found = [
        finding
        for result in listed
        for finding in tag_findings(result, threshold)
        if not only or finding.verdict in only
    ]
    settings = dict(tag_settings(about))
    if threshold:
        settings["tagged from"] = threshold
    return TagRequest(command or source, settings, found, generation)


# --- evaluation -----------------------------------------------------------------------


def evaluate(
    results: Classification | str | Path,
    truth: TruthSource,
    report: str | Path | None = None,
    thumbnail: Callable[[int], bytes] | None = None,
) -> Evaluation:
    """Measure results against the truth.

    Args:
        results: a classification, or the file that one was written to.
        truth: a CSV file with the columns ``file`` and ``label``, or a mapping of file names
            to their label or labels.
        report: a page of HTML to write.
        thumbnail: gives the pictures of a page.

    Raises:
        UsageError: a file cannot be read, or names what is not in the results.
    """
    if report is not None:
        check_place(expanded(report))
    if isinstance(results, Classification):
        listed, about = results.results, results.about
    else:
        read_back, about = read(expanded(results))
        listed = tuple(read_back)
    found = compare(listed, about, read_truth(truth, listed, about))
    found = replace(found, _thumbnail=thumbnail)
    if report is not None:
        found.report(report)
    return found
