"""What a writer does to spaces: have one, fill it, make it the default, drop it.

A space that is added is ``filling`` at first. It takes vectors of moments that are there,
a few hundred at a time, and no search reads it, so that a commit of such vectors makes no
new generation. When it holds them all it becomes ``ready``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from engine.errors import SpaceMismatch, UsageError
from engine.store import failpoints, records, recovery, segments
from engine.store.error_translation import translated
from engine.store.records import FILLING, READY, Addition, SegmentInfo, SpaceInfo, SpaceRole
from engine.store.sql import schema
from engine.store.write import commit_batch, statements
from engine.store.write.transaction import Transactions
from engine.types import Space
from engine.types.arrays import MomentIds

_spaces = schema.spaces


class Spaces(Transactions):
    """The part of a ``Writer`` that changes which spaces there are, and what is in them."""

    def ensure_space(
        self, space: Space, role: SpaceRole | None = None, *, ready: bool = True
    ) -> None:
        """Have this space.

        Args:
            role: of a space that texts query.
            ready: whether a new one is searched at once; of one that is there, nothing
                changes.

        Raises:
            SpaceMismatch: one of the same name has another encoder, revision or dim.
        """
        known = self._infos.get(space.name)
        if known is not None and known.space != space:
            raise SpaceMismatch(_differs(self.path, known, space))
        if known is not None and (role is None or known.role == role):
            return
        told = {} if role is None else records.role_columns(role)
        with translated(self.path), self.transaction():
            if known is None:
                row = {"dtype": space.dtype, "state": READY if ready else FILLING, **told}
                for name in ("name", "encoder", "revision", "dim"):
                    row[name] = getattr(space, name)
                self._db.execute(insert(_spaces), row)
            else:
                self._db.execute(update(_spaces).where(_spaces.c.name == space.name), told)
            self._load_spaces()

    def serving(self) -> set[str]:
        """The encoders whose spaces are searched, and so need vectors of all that is new."""
        roles = [info.role for info in self._infos.values() if info.ready]
        return {role.encoder for role in roles if role is not None}

    def require_spaces(self, made_for: Iterable[Space]) -> None:
        """Refuse vectors that were made for spaces which are no more as they were.

        Inside a transaction this is of that very generation.

        Raises:
            SpaceMismatch: one was dropped meanwhile, or made again by another revision.
        """
        with translated(self.path), self.transaction():
            self._load_spaces()
        for space in made_for:
            known = self._spaces.get(space.name)
            if known != space:
                now = f"has revision {known.revision} now" if known else "is no more"
                raise SpaceMismatch(
                    f"these vectors are of revision {space.revision} of the space"
                    f" {space.name!r}, which {now} in {self.path}; nothing of them is kept"
                )

    # --- filling ----------------------------------------------------------------

    def fill(self, made_for: Sequence[Space], additions: Sequence[Addition]) -> int:
        """Add vectors of moments that are committed. Moments that have died since, and
        vectors that are there already, are passed over.

        Args:
            made_for: the spaces, as whoever made the vectors knew them.

        Returns:
            How many moments got a vector.

        Raises:
            SpaceMismatch, StoreError: as ``commit``; nothing has been written then.
        """
        if not additions:
            return 0
        with translated(self.path), self.transaction():
            self.require_spaces(made_for)
            content = commit_batch.Batch()
            for one in self._wanted(additions):
                content.extend(one)
            infos = self._write_segments(content)
            statements.put_segments(self._db, infos)
            more = [i for column in content.columns.values() for i in column.ids]
            statements.count_vectors(
                self._db, *np.unique(np.array(more, np.int64), return_counts=True)
            )
            if records.serving(self._infos.values()).intersection(content.columns):
                self._changed = True
        return len(set(more))

    def _wanted(self, additions: Sequence[Addition]) -> list[Addition]:
        """Those of living moments, by their ids, with what their spaces do not hold."""
        ids = np.array([one.moment_id for one in additions], np.int64)
        alive = set(statements.alive(self._db, ids.tolist()))
        held = {
            space: set(self._ids_between(space, int(ids.min()), int(ids.max())).tolist())
            for space in {name for one in additions for name in one.vectors}
        }
        return [
            Addition(
                one.moment_id,
                one.path,
                {s: row for s, row in one.vectors.items() if one.moment_id not in held[s]},
            )
            for one in sorted(additions, key=lambda one: one.moment_id)
            if one.moment_id in alive
        ]

    def _ids_between(self, space: str | None, first: int, last: int) -> MomentIds:
        """The moments whose vectors lie in segments that reach into a range, of one space
        or of all, each as often as it has some. What cannot be read counts as empty."""
        c = schema.segments.c
        columns = (c.segment_id, c.space, c.file, c.rows, c.bytes, c.checksum)
        wanted = select(*columns).where(c.first_moment <= last, c.last_moment >= first)
        if space is not None:
            wanted = wanted.where(c.space == space)
        found = [np.zeros(0, np.int64)]
        for row in self._db.execute(wanted).all():
            try:
                found.append(segments.read_ids(self._segments, SegmentInfo(*row)))
            except segments.Unreadable:
                continue  # whoever finds it forgets it, and counts again
        return np.concatenate(found)

    def _write_segments(self, content: commit_batch.Batch) -> list[tuple[SegmentInfo, int, int]]:
        """Write and name a segment a space; each with its first and last moment."""
        infos = []
        for space, ids, vectors in content.arrays(self._spaces):
            segment_id = self._take("next_segment")
            info = segments.write(self._segments, segment_id, space, ids, vectors)
            infos.append((info, int(ids[0]), int(ids[-1])))
        if infos:
            segments.publish(self._segments, [info for info, _, _ in infos])
        return infos

    def set_ready(self, name: str) -> None:
        """Let a space be searched: it holds all that it should."""
        if self._served(name).ready:
            return
        with translated(self.path), self.transaction():
            ready = update(_spaces).where(_spaces.c.name == name).values(state=READY)
            self._db.execute(ready)
            self._load_spaces()
            self._changed = True

    def _refill(self, info: SegmentInfo) -> str | None:
        """Where only added spaces use a segment's: forget it, and let them be filled again.

        What else its moments have stays, and so does what the default space answers.

        Returns:
            The encoder of one; None where the default uses it, and nothing was done.
        """
        users = self._users(info.space)
        encoders = [user.role.encoder for user in users if user.role is not None]
        if not encoders or any(user.default for user in users):
            return None
        c = schema.segments.c
        span = select(c.first_moment, c.last_moment).where(c.segment_id == info.segment_id)
        row = self._db.execute(span).one_or_none()
        if row is None:
            return encoders[0]
        statements.drop_segments(self._db, [info.segment_id])
        self._recount(row.first_moment, row.last_moment)
        names = [user.space.name for user in users]
        again = update(_spaces).where(_spaces.c.name.in_(names)).values(state=FILLING)
        self._db.execute(again)
        self._load_spaces()
        self._changed = True
        return encoders[0]

    def _users(self, name: str) -> list[SpaceInfo]:
        """The spaces that texts query which are this one, or find likeness in it."""
        return [
            info
            for info in self._infos.values()
            if info.role and name in (info.space.name, info.role.looks, info.role.sounds)
        ]

    # --- the default, and dropping ------------------------------------------------

    def set_default(self, name: str) -> None:
        """Ask texts in this space from now on.

        Raises:
            UsageError: there is none, it is still being filled, or it does not hold
                every modality.
        """
        info = self._served(name, ready=True)
        assert info.role is not None
        if info.role.partial:
            held = ", ".join(sorted(info.role.modalities))
            raise UsageError(f"{name} holds {held} alone: it is searched beside the default")
        if info.default:
            return
        with translated(self.path), self.transaction():
            self._stay_calibrated()
            self._db.execute(update(schema.library).values(encoder=info.role.encoder))
            self._load_spaces()
            self._changed = True

    def goes_with(self, name: str) -> list[str]:
        """This space, and those of likeness that no other space uses: what dropping drops.

        Raises:
            UsageError: there is none, or it is the default.
        """
        info = self._served(name)
        assert info.role is not None
        records.droppable(info)
        alike = {info.role.looks, info.role.sounds} - {name}
        return [name, *sorted(one for one in alike if len(self._users(one)) == 1)]

    def drop_space(self, name: str) -> list[str]:
        """Remove a space with its vectors and backgrounds; returns the names of what went.

        Raises:
            UsageError: there is none, or it is the default.
        """
        gone = self.goes_with(name)
        files = [info for info in self._known_segments() if info.space in gone]
        with translated(self.path), self.transaction():
            statements.drop_segments(self._db, [info.segment_id for info in files])
            for table, column in ((schema.backgrounds, "space"), (_spaces, "name")):
                self._db.execute(delete(table).where(table.c[column].in_(gone)))
            self._load_spaces()
            self._recount(0, self._counters["next_moment"])
            self._stay_calibrated()
            self._changed = True
        failpoints.hit("drop.unlinking")
        with translated(self.path):
            recovery.remove_orphans(self.path, [info.file for info in files])
        return gone

    def _served(self, name: str, *, ready: bool = False) -> SpaceInfo:
        return records.named(name, self._infos, ready=ready)

    def _recount(self, first: int, last: int) -> None:
        """Note anew how many vectors each moment of a range has."""
        m = schema.moments.c
        between = m.moment_id.between(first, last)
        known = self._db.execute(select(m.moment_id, m.vectors).where(between)).all()
        counted = np.array([tuple(row) for row in known], np.int64).reshape(-1, 2)
        live, often = np.unique(self._ids_between(None, first, last), return_counts=True)
        now = count_of(counted[:, 0], live, often)
        wrong = now != counted[:, 1]
        statements.count_vectors(self._db, counted[wrong, 0], (now - counted[:, 1])[wrong])

    def _stay_calibrated(self) -> None:
        """This change makes a generation, and the backgrounds are as true as before it."""
        c, now = schema.library.c, self._counters["generation"]
        following = update(schema.library).where(c.calibrated == now).values(calibrated=now + 1)
        self._db.execute(following)


def count_of(wanted: MomentIds, found: MomentIds, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each of ``wanted`` (n,) was found, (n,); ``found`` is sorted."""
    if not len(found):
        return np.zeros(len(wanted), np.int64)
    places = np.searchsorted(found, wanted).clip(max=len(found) - 1)
    return np.where(found[places] == wanted, counts[places], 0)


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
