"""Opening and making libraries, and what an index run would do. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.common.choices import OnFile
from engine.common.user_path import expanded, path_list
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.errors import LibraryNotFound, UsageError
from engine.index import disk
from engine.query.library_towers import LibraryTowers
from engine.store import Store, catalog_url
from engine.store.index_rules import RuleChanges, RuleOptions
from engine.types import IndexReport, Modality


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """The arguments of ``Library.open``."""

    path: str | Path | None = None
    create: bool = False
    encoder: str | None = None
    catalog: str | None = None
    settings: Settings | None = None

    def resolved(self) -> Settings:
        """Return the settings that were given, or those of the file and the environment."""
        return self.settings or Settings.load()


def open_store(options: OpenOptions) -> tuple[Store, Settings, Towers | None]:
    """Open a store, or make it; a new one comes with the towers of its encoder.

    Errors are those of ``Library.open``.
    """
    catalog = options.catalog and catalog_url(options.catalog)
    settings = options.resolved()
    folder = expanded(settings.library if options.path is None else options.path)
    try:
        store = Store.open(folder)
    except LibraryNotFound:
        if not options.create:
            raise
        store, towers = _create(
            folder, options.encoder or registry.default_encoder(), catalog, settings
        )
        return store, settings, towers
    try:
        _check_encoder(store, folder, options.encoder)
        _check_catalog(store, folder, catalog)
    except UsageError:
        store.close()
        raise
    disk.tidy(store.path)
    return store, settings, None


def forget_lost(options: OpenOptions) -> list[str]:
    """Give up the segments of a library that are not there; returns a line for each."""
    folder = Path(options.path or options.resolved().library).expanduser()
    with Store.open(folder, forget_lost=True) as store:
        return store.warnings


def _check_encoder(store: Store, folder: Path, encoder: str | None) -> None:
    if encoder is not None and registry.normalised(encoder) != store.encoder:
        raise UsageError(
            f"{folder} has encoder={store.encoder}; to have {encoder} beside it, use"
            f" library.spaces.add({encoder!r}), or choose another folder with path=",
            arguments=("encoder", "path"),
        )


def _check_catalog(store: Store, folder: Path, catalog: str | None) -> None:
    if catalog is not None and catalog != store.catalog:
        place = store.catalog or "a file in the folder"
        raise UsageError(
            f"the catalog of {folder} is {place}; for another choose another folder with path=",
            arguments=("path",),
        )


def _create(
    folder: Path, encoder: str, catalog: str | None, settings: Settings
) -> tuple[Store, Towers]:
    towers = registry.towers(encoder, settings)
    if towers.modalities != frozenset(Modality):
        raise UsageError(
            f"{encoder} embeds {', '.join(sorted(towers.modalities))} alone; make the library"
            f" with another encoder, and add it: library.spaces.add({encoder!r})"
        )
    towers.check()
    return Store.create(folder, towers.encoder.name, catalog), towers


def library_towers(store: Store, settings: Settings, towers: Towers | None) -> LibraryTowers:
    """Return the towers of a library, of which those that are given are made already."""

    def make(encoder: str) -> Towers:
        if towers is not None and towers.encoder.name == encoder:
            return towers
        spaces = store.spaces().values()
        recorded = [space.revision for space in spaces if space.encoder == encoder]
        return registry.towers(encoder, settings, recorded)

    return LibraryTowers(store, make)


def preview(
    paths: Sequence[str | Path] | str | Path,
    options: OpenOptions,
    rules: RuleOptions | None = None,
    on_file: OnFile | None = None,
) -> IndexReport:
    """Return what ``index`` would do, of a library that need not exist; index nothing.

    A library that is there is opened, and so recovered where a crash left something.
    """
    from indexers.pipeline import run

    asked, changes = path_list(paths), RuleChanges.of(rules or {})
    try:
        store, settings, _ = open_store(options)
    except LibraryNotFound:
        settings = options.resolved()
        new = registry.towers(options.encoder or registry.default_encoder(), settings)
        return run(None, new, asked, settings, dry_run=True, changes=changes, on_file=on_file)
    with store:
        known = library_towers(store, settings, None).now()
        return run(store, known, asked, settings, dry_run=True, changes=changes, on_file=on_file)
