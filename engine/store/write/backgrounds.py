"""Write the distributions of scores that calibration estimated."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, update

from engine.store.records import Background
from engine.store.sql import schema
from engine.store.write.transaction import Transaction


class BackgroundWrites:
    """Replace the backgrounds of a library."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def set_backgrounds(self, rows: Sequence[Background], generation: int) -> None:
        """Put these distributions in the place of all earlier ones.

        Args:
            generation: at which they were estimated. Where another one has been
                committed since, they serve, and the library counts as not calibrated.
        """
        values = [
            {
                "space": row.space,
                "query": row.query,
                "modality": row.modality.value,
                "mean": row.mean,
                "std": row.std,
                "n": row.n,
                "centre": row.centre,
                "tail": row.tail,
            }
            for row in rows
        ]
        transaction = self._tx
        with transaction.change():
            transaction.db.execute(delete(schema.backgrounds))
            if values:
                transaction.db.execute(insert(schema.backgrounds), values)
            # Backgrounds change what a search returns, and so make a generation too.
            transaction.changed = True
            fresh = generation == transaction.counters["generation"]
            level = generation + 1 if fresh else generation
            transaction.db.execute(update(schema.library).values(calibrated=level))
