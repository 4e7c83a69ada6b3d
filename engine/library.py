"""The facade: open a library, index into it, search it. Wiring only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.errors import (
    InvalidQuery,
    LibraryBusy,
    LibraryNotFound,
    SegmentGone,
    SensoriumError,
    SpaceMismatch,
    UsageError,
)
from engine.index import disk, gpu
from engine.index.allowed import Allowed
from engine.index.exact import import_faiss
from engine.index.guard import Guard
from engine.index.snapshot import Snapshot
from engine.index.space import SpaceIndex
from engine.query.calibrate import BackgroundKey, by_key
from engine.query.embed import QueryVectors, embed_query
from engine.query.execute import Sources, execute
from engine.query.explain import hits_of
from engine.query.fuse import Fused, fuse, one_per_place
from engine.query.plan import Inventory, plan, validated
from engine.query.selective import Selective
from engine.store import Background, Store, catalog_url
from engine.types import (
    Failure,
    Hit,
    IndexReport,
    Kind,
    Modality,
    MomentRecord,
    Plan,
    Query,
    SearchResult,
    Space,
    Vectors,
)

if TYPE_CHECKING:
    from engine.index.build import Wanted
    from engine.index.refresh import Refreshed
    from engine.index.snapshot import Manifest
    from engine.store import LibraryStats
    from engine.store.compact import Compaction
    from engine.store.verify import Verdict
    from indexers.local import Progress

_log = logging.getLogger(__name__)

Said: TypeAlias = Callable[[str], None]
_LOOSE = 16
"""Segments a space past which a run compacts: every one costs each start a read."""
_TRIES = 20
"""How often a search begins again because a writer came in between."""
_REFILL = 4
"""How many times more candidates are asked for, when too few hits are left of them."""


def _silent(_: str) -> None:
    """What is said to nobody."""


class Library:
    """A folder that holds all of the state: catalog, vectors, and what derives from them.

    A library may be searched from many threads, and while another process
    writes to it: a search sees everything that was committed before it began.
    """

    def __init__(self, store: Store, settings: Settings, towers: Towers | None = None) -> None:
        self.store = store
        self.settings = settings
        self._given_towers = towers
        self._guard = Guard()
        self._indexes: dict[str, SpaceIndex] = {}
        self._backgrounds: tuple[int, Mapping[BackgroundKey, Background]] = (-1, {})
        """The generation that they were read at, and the backgrounds."""
        self._filters: tuple[int, dict[tuple[tuple[Kind, ...], Modality], Allowed]] = (-1, {})
        """The same of the filters that were asked for."""
        self._selective: tuple[int, Selective | None] = (-1, None)
        """The same of how common words are."""

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        create: bool = False,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
    ) -> Library:
        """Open the library at ``path``, or the one that the settings name.

        Args:
            create: make it where there is none.
            encoder: of a new library (default ``compact``); an existing library
                keeps its own, and another name is an error.
            catalog: ``postgresql+psycopg://user@host/database``, where a new library has
                its catalog; None for a file in the folder. An existing library knows
                where its own is, and another place is an error.

        Raises:
            LibraryNotFound: there is none, and ``create`` is false.
            NotALibrary: the folder holds something else.
            EncoderUnavailable: the encoder of a new library cannot be built;
                nothing has been written then.
            UsageError: the library has another encoder or catalog, or ``catalog`` is no
                such URL, or holds a password.
            CatalogUnreachable: the server of the catalog does not let us in.
        """
        catalog = catalog and catalog_url(catalog)
        settings = settings or Settings.from_env()
        folder = Path(path or settings.library).expanduser()
        try:
            store = Store.open(folder)
        except LibraryNotFound:
            if not create:
                raise
            return cls._create(folder, encoder or registry.DEFAULT, catalog, settings)
        if encoder is not None and registry.normalised(encoder) != store.encoder:
            store.close()
            raise UsageError(
                f"{folder} was made with --encoder {store.encoder}; for {encoder} choose"
                " another folder with --library"
            )
        if catalog is not None and catalog != store.catalog:
            place = store.catalog or "a file in the folder"
            store.close()
            raise UsageError(
                f"the catalog of {folder} is {place}; for another choose another folder with"
                " --library"
            )
        disk.tidy(store.path)
        return cls(store, settings)

    @classmethod
    def _create(
        cls, folder: Path, encoder: str, catalog: str | None, settings: Settings
    ) -> Library:
        towers = registry.towers(encoder, settings)
        towers.check()
        return cls(Store.create(folder, towers.encoder.name, catalog), settings, towers)

    def close(self) -> None:
        """Let go of the catalog. The object is of no use afterwards."""
        self.store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def towers(self) -> Towers:
        """The encoder and its bridges; their weights load at first use."""
        return self._given_towers or registry.towers(self.store.encoder, self.settings)

    # --- writing --------------------------------------------------------------

    def index(
        self,
        paths: Sequence[str | Path],
        *,
        retry: bool = False,
        wait: bool = False,
        progress: Progress | None = None,
        said: Said = _silent,
    ) -> IndexReport:
        """Bring the library level with files and folders.

        Args:
            retry: also try files again that failed before and have not changed.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            said: is told when an index is made, a line at a time; that may take long.

        Raises:
            PathNotFound: one of ``paths`` does not exist; nothing is written then.
            LibraryBusy: another process is writing.
        """
        from indexers.local import run

        report = run(
            self.store, self.towers, paths, self.settings,
            retry=retry, wait=wait, progress=progress,
        )  # fmt: skip
        self._settle(wait, said)
        return report

    def retry(self, *, wait: bool = False, progress: Progress | None = None) -> IndexReport:
        """Try every failed file again, and forget those that are gone."""
        from indexers.local import retry_failures

        report = retry_failures(
            self.store, self.towers, self.settings, wait=wait, progress=progress
        )
        self._settle(wait)
        return report

    @staticmethod
    def preview(
        paths: Sequence[str | Path],
        path: str | Path | None = None,
        *,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
    ) -> IndexReport:
        """What ``index`` would do, of a library that need not exist. Indexes nothing:
        a library that is there is opened, and so mended where a crash left something."""
        from indexers.local import run

        settings = settings or Settings.from_env()
        try:
            with Library.open(path, encoder=encoder, catalog=catalog, settings=settings) as library:
                return run(library.store, library.towers, paths, settings, dry_run=True)
        except LibraryNotFound:
            towers = registry.towers(encoder or registry.DEFAULT, settings)
            return run(None, towers, paths, settings, dry_run=True)

    def remove(self, path: str | Path, *, wait: bool = False) -> int:
        """Forget a file, or all files below a folder; the files themselves stay.

        It loads no encoder, so the backgrounds wait for the next ``index``.

        Returns how many assets were forgotten.
        """
        under = str(Path(path).expanduser().resolve())
        with self.store.writer(wait=wait) as writer:
            return writer.remove([asset.asset_id for asset in self.store.assets([under])])

    def compact(self, *, wait: bool = False) -> Compaction:
        """Drop the vectors of deleted moments, and merge small segments.

        Raises:
            LibraryBusy: another process writes, or refreshes an index.
        """
        path = self.store.path
        with disk.refreshing(path, wait), self.store.writer(wait=wait) as writer:
            return writer.compact(lambda ids: disk.holding(path, ids))

    def rebuild(self, *, wait: bool = False, said: Said = _silent) -> int:
        """Make again what is derived: the full text index, the indexes, the backgrounds.

        Returns the number of moments.
        """
        self._device()  # where that cannot be had, nothing is thrown away
        with self.store.writer(wait=wait) as writer:
            count = writer.rebuild_words()
        with disk.refreshing(self.store.path, wait):
            disk.drop(self.store.path)
        self._make_level(self.store.spaces().values())
        self.refresh(wait=wait, said=said)
        self._calibrate(wait)
        return count

    def refresh(
        self, *, wait: bool = False, always: bool = False, said: Said = _silent
    ) -> list[Refreshed]:
        """Fold what was committed into the indexes on disk, where enough has changed.

        Searches go on meanwhile, here and in other processes, and are exact for what is
        not folded in yet. A small library needs no index on disk, and gets none.

        Args:
            always: also where searches would gain little.
            said: is told what is being done, a line at a time.

        Raises:
            LibraryBusy: another process is at it, and ``wait`` was not asked.
        """
        from engine.index.refresh import is_due, refresh

        spaces = self.store.spaces()
        self._make_level(spaces.values())
        due = [
            space
            for name, space in spaces.items()
            if (held := self._indexes[name].indexes.values()) and (always or any(map(is_due, held)))
        ]
        if not due:
            return []
        made: list[Refreshed] = []
        with disk.refreshing(self.store.path, wait):
            for space in due:
                made += refresh(self.store, space, self._phrases(space), self._wanted(), said=said)
        self._make_level(due)
        return made

    def refresh_in_background(self, said: Said = _silent) -> Thread:
        """Start ``refresh`` in a thread of its own, for a process that goes on serving.

        What goes wrong is logged; the next refresh makes up for it.
        """

        def work() -> None:
            try:
                self.refresh(said=said)
            except SensoriumError as error:
                _log.warning("the indexes were not refreshed: %s", error)

        thread = Thread(target=work, name="sensorium-refresh", daemon=True)
        thread.start()
        return thread

    def _phrases(self, space: Space) -> Vectors | None:
        """The bank of phrases in this space, where it has a text tower."""
        if space.name != self.towers.shared.name:
            return None
        from engine.query.phrases import phrases

        return self.towers.encoder.embed_texts(phrases())

    def _wanted(self) -> Wanted:
        from engine.index.build import Wanted

        settings = self.settings
        return Wanted(settings.recall, settings.index_memory, settings.threads, self._device())

    def _device(self) -> str:
        return gpu.select(self.settings.device, gpu.count(import_faiss()))

    def _kind_of_snapshot(self) -> type[Snapshot]:
        return gpu.OnGpu if self._device() == "cuda" else Snapshot

    def _settle(self, wait: bool, said: Said = _silent) -> None:
        """After a change: tidy segments, bring indexes and backgrounds up to it.

        Another process may be in the way; the next run makes up for what is left.
        """
        with suppress(LibraryBusy):
            if len(self.store.all_segments()) > _LOOSE * max(len(self.store.spaces()), 1):
                self.compact(wait=wait)
        with suppress(LibraryBusy):
            self.refresh(wait=wait, said=said)
        self._calibrate(wait)

    def _calibrate(self, wait: bool) -> None:
        """Estimate the backgrounds anew, unless they are those of what is committed.

        The catalog knows for which generation they were estimated. So a run that was
        cut off before this, or that another writer kept out, is made up for by the next.
        """
        if self.store.calibrated():
            return
        from engine.query.background import estimate_all

        generation = self.store.generation()
        self._make_level(self.store.spaces().values())
        with self._guard.reading():
            levels = [index.generation for index in self._indexes.values()]
            backgrounds = estimate_all(self._indexes, self.towers)
        with suppress(LibraryBusy), self.store.writer(wait=wait) as writer:
            writer.set_backgrounds(backgrounds, min(levels, default=generation))

    # --- reading --------------------------------------------------------------

    def stats(self) -> LibraryStats:
        """Counts and sizes."""
        return self.store.stats()

    def verify(self, *, deep: bool = False) -> Verdict:
        """Check the library against itself, and change nothing; ``deep`` reads all of it."""
        from engine.index.check import check
        from engine.store.verify import verify

        found = verify(self.store, deep=deep)
        return replace(found, problems=(*found.problems, *check(self.store, deep=deep)))

    def snapshots(self) -> list[tuple[str, Modality, Manifest]]:
        """The indexes on disk: of what space and modality, and how they were tuned."""
        shelves = [
            (name, disk.newest(self.store.path, space))
            for name, space in self.store.spaces().items()
        ]
        return [
            (name, modality, snapshot.about)
            for name, shelf in shelves
            if shelf is not None
            for modality, snapshot in shelf.snapshots.items()
        ]

    def failures(self) -> list[Failure]:
        """The files that could not be indexed, and why."""
        return self.store.failures()

    def search(
        self,
        text: str | None = None,
        *,
        image: str | Path | None = None,
        audio: str | Path | None = None,
        exclude: Sequence[str] = (),
        kinds: Sequence[Kind | str] = (),
        top: int = 20,
    ) -> SearchResult:
        """Moments by a text, an example picture, an example sound, or a mix of them.

        Args:
            exclude: texts whose likeness counts against a moment.
            kinds: only these kinds of assets; empty means all.
            top: how many hits at most.

        Raises:
            InvalidQuery: nothing was asked, or an example cannot be read.
        """
        return self.run(
            Query(
                text=None if text is None else _plain(text),
                image=_example(image),
                audio=_example(audio),
                exclude=tuple(map(_plain, _several(exclude))),
                kinds=_kinds(kinds),
                top=top,
            )
        )

    def similar(
        self, path: str | Path, *, kinds: Sequence[Kind | str] = (), top: int = 20
    ) -> SearchResult:
        """Moments that look or sound like a file, best first, the file itself left out."""
        from engine.query.embed import example_of

        query = example_of(Path(path).expanduser())
        return self.run(
            replace(query, kinds=_kinds(kinds), top=top, likeness=True),
            leave_out=str(Path(path).expanduser().resolve()),
        )

    def run(self, query: Query, *, leave_out: str | None = None) -> SearchResult:
        """Run a query; ``leave_out`` is a path whose moments are not shown."""
        took: dict[str, float] = {}
        query = validated(query)
        with _stage(took, "level"):
            spaces = self._spaces_of(query)
            self._make_level(spaces)
        with _stage(took, "plan"), self._guard.reading():
            planned = plan(query, self._inventory())
        # Outside the guard: an example that takes long to decode holds nobody up.
        with _stage(took, "encode"):
            vectors = embed_query(planned, self.towers, self.settings)
        with _stage(took, "search"):
            hits = self._of_one_generation(planned, vectors, spaces, leave_out)
        took["total"] = sum(took.values())
        return SearchResult(query, hits, took)

    def _of_one_generation(
        self,
        planned: Plan,
        vectors: QueryVectors,
        spaces: Sequence[Space],
        leave_out: str | None,
    ) -> tuple[Hit, ...]:
        """Hits, where indexes and catalog say the same: what was replaced since an index
        followed would else be in neither its old form nor its new one.

        Other threads may take the indexes on to a later generation meanwhile; then this
        one looks at the catalog again.
        """
        for attempt in range(_TRIES):
            with suppress(SegmentGone), self.store.snapshot():
                self._make_level(spaces)
                with self._guard.reading():
                    if self._is_whole(spaces) or attempt == _TRIES - 1:
                        backgrounds = self._known_backgrounds()
                        sources = Sources(
                            self.store, self._indexes, backgrounds, self._allowed, self._match
                        )
                        return self._refilled(planned, vectors, sources, leave_out)
        raise LibraryBusy(f"{self.store.path} changes faster than it can be read; try again")

    def _is_whole(self, spaces: Sequence[Space]) -> bool:
        """Whether the indexes hold just what this thread's snapshot of the catalog says."""
        generation, following = self.store.generation(), self.store.next_segment()
        indexes = [self._indexes[space.name] for space in spaces]
        return all(i.generation == generation and i.watermark < following for i in indexes)

    def _refilled(
        self, planned: Plan, vectors: QueryVectors, sources: Sources, leave_out: str | None
    ) -> tuple[Hit, ...]:
        """Hits, with more candidates asked for until there are ``top`` or no more to have:
        neighbours that fold together, and what is left out, must not cost other files."""
        top, most = planned.query.top, sources.size(planned)
        while True:
            ranked = self._looked_up(fuse(execute(planned, vectors, sources)), top, leave_out)
            hits = hits_of(islice(one_per_place(ranked), top))
            if len(hits) == top or planned.fetch >= most:
                return hits
            planned = replace(planned, fetch=planned.fetch * _REFILL)

    def _looked_up(
        self, ranked: Sequence[Fused], page: int, leave_out: str | None
    ) -> Iterator[tuple[Fused, MomentRecord]]:
        """Moments with their records, a page at a time. Those that have died since they
        were found have none."""
        for first in range(0, len(ranked), page):
            part = ranked[first : first + page]
            records = self.store.records([fused.moment_id for fused in part])
            for fused in part:
                record = records.get(fused.moment_id)
                if record is not None and record.path != leave_out:
                    yield fused, record

    def _spaces_of(self, query: Query) -> list[Space]:
        """The spaces that a query is asked in, of those that the library has.

        Raises:
            SpaceMismatch: one was made with other weights than the query would be.
        """
        towers, stored = self.towers, self.store.spaces()
        wanted = [towers.shared]
        wanted += [towers.looks] if query.image is not None else []
        wanted += [towers.sounds] if query.audio is not None else []
        for space in wanted:
            if space.name in stored and stored[space.name] != space:
                raise SpaceMismatch(
                    f"the library's space {space.name} was made by revision"
                    f" {stored[space.name].revision}, and the installed encoder is revision"
                    f" {space.revision}: index into a new library"
                )
        return [space for space in wanted if space.name in stored]

    def _make_level(self, spaces: Iterable[Space]) -> None:
        """Have the indexes of these spaces hold all that was committed."""
        generation = self.store.generation()
        behind = [s for s in spaces if not self._is_level(s, generation)]
        if behind:
            with self._guard.writing():
                for space in behind:
                    if space.name not in self._indexes:
                        self._indexes[space.name] = SpaceIndex(space, self._kind_of_snapshot())
                    self._indexes[space.name].follow(self.store)

    def _is_level(self, space: Space, generation: int) -> bool:
        index = self._indexes.get(space.name)
        return index is not None and index.is_level(self.store, generation)

    def _inventory(self) -> Inventory:
        """What there is to search."""
        held = {name: frozenset(index.indexes) for name, index in self._indexes.items()}
        towers = self.towers
        return Inventory(towers.shared.name, towers.looks.name, towers.sounds.name, held)

    def _allowed(self, kinds: tuple[Kind, ...], modality: Modality) -> Allowed:
        """The moments of some kinds and one modality, kept while nothing is committed."""
        generation = self.store.generation()
        level, filters = self._filters
        if level != generation:
            filters = {}
            self._filters = generation, filters
        if (kinds, modality) not in filters:
            ids = self.store.moment_ids(kinds=kinds, modalities=(modality,))
            filters[kinds, modality] = Allowed(ids)
        return filters[kinds, modality]

    def _match(self, text: str) -> str | None:
        """What to ask full text search for a text, with counts of this generation."""
        generation = self.store.generation()
        level, selective = self._selective
        if selective is None or level != generation:
            selective = Selective(self.store)
            self._selective = generation, selective
        return selective.match(text)

    def _known_backgrounds(self) -> Mapping[BackgroundKey, Background]:
        generation = self.store.generation()
        level, backgrounds = self._backgrounds
        if level != generation:
            backgrounds = by_key(self.store.backgrounds())
            # One assignment, so that another thread sees both or neither.
            self._backgrounds = generation, backgrounds
        return backgrounds


def _example(path: str | Path | None) -> str | None:
    if path is None:
        return None
    if not str(path):
        raise InvalidQuery("the path of the example is empty")
    return str(Path(path).expanduser())


def _kinds(kinds: Sequence[Kind | str] | str) -> tuple[Kind, ...]:
    try:
        return tuple(Kind(kind) for kind in _several(kinds))
    except ValueError as error:
        raise InvalidQuery(f"{error}; the kinds are {', '.join(Kind)}") from None


def _several(texts: Sequence[str] | str) -> Sequence[str]:
    """A lone text is one text, and not its letters."""
    return [texts] if isinstance(texts, str) else texts


def _plain(text: str) -> str:
    """Text that a tokenizer takes: bytes that are no UTF-8 become question marks."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def _stage(took: dict[str, float], name: str) -> Iterator[None]:
    """Note how long a stage took, in milliseconds."""
    started = time.perf_counter()
    try:
        yield
    finally:
        took[name] = (time.perf_counter() - started) * 1e3
