"""Classify the moments of a library by labels, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.classify import background, calibration
from engine.classify.labels import Label, names
from engine.classify.pooling import CLASSIFIED, ORDER, Guesses, any_labels, one_label
from engine.classify.prompts import Prompted, prompted
from engine.classify.results import EVEN, About, Result
from engine.classify.scores import Scorer, Trained, in_turn
from engine.classify.templates import templates
from engine.common.blas_threads import one_thread_a_product
from engine.config import Settings
from engine.encoders.protocols import Logits
from engine.encoders.revisions import revision_of
from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.index.matrix import assets_under, owners_of
from engine.index.vector_stream import AssetRange, AssetStream
from engine.query.calibration.phrase_vectors import kept_vectors
from engine.query.calibration.phrases import phrases
from engine.query.language import parse_where
from engine.query.plan import SEEN
from engine.query.space_revision import check_revision
from engine.store import KnownAsset, Store
from engine.types import AllOf, Filter, Kind, Modality, MomentRecord
from engine.types.arrays import MomentIds, Vectors

if TYPE_CHECKING:
    from engine.classify.examples import Gain

_CODE = 1
"""Revision of the code that puts texts into sentences, of which kept vectors depend."""
_SAMPLE = 1_000
"""Moments of a modality that stand for all of it."""
_TOP, _TOP_OF_MANY = 5, 20
"""Labels that a result lists: by default, and of independent decisions."""


@dataclass(frozen=True)
class ClassifyOptions:
    """Options of one classification."""

    labels: Sequence[Label]
    templates: str = "default"
    """``default``, ``imagenet``, ``sound``, or a file."""
    multi: bool = False
    """Decide each label by itself."""
    unknown: bool = False
    """Allow an asset to be none of the labels."""
    threshold: float | None = None
    """Probability below which a label is not given; None for what the mode says."""
    examples: Path | None = None
    """A folder that has a folder of files for each label."""
    under: Sequence[str] | None = None
    """Files and folders; None for all of the library."""
    kinds: tuple[Kind, ...] = ()
    """Kinds of files; empty for all."""
    where: tuple[str, ...] = ()
    """Filters that all have to be true of a file."""
    top: int | None = None
    """The number of labels that a result lists; None for the default."""

    def checked(self) -> ClassifyOptions:
        """Return these options, checked.

        Raises:
            UsageError: there are no labels, or a number is out of its range.
            QuerySyntax: a filter cannot be read.
        """
        _ = self.condition
        if not self.labels:
            raise UsageError("there are no labels to classify by")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UsageError(
                f"threshold= must be between 0 and 1, not {self.threshold:g}",
                arguments=("threshold",),
            )
        if self.top is not None and not 1 <= self.top <= 1000:
            raise UsageError(f"top= must be between 1 and 1000, not {self.top}", arguments=("top",))
        return self

    @property
    def condition(self) -> Filter | None:
        """The filter that a file has to pass; None for all files."""
        parsed = tuple(map(parse_where, self.where))
        return AllOf(parsed) if parsed else None


class Classifier:
    """One classification of one library.

    Attributes:
        gains: what examples brought, where there are some.
        notes: examples that cannot be read, one line each.

    Raises:
        UsageError: an option is out of its range.
        SpaceMismatch: the library was made with other weights.
    """

    def __init__(
        self, store: Store, towers: Towers, settings: Settings, options: ClassifyOptions
    ) -> None:
        self.options = options.checked()
        self.gains: list[Gain] = []
        self.notes: list[str] = []
        self._prompts: dict[tuple[str, ...], Prompted] = {}
        self._store, self._towers, self._settings = store, towers, settings
        stored = store.spaces().get(towers.shared.name)
        check_revision(stored, towers.shared)
        self.generation = store.generation()
        self._moments = None if stored is None else AssetStream(store, stored, CLASSIFIED)

    @property
    def about(self) -> About:
        """The labels and settings of its results."""
        options = self.options
        settings = {
            "templates": options.templates,
            "threshold": options.threshold,
            "examples": options.examples and str(options.examples),
            "encoder": self._towers.encoder.name,
            "revision": self._towers.shared.revision,
        }
        return About(tuple(names(options.labels)), options.multi, options.unknown, settings)

    # --- the labels ---------------------------------------------------------------

    @cached_property
    def scorers(self) -> Mapping[Modality, Scorer]:
        """The scorer of each modality that the library holds."""
        if self._moments is None:
            return {}
        plain = {m: self.scorer(m) for m in self._moments.indexes}
        if self.options.examples is None:
            return plain
        from engine.classify.examples import learn_from_folder

        labels, folder = names(self.options.labels), self.options.examples
        scorers, self.gains, notes = learn_from_folder(
            plain, folder, labels, self._towers, self._settings
        )
        self.notes += notes
        return scorers

    def scorer(self, modality: Modality) -> Scorer:
        """Return the scorer of one modality, without what examples teach."""
        prompts = self._prompted(templates(self.options.templates)[modality])
        directions = background.label_directions(prompts, self._reference(modality))
        trained = self._trained() if modality in SEEN else None
        cosines = None if trained is None else prompts.labels
        return Scorer(directions, calibration.sureness(modality), cosines, trained)

    def _prompted(self, sentences: tuple[str, ...]) -> Prompted:
        """Embed the labels in sentences, once where modalities have the same ones."""
        if sentences not in self._prompts:
            embed = self._towers.encoder.embed_texts
            keep = partial(self._kept, sentences)
            self._prompts[sentences] = prompted(embed, self.options.labels, sentences, keep)
        return self._prompts[sentences]

    def _kept(
        self, sentences: Sequence[str], texts: Sequence[str], embed: Callable[[], Vectors]
    ) -> Vectors:
        """Return the vectors of texts in sentences, which are kept for each encoder."""
        space = self._towers.shared
        named = revision_of(
            name=space.name, encoder=space.encoder, revision=space.revision,
            texts=tuple(texts), sentences=tuple(sentences), code=_CODE,
        )  # fmt: skip
        return kept_vectors(self._settings, f"classify-{named}", (len(texts), space.dim), embed)

    def _reference(self, modality: Modality) -> Vectors:
        """Return the vectors (n, dim) that labels are compared with as their background."""
        if modality is Modality.SPEECH:
            embed = partial(self._towers.encoder.embed_texts, phrases())
            return self._kept(("{}",), phrases(), embed)
        typical = self._towers.typical(modality)
        if typical is None:
            if self._moments is None or modality not in self._moments.indexes:
                return np.zeros((0, self._towers.shared.dim), np.float32)
            sample = self._moments.sample(modality, _SAMPLE)
            typical = sample - sample.mean(axis=0, keepdims=True)
        return typical

    def _trained(self) -> Trained | None:
        """Return the scale and bias of cosines that the encoder was trained with, if any."""
        encoder = self._towers.encoder
        if not isinstance(encoder, Logits):
            return None
        bias = encoder.logit_bias
        return Trained(float(encoder.logit_scale), None if bias is None else float(bias))

    # --- the run ------------------------------------------------------------------

    def guesses(self) -> Iterator[Guesses]:
        """Yield the most probable labels of assets, some thousand at a time."""
        moments = self._moments
        if moments is None or not self.scorers:
            return
        assets = self._assets()
        decide = any_labels if self.options.multi else one_label
        top = self.options.top or (_TOP_OF_MANY if self.options.multi else _TOP)

        def work(part: AssetRange) -> Guesses:
            return decide(moments.read(part), self.scorers, top)

        workers = self._settings.threads
        with one_thread_a_product(), ThreadPoolExecutor(workers, "sensorium-classify") as pool:
            yield from in_turn(pool, work, moments.ranges(assets), ahead=workers + 1)

    def _assets(self) -> MomentIds | None:
        """Return the ids of the assets to classify, ascending; None for all."""
        under, kinds = self.options.under, self.options.kinds
        if not kinds:
            chosen = assets_under(self._store, under)
        else:
            of_kinds = (a.asset_id for a in self._store.assets(under) if a.kind in kinds)
            chosen = np.array(sorted(of_kinds), np.int64)
        if (condition := self.options.condition) is None:
            return chosen
        passing = np.unique(owners_of(self._store, self._store.passing(condition)))
        return passing if chosen is None else np.intersect1d(passing, chosen)

    def count(self) -> int:
        """Return how many files may get a result; those without vectors get none."""
        chosen = self._assets()
        return sum(self._store.asset_counts().values()) if chosen is None else len(chosen)

    def results(self) -> Iterator[list[Result]]:
        """Yield the results of assets, some thousand at a time."""
        for guesses in self.guesses():
            if len(guesses):
                yield self._named(guesses)

    def _named(self, guesses: Guesses) -> list[Result]:
        assets = self._store.assets_numbered(guesses.assets.tolist())
        timed = guesses.moments[guesses.modalities != ORDER.index(Modality.IMAGE)]
        records = self._store.records(timed) if len(timed) else {}
        labels = names(self.options.labels)
        named = []
        for place, asset_id in enumerate(guesses.assets.tolist()):
            if asset_id in assets:  # else it has been removed meanwhile
                row = _Guess(guesses, place)
                record = records.get(row.moment)
                named.append(self._result(row, assets[asset_id], record, labels))
        return named

    def _result(
        self, row: _Guess, asset: KnownAsset, record: MomentRecord | None, labels: Sequence[str]
    ) -> Result:
        chosen, probability = self._decided(row)
        start, end = (None, None) if record is None else (record.moment.start, record.moment.end)
        return Result(
            asset.path, asset.kind.value, labels[row.labels[0]] if chosen else None, probability,
            row.known, row.by.value, start, end,
            tuple(labels[i] for i in row.labels), tuple(row.odds), chosen,
            asset.asset_id, row.moment,
        )  # fmt: skip

    def _decided(self, row: _Guess) -> tuple[int, float]:
        """Return how many of the labels hold, and how probable that decision is."""
        options, threshold = self.options, self.options.threshold
        if options.multi:
            chosen = sum(odds >= (EVEN if threshold is None else threshold) for odds in row.odds)
            return chosen, row.odds[0] if chosen else 1 - row.odds[0]
        best = row.odds[0] * (row.known if options.unknown else 1.0)
        if threshold is not None:
            return (1, best) if best >= threshold else (0, 1 - best)
        if options.unknown and row.known < EVEN:
            return 0, 1 - row.known
        return 1, best


class _Guess:
    """One row of guesses as plain values."""

    def __init__(self, guesses: Guesses, place: int) -> None:
        self.moment = int(guesses.moments[place])
        self.by = ORDER[int(guesses.modalities[place])]
        self.known = round(float(guesses.known[place]), 6)
        listed = guesses.labels[place]
        self.labels: list[int] = listed[listed >= 0].tolist()
        odds = guesses.probabilities[place][: len(self.labels)].astype(np.float64)
        self.odds: list[float] = np.round(odds, 6).tolist()
