"""Captions that a data set brings for files which have none of their own."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, update

from engine.store.error_translation import translated
from engine.store.paths import storable, to_text
from engine.store.sql import schema
from engine.store.write import statements
from engine.store.write.transaction import Transactions

_FILL = (
    update(schema.assets)
    .where(schema.assets.c.asset_id == bindparam("asset"), schema.assets.c.caption.is_(None))
    .values(caption=bindparam("said"))
)


class Captions(Transactions):
    """The part of a ``Writer`` that puts words to assets which came without."""

    def fill_captions(self, captions: Mapping[str, str]) -> int:
        """Give the assets at these paths a caption, where they have none; returns how many
        got one. What a file says of itself stays, and comes back when it changes."""
        filled = 0
        with translated(self.path), self.transaction():
            texts = {to_text(path): text for path, text in captions.items() if text}
            for stored, asset_id in sorted(statements.ids_at(self._db, texts).items()):
                given = {"asset": asset_id, "said": storable(texts[stored])}
                if self._db.execute(_FILL, given).rowcount:
                    statements.reword(self._db, [asset_id])
                    filled += 1
            self._changed = self._changed or filled > 0
        return filled
