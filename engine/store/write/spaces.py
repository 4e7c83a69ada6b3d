"""Write spaces: add one, fill it, make it the default, drop it.

A space that is added is ``filling`` at first. It takes vectors of moments that are there,
a few hundred at a time, and no search reads it, so that a commit of such vectors makes no
new generation. When it holds them all it becomes ``ready``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import delete, insert, select, update

from engine.common.id_sets import look_up
from engine.errors import SpaceMismatch, UsageError
from engine.store import failpoints, recovery, row_decoding, segments, space_lookup
from engine.store.error_translation import translated
from engine.store.failpoints import FailPoint
from engine.store.records import FILLING, READY, Addition, SegmentInfo, SpaceInfo, SpaceRole
from engine.store.sql import schema
from engine.store.sql.reads import segment_infos
from engine.store.write import commit_batch, new_segments, statements
from engine.store.write.transaction import Transaction
from engine.types import Space
from engine.types.arrays import MomentIds

_spaces = schema.spaces


class SpaceWrites:
    """Change which spaces a library has, and what is in them."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def ensure_space(
        self, space: Space, role: SpaceRole | None = None, *, ready: bool = True
    ) -> None:
        """Add a space, or check the one that is there.

        Args:
            role: of a space that texts query.
            ready: whether a new one is searched at once; of one that is there, nothing
                changes.

        Raises:
            SpaceMismatch: one of the same name has another encoder, revision or dim.
        """
        known = self._tx.infos.get(space.name)
        if known is not None and known.space != space:
            raise SpaceMismatch(_differs(self._tx.path, known, space))
        if known is not None and (role is None or known.role == role):
            return
        columns = {} if role is None else row_decoding.role_columns(role)
        with self._tx.change():
            if known is None:
                row = {"dtype": space.dtype, "state": READY if ready else FILLING, **columns}
                for name in ("name", "encoder", "revision", "dim"):
                    row[name] = getattr(space, name)
                self._tx.db.execute(insert(_spaces), row)
            else:
                self._tx.db.execute(update(_spaces).where(_spaces.c.name == space.name), columns)
            self._tx.load_spaces()

    def serving(self) -> set[str]:
        """Return the encoders whose spaces are searched, and so need vectors of all that is new."""
        roles = [info.role for info in self._tx.infos.values() if info.ready]
        return {role.encoder for role in roles if role is not None}

    def has_space(self, name: str) -> bool:
        """Tell whether the library has a space of that name."""
        return name in self._tx.infos

    def require_spaces(self, made_for: Iterable[Space]) -> None:
        """Refuse vectors that were made for spaces which are no more as they were.

        Inside a transaction this is of that very generation.

        Raises:
            SpaceMismatch: one was dropped meanwhile, or made again by another revision.
        """
        with self._tx.change():
            self._tx.load_spaces()
        for space in made_for:
            known = self._tx.spaces.get(space.name)
            if known != space:
                now = f"has revision {known.revision} now" if known else "is no more"
                raise SpaceMismatch(
                    f"these vectors are of revision {space.revision} of the space"
                    f" {space.name!r}, which {now} in {self._tx.path}; nothing of them is kept"
                )

    # --- filling ----------------------------------------------------------------

    def fill(self, made_for: Sequence[Space], additions: Sequence[Addition]) -> int:
        """Add vectors of moments that are committed.

        Moments that have died since, and vectors that are there already, are passed over.

        Args:
            made_for: the spaces, as whoever made the vectors knew them.

        Returns:
            How many moments got a vector.

        Raises:
            SpaceMismatch, StoreError: as ``commit``; nothing has been written then.
        """
        if not additions:
            return 0
        transaction = self._tx
        with transaction.change():
            self.require_spaces(made_for)
            batch = commit_batch.Batch()
            for addition in self._missing(additions):
                batch.extend(addition)
            written = new_segments.write_batch(transaction, batch)
            statements.put_segments(transaction.db, written)
            added = [i for column in batch.columns.values() for i in column.ids]
            statements.count_vectors(
                transaction.db, *np.unique(np.array(added, np.int64), return_counts=True)
            )
            if space_lookup.serving(transaction.infos.values()).intersection(batch.columns):
                transaction.changed = True
        return len(set(added))

    def _missing(self, additions: Sequence[Addition]) -> list[Addition]:
        """Keep the vectors of living moments that their spaces lack, in order of the ids."""
        ids = np.array([addition.moment_id for addition in additions], np.int64)
        alive = set(statements.alive(self._tx.db, ids.tolist()))
        present = {
            space: set(self._ids_between(space, int(ids.min()), int(ids.max())).tolist())
            for space in {name for addition in additions for name in addition.vectors}
        }
        return [
            Addition(
                addition.moment_id,
                addition.path,
                {
                    space: vector
                    for space, vector in addition.vectors.items()
                    if addition.moment_id not in present[space]
                },
            )
            for addition in sorted(additions, key=lambda addition: addition.moment_id)
            if addition.moment_id in alive
        ]

    def _ids_between(self, space: str | None, first: int, last: int) -> MomentIds:
        """Read the moments of the segments that reach into a range of ids.

        Args:
            space: whose segments; None for those of all spaces.

        Returns:
            Each moment as often as it has a vector, (n,), unordered. A segment that cannot
            be read counts as empty.
        """
        c = schema.segments.c
        overlapping = segment_infos().where(c.first_moment <= last, c.last_moment >= first)
        if space is not None:
            overlapping = overlapping.where(c.space == space)
        found = [np.zeros(0, np.int64)]
        for row in self._tx.db.execute(overlapping).all():
            try:
                found.append(segments.read_ids(self._tx.segments, SegmentInfo(*row)))
            except segments.Unreadable:
                continue  # whoever finds it forgets it, and counts again
        return np.concatenate(found)

    def set_ready(self, name: str) -> None:
        """Let a space be searched: it holds all that it should."""
        if self._served(name).ready:
            return
        with self._tx.change():
            ready = update(_spaces).where(_spaces.c.name == name).values(state=READY)
            self._tx.db.execute(ready)
            self._tx.load_spaces()
            self._tx.changed = True

    def refill(self, info: SegmentInfo) -> str | None:
        """Forget a segment that only added spaces use, and let them be filled again.

        The other vectors of its moments stay, and so do the answers of the default space.
        To be called inside a transaction.

        Returns:
            The encoder of one of the spaces; None where the default uses the segment, and
            nothing was done.
        """
        users = self._users(info.space)
        encoders = [user.role.encoder for user in users if user.role is not None]
        if not encoders or any(user.default for user in users):
            return None
        c = schema.segments.c
        span = select(c.first_moment, c.last_moment).where(c.segment_id == info.segment_id)
        row = self._tx.db.execute(span).one_or_none()
        if row is None:
            return encoders[0]
        statements.drop_segments(self._tx.db, [info.segment_id])
        self._recount(row.first_moment, row.last_moment)
        # What is missing is filled again with the rest once it is back: read anew, that is.
        statements.drop_missing_between(self._tx.db, row.first_moment, row.last_moment)
        names = [user.space.name for user in users]
        again = update(_spaces).where(_spaces.c.name.in_(names)).values(state=FILLING)
        self._tx.db.execute(again)
        self._tx.load_spaces()
        self._tx.changed = True
        return encoders[0]

    def _users(self, name: str) -> list[SpaceInfo]:
        """List the spaces that texts query which are this one, or which it goes with."""
        infos = self._tx.infos.values()
        return [
            info
            for info in infos
            if info.role and name in {info.space.name, *space_lookup.companions(info, infos)}
        ]

    # --- the default, and dropping ------------------------------------------------

    def set_default(self, name: str) -> None:
        """Make a space the one in which texts are asked from now on.

        Raises:
            UsageError: there is none, it is still being filled, or it does not hold
                every modality.
        """
        info = self._served(name, ready=True)
        assert info.role is not None
        if info.role.partial:
            modalities = ", ".join(sorted(info.role.modalities))
            raise UsageError(f"{name} holds {modalities} alone: it is searched beside the default")
        if info.default:
            return
        with self._tx.change():
            self._tx.keep_calibrated()
            self._tx.db.execute(update(schema.library).values(encoder=info.role.encoder))
            self._tx.load_spaces()
            self._tx.changed = True

    def goes_with(self, name: str) -> list[str]:
        """Name what dropping a space drops: it, and the spaces with it that no other uses.

        With a further space of an encoder, nothing else goes.

        Raises:
            UsageError: there is none, or it is the default.
        """
        known = self._tx.infos.get(name)
        if known and space_lookup.role_name(known, self._tx.infos.values()) == "further":
            return [name]
        info = self._served(name)
        assert info.role is not None
        space_lookup.require_droppable(info)
        beside = space_lookup.companions(info, self._tx.infos.values())
        return [name, *sorted(space for space in beside if len(self._users(space)) == 1)]

    def drop_space(self, name: str) -> list[str]:
        """Remove a space with its vectors and backgrounds; returns the names of what went.

        Raises:
            UsageError: there is none, or it is the default.
        """
        gone = self.goes_with(name)
        self._drop(gone)
        return gone

    def _drop(self, gone: Sequence[str]) -> None:
        """Remove spaces with their vectors and backgrounds."""
        files = [info for info in self._tx.known_segments() if info.space in gone]
        with self._tx.change():
            statements.drop_segments(self._tx.db, [info.segment_id for info in files])
            for table, column in ((schema.backgrounds, "space"), (_spaces, "name")):
                self._tx.db.execute(delete(table).where(table.c[column].in_(gone)))
            self._tx.load_spaces()
            self._recount(0, self._tx.counters["next_moment"])
            self._tx.keep_calibrated()
            self._tx.changed = True
        failpoints.hit(FailPoint.DROP_UNLINKING)
        with translated(self._tx.path):
            recovery.remove(self._tx.path, [info.file for info in files])

    def _served(self, name: str, *, ready: bool = False) -> SpaceInfo:
        return space_lookup.find_space(name, self._tx.infos, ready=ready)

    def _recount(self, first: int, last: int) -> None:
        """Count again how many vectors each moment of a range has."""
        m = schema.moments.c
        between = m.moment_id.between(first, last)
        known = self._tx.db.execute(select(m.moment_id, m.vectors).where(between)).all()
        counted = np.array([tuple(row) for row in known], np.int64).reshape(-1, 2)
        live, often = np.unique(self._ids_between(None, first, last), return_counts=True)
        now = look_up(counted[:, 0], live, often, 0)
        wrong = now != counted[:, 1]
        statements.count_vectors(self._tx.db, counted[wrong, 0], (now - counted[:, 1])[wrong])


def _differs(path: object, known: SpaceInfo, space: Space) -> str:
    there = known.space
    way_out = "open it with that encoder, or index into a new library"
    if known.role is not None and not known.default:
        way_out = f"drop it first: sensorium spaces drop {space.name}"
    return (
        f"the space {space.name!r} of {path} is {there.encoder} {there.revision} "
        f"with {there.dim} dimensions, not {space.encoder} {space.revision} with "
        f"{space.dim}; {way_out}"
    )
