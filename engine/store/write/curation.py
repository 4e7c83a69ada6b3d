"""Write for curation: record findings, tag assets, and keep a journal.

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

from engine.common.vectors import chunks
from engine.store.curation_records import OF_TAGS, Act, ActKind, ActState, Finding, Run
from engine.store.paths import storable, to_text
from engine.store.sql import schema
from engine.store.sql.filters import ascii_lower
from engine.store.sql.reads import among
from engine.store.write import full_text_rows, statements
from engine.store.write.transaction import Transaction

_runs, _findings, _journal = schema.curation_runs, schema.findings, schema.journal
_tags = schema.asset_tags
_ROWS_PER_STATEMENT = 5_000


class CurationWrites:
    """Write runs of curation with their findings and journals, and tags of assets."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

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
        with self._tx.change():
            last = self._tx.db.scalar(select(func.max(_runs.c.run_id))) or 0
            run = Run(last + 1, kind, storable(command), dict(settings), created, generation)
            row = {
                "run_id": run.run_id, "kind": kind, "command": run.command,
                "settings": run.settings, "created_at": created, "generation": generation,
            }  # fmt: skip
            self._tx.db.execute(insert(_runs), row)
            rows = (_finding_row(run.run_id, i, finding) for i, finding in enumerate(found, 1))
            while part := list(islice(rows, _ROWS_PER_STATEMENT)):
                self._tx.db.execute(insert(_findings), part)
        return run

    def intend(self, run_id: int, acts: Sequence[Act]) -> list[Act]:
        """Write down what a run is about to do, behind what it did before.

        Returns:
            The acts with their places.
        """
        with self._tx.change():
            of_run = select(func.max(_journal.c.ordinal)).where(_journal.c.run_id == run_id)
            first = (self._tx.db.scalar(of_run) or 0) + 1
            placed = [
                Act(act.kind, act.source, act.target, act.asset_id, act.state, place)
                for place, act in enumerate(acts, first)
            ]
            for part in chunks(placed, _ROWS_PER_STATEMENT):
                rows = [_act_row(run_id, act) for act in part]
                self._tx.db.execute(insert(_journal), rows)
        return placed

    def mark(self, run_id: int, acts: Iterable[Act], state: ActState) -> None:
        """Note how far acts of a run have come."""
        c, ordinals = _journal.c, [act.ordinal for act in acts]
        listed = update(_journal).where(c.run_id == run_id, among(c.ordinal, "ids"))
        with self._tx.change():
            for part in chunks(ordinals, _ROWS_PER_STATEMENT):
                ids = json.dumps(part)
                self._tx.db.execute(listed.values(state=state.value), {"ids": ids})

    # --- tags -------------------------------------------------------------------

    def tag(self, run_id: int, pairs: Iterable[tuple[int, str]]) -> int:
        """Give assets tags, and write that into the run's journal, as one.

        Assets that are gone, and tags that an asset has, are passed over, so that undoing
        the run takes back no more than it gave.

        Returns:
            How many tags were given.
        """
        with self._tx.change():
            asked = dict.fromkeys((int(i), storable(word)) for i, word in pairs)
            ids = list({asset_id for asset_id, _ in asked})
            paths = self._paths(ids)
            had = statements.tags_of(self._tx.db, ids)
            new = [(i, w) for i, w in asked if i in paths and w not in had.get(i, ())]
            self._put_tags(new)
            acts = [Act(ActKind.TAG, paths[i], word, i, ActState.DONE) for i, word in new]
            self.intend(run_id, acts)
        return len(new)

    def take_tags(self, run_id: int, pairs: Sequence[tuple[int, str]]) -> None:
        """Take tags that assets have from them, and write that into the run's journal, as one."""
        with self._tx.change():
            paths = self._paths(list({asset_id for asset_id, _ in pairs}))
            self.untag(pairs)
            acts = [Act(ActKind.UNTAG, paths[i], w, i, ActState.DONE) for i, w in pairs]
            self.intend(run_id, acts)

    def return_tags(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Give assets back the tags that a run took from them, where they have them not."""
        with self._tx.change():
            asked = [(i, storable(word)) for i, word in pairs]
            ids = list({asset_id for asset_id, _ in asked})
            there, had = self._paths(ids), statements.tags_of(self._tx.db, ids)
            self._put_tags([(i, w) for i, w in asked if i in there and w not in had.get(i, ())])

    def import_tags(self, tags: Mapping[str, Iterable[str]]) -> int:
        """Give the assets at these paths the tags that they had in another library.

        No run did it, and so no journal has it.

        Returns:
            How many assets got any.
        """
        with self._tx.change():
            words = {to_text(path): dict.fromkeys(map(storable, w)) for path, w in tags.items()}
            found = statements.ids_at(self._tx.db, words)
            had = statements.tags_of(self._tx.db, found.values())
            new = [
                (asset_id, word)
                for path, asset_id in sorted(found.items())
                for word in words[path]
                if word not in had.get(asset_id, ())
            ]
            self._put_tags(new)
        return len({asset_id for asset_id, _ in new})

    def untag(self, pairs: Sequence[tuple[int, str]]) -> None:
        """Take tags from assets again."""
        c = _tags.c
        with self._tx.change():
            for asset_id, word in pairs:
                gone = delete(_tags).where(c.asset_id == asset_id, c.word == storable(word))
                self._tx.db.execute(gone)
            self._tags_changed([asset_id for asset_id, _ in pairs])

    def caption(self, run_id: int, captions: Iterable[tuple[int, str]]) -> int:
        """Give assets that have none a caption, and write that into the run's journal, as one.

        Returns:
            How many assets got one.
        """
        asset = schema.assets
        with self._tx.change():
            asked = {int(i): storable(text) for i, text in captions}
            paths = self._paths(list(asked))
            acts = []
            for asset_id, path in paths.items():
                bare = update(asset).where(asset.c.asset_id == asset_id, asset.c.caption.is_(None))
                if self._tx.db.execute(bare.values(caption=asked[asset_id])).rowcount:
                    acts.append(
                        Act(ActKind.CAPTION, path, asked[asset_id], asset_id, ActState.DONE)
                    )
            self.intend(run_id, acts)
            self._tags_changed([act.asset_id for act in acts if act.asset_id is not None])
        return len(acts)

    def uncaption(self, captions: Sequence[tuple[int, str]]) -> None:
        """Take captions from assets that still have them as they were given."""
        asset = schema.assets
        with self._tx.change():
            for asset_id, text in captions:
                same = update(asset).where(
                    asset.c.asset_id == asset_id, asset.c.caption == storable(text)
                )
                self._tx.db.execute(same.values(caption=None))
            self._tags_changed([asset_id for asset_id, _ in captions])

    def _put_tags(self, pairs: Sequence[tuple[int, str]]) -> None:
        rows = [{"asset_id": i, "word": w, "folded": ascii_lower(w)} for i, w in pairs]
        for part in chunks(rows, _ROWS_PER_STATEMENT):
            self._tx.db.execute(insert(_tags), list(part))
        self._tags_changed([asset_id for asset_id, _ in pairs])

    def _tags_changed(self, asset_ids: Sequence[int]) -> None:
        if asset_ids:
            full_text_rows.reword(self._tx.db, dict.fromkeys(asset_ids))
            self._tx.keep_calibrated()
            self._tx.changed = True

    def _paths(self, asset_ids: Sequence[int]) -> dict[int, str]:
        """Return the stored paths of these assets; those that are gone are left out."""
        c, found = schema.assets.c, {}
        listed = select(c.asset_id, c.path).where(among(c.asset_id, "ids"))
        for part in chunks(asset_ids, _ROWS_PER_STATEMENT):
            rows = self._tx.db.execute(listed, {"ids": json.dumps(list(part))})
            found.update({row.asset_id: row.path for row in rows})
        return found


def _finding_row(run_id: int, ordinal: int, finding: Finding) -> dict[str, object]:
    return {
        "run_id": run_id,
        "ordinal": ordinal,
        "asset_id": finding.asset_id,
        "moment_id": finding.moment_id,
        "path": to_text(finding.path),
        "verdict": storable(finding.verdict),
        "group_no": finding.group,
        "score": float(finding.score),
        "why": storable(finding.why),
    }


def _act_row(run_id: int, act: Act) -> dict[str, object]:
    target = storable(act.target) if act.kind in OF_TAGS else to_text(act.target)
    return {
        "run_id": run_id,
        "ordinal": act.ordinal,
        "act": act.kind.value,
        "asset_id": act.asset_id,
        "source": to_text(act.source),
        "target": target,
        "state": act.state.value,
    }
