"""What a writer does for curation: record what was found, tag, and keep a journal.

An act on files is written down as intended before it is done, and as done afterwards, so
that whoever comes after a crash knows where to look. A tag is a row like its line of the
journal, and both are written in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.store.curation_records import Act, ActState, Did, Finding, Run
from engine.store.error_translation import translated
from engine.store.paths import storable, to_text
from engine.store.sql import schema
from engine.store.sql.filters import ascii_lower
from engine.store.sql.reads import among
from engine.store.write import statements
from engine.store.write.maintenance import Repairs

_runs, _findings, _journal = schema.curation_runs, schema.findings, schema.journal
_tags = schema.asset_tags
_AT_ONCE = 5_000


class Journal(Repairs):
    """The part of a ``Writer`` that curation uses."""

    def add_run(
        self,
        kind: str,
        command: str,
        settings: Mapping[str, Any],
        found: Iterable[Finding],
        generation: int,
    ) -> Run:
        """Record a run with all that it found, as one.

        Args:
            settings: what JSON can hold.
            generation: at which the library was looked at.
        """
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with translated(self.path), self.transaction():
            last = self._db.scalar(select(func.max(_runs.c.run_id))) or 0
            run = Run(last + 1, kind, storable(command), dict(settings), created, generation)
            row = {
                "run_id": run.run_id, "kind": kind, "command": run.command,
                "settings": run.settings, "created_at": created, "generation": generation,
            }  # fmt: skip
            self._db.execute(insert(_runs), row)
            rows = (_finding_row(run.run_id, i, one) for i, one in enumerate(found, 1))
            while part := list(islice(rows, _AT_ONCE)):
                self._db.execute(insert(_findings), part)
        return run

    def intend(self, run_id: int, acts: Sequence[Act]) -> list[Act]:
        """Write down what a run is about to do, behind what it did before; returns the acts
        with their places."""
        with translated(self.path), self.transaction():
            of_run = select(func.max(_journal.c.ordinal)).where(_journal.c.run_id == run_id)
            first = (self._db.scalar(of_run) or 0) + 1
            placed = [
                Act(act.did, act.source, act.target, act.asset_id, act.state, place)
                for place, act in enumerate(acts, first)
            ]
            for at in range(0, len(placed), _AT_ONCE):
                part = [_act_row(run_id, act) for act in placed[at : at + _AT_ONCE]]
                self._db.execute(insert(_journal), part)
        return placed

    def mark(self, run_id: int, acts: Iterable[Act], state: ActState) -> None:
        """Note how far acts of a run have come."""
        c, ordinals = _journal.c, [act.ordinal for act in acts]
        wanted = update(_journal).where(c.run_id == run_id, among(c.ordinal, "ids"))
        with translated(self.path), self.transaction():
            for at in range(0, len(ordinals), _AT_ONCE):
                part = json.dumps(ordinals[at : at + _AT_ONCE])
                self._db.execute(wanted.values(state=state.value), {"ids": part})

    # --- tags -------------------------------------------------------------------

    def tag(self, run_id: int, pairs: Iterable[tuple[int, str]]) -> int:
        """Give assets tags, and write that into the run's journal, as one.

        Assets that are gone, and tags that an asset has, are passed over, so that undoing
        the run takes back no more than it gave.

        Returns:
            How many tags were given.
        """
        with translated(self.path), self.transaction():
            wanted = dict.fromkeys((int(i), storable(word)) for i, word in pairs)
            ids = list({asset_id for asset_id, _ in wanted})
            paths = self._paths(ids)
            had = statements.tags_of(self._db, ids)
            new = [(i, w) for i, w in wanted if i in paths and w not in had.get(i, ())]
            self._put_tags(new)
            acts = [Act(Did.TAG, paths[i], word, i, ActState.DONE) for i, word in new]
            self.intend(run_id, acts)
        return len(new)

    def bring_tags(self, tags: Mapping[str, Iterable[str]]) -> int:
        """Give the assets at these paths tags that they had in another library, which is no
        run's doing; returns how many assets got any."""
        with translated(self.path), self.transaction():
            wanted = {to_text(path): dict.fromkeys(map(storable, w)) for path, w in tags.items()}
            found = statements.ids_at(self._db, wanted)
            had = statements.tags_of(self._db, found.values())
            new = [
                (asset_id, word)
                for path, asset_id in sorted(found.items())
                for word in wanted[path]
                if word not in had.get(asset_id, ())
            ]
            self._put_tags(new)
        return len({asset_id for asset_id, _ in new})

    def untag(self, pairs: Sequence[tuple[int, str]]) -> None:
        """Take tags from assets again."""
        c = _tags.c
        with translated(self.path), self.transaction():
            for asset_id, word in pairs:
                gone = delete(_tags).where(c.asset_id == asset_id, c.word == storable(word))
                self._db.execute(gone)
            self._tags_changed([asset_id for asset_id, _ in pairs])

    def _put_tags(self, pairs: Sequence[tuple[int, str]]) -> None:
        rows = [{"asset_id": i, "word": w, "folded": ascii_lower(w)} for i, w in pairs]
        for at in range(0, len(rows), _AT_ONCE):
            self._db.execute(insert(_tags), rows[at : at + _AT_ONCE])
        self._tags_changed([asset_id for asset_id, _ in pairs])

    def _tags_changed(self, asset_ids: Sequence[int]) -> None:
        if asset_ids:
            statements.reword(self._db, dict.fromkeys(asset_ids))
            self._stay_calibrated()
            self._changed = True

    def _paths(self, asset_ids: Sequence[int]) -> dict[int, str]:
        """Where these assets are, those that are gone left out."""
        c, found = schema.assets.c, {}
        wanted = select(c.asset_id, c.path).where(among(c.asset_id, "ids"))
        for at in range(0, len(asset_ids), _AT_ONCE):
            part = {"ids": json.dumps(list(asset_ids[at : at + _AT_ONCE]))}
            found.update({row.asset_id: row.path for row in self._db.execute(wanted, part)})
        return found


def _finding_row(run_id: int, ordinal: int, one: Finding) -> dict[str, object]:
    return {
        "run_id": run_id,
        "ordinal": ordinal,
        "asset_id": one.asset_id,
        "moment_id": one.moment_id,
        "path": to_text(one.path),
        "verdict": storable(one.verdict),
        "group_no": one.group,
        "score": float(one.score),
        "why": storable(one.why),
    }


def _act_row(run_id: int, act: Act) -> dict[str, object]:
    target = storable(act.target) if act.did is Did.TAG else to_text(act.target)
    return {
        "run_id": run_id,
        "ordinal": act.ordinal,
        "act": act.did.value,
        "asset_id": act.asset_id,
        "source": to_text(act.source),
        "target": target,
        "state": act.state.value,
    }
