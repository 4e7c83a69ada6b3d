"""The one writer: every change to a library, each in one transaction.

A commit writes its segments under names that nobody reads, syncs and renames them,
and then ends the transaction that registers them with all their rows. That is the
only commit point: before it the library is as it was, and what lies in the folder
is an orphan.
"""

from __future__ import annotations

from pathlib import Path

from engine.store.database import Database
from engine.store.write.assets import AssetWrites
from engine.store.write.backgrounds import BackgroundWrites
from engine.store.write.curation import CurationWrites
from engine.store.write.maintenance import StoreMaintenance
from engine.store.write.missing import MissingWrites
from engine.store.write.realign import Realignment
from engine.store.write.spaces import SpaceWrites
from engine.store.write.transaction import Transaction


class Writer:
    """Made by ``Store.writer``, which holds the lock for as long as it lives.

    Every method is atomic and lasting when it returns. Several of them inside
    ``with writer.transaction()`` are so together, and cost one sync of the disk.

    The methods are those of the parts, which say what they do; the parts share one
    ``Transaction``.

    Attributes:
        path: the library's folder.
        connection: of SQLAlchemy, on which all of this is written.
        curation: runs, their findings and journals, and tags.
    """

    def __init__(self, path: Path, database: Database, wait: bool = False) -> None:
        opened = Transaction(path, database, wait)
        self.path, self.connection = path, opened.db
        self.transaction, self.close = opened.atomic, opened.close
        self.curation = CurationWrites(opened)

        spaces = SpaceWrites(opened)
        self.ensure_space = spaces.ensure_space
        self.require_spaces = spaces.require_spaces
        self.serving, self.has_space = spaces.serving, spaces.has_space
        self.fill = spaces.fill
        self.set_ready = spaces.set_ready
        self.set_default = spaces.set_default
        self.goes_with = spaces.goes_with
        self.drop_space = spaces.drop_space

        assets = AssetWrites(opened, spaces)
        self.commit = assets.commit
        self.add_texts = assets.add_texts
        self.move, self.move_all, self.touch = assets.move, assets.move_all, assets.touch
        self.remove = assets.remove
        self.fill_captions = assets.fill_captions
        self.put_texts = assets.put_texts
        self.fail, self.clear_failures = assets.fail, assets.clear_failures

        missing = MissingWrites(opened)
        self.hide, self.restore = missing.hide, missing.restore
        self.forget_missing = missing.forget_missing

        self.set_backgrounds = BackgroundWrites(opened).set_backgrounds
        self.realign = Realignment(opened).realign

        maintenance = StoreMaintenance(opened, spaces)
        self.rebuild_words = maintenance.rebuild_words
        self.compact = maintenance.compact
        self.mend, self.lose = maintenance.mend, maintenance.lose
        self.forget_lost = maintenance.forget_lost
