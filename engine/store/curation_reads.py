"""Reading what curation wrote: runs, their findings, their journal, and tags."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np

from engine.errors import UsageError
from engine.store import curation_records
from engine.store.catalog import Catalog
from engine.store.curation_records import Act, ActState, AssetFacts, Finding, Run, RunSummary
from engine.store.error_translation import translated
from engine.store.paths import from_text
from engine.types import Kind
from engine.types.arrays import MomentIds

_AT_ONCE = 20_000


class CuratedCatalog(Catalog):
    """The part of a catalog that says what was found, what was done, and how assets are
    tagged."""

    def runs(self) -> list[RunSummary]:
        """Every run, the oldest first, with how much it found and did."""
        counted: dict[int, int] = dict(self._ask("count_findings"))
        acts: dict[int, dict[ActState, int]] = {}
        for run, state, n in self._ask("count_acts"):
            acts.setdefault(run, {})[ActState(state)] = n
        found = map(curation_records.run, self._ask("runs"))
        return [RunSummary(r, counted.get(r.run_id, 0), acts.get(r.run_id, {})) for r in found]

    def run(self, run_id: int) -> Run:
        """One run.

        Raises:
            UsageError: there is none of that number.
        """
        found = self._ask("run", run=run_id)
        if not found:
            raise UsageError(f"{self.path} has no run {run_id}; sensorium curate runs lists them")
        return curation_records.run(found[0])

    def findings(self, run_id: int) -> Iterator[Finding]:
        """What a run found, in its order."""
        with translated(self.path):
            for row in self._reader().ask("findings", {"run": run_id}):
                yield curation_records.finding(row)

    def acts(self, run_id: int) -> list[Act]:
        """What a run did, or was to do, in its order."""
        return list(map(curation_records.act, self._ask("acts", run=run_id)))

    def tags(self, asset_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The tags that assets have themselves, in order; those without any are left out."""
        found: dict[int, tuple[str, ...]] = {}
        for asset_id, word in self._ask("tags", ids=_listed(asset_ids)):
            found[asset_id] = (*found.get(asset_id, ()), word)
        return found

    def tag_counts(self) -> dict[str, int]:
        """How many assets have each tag of their own."""
        return dict(self._ask("count_tags"))

    def stray_tags(self) -> int:
        """Tags of assets that there are not."""
        return int(self._one("stray_tags"))

    def facts(self, asset_ids: Iterable[int]) -> dict[int, AssetFacts]:
        """What decides between assets, by id; those that are gone are left out."""
        ids, found = list(asset_ids), []
        for at in range(0, len(ids), _AT_ONCE):
            found += self._ask("facts", ids=_listed(ids[at : at + _AT_ONCE]))
        return {row[0]: curation_records.facts(row) for row in found}

    def captions(self) -> Iterator[tuple[int, str, str]]:
        """Asset, path and caption of the pictures whose own metadata have one."""
        with translated(self.path):
            for asset_id, path, caption in self._reader().ask(
                "captions", {"kind": Kind.IMAGE.value}
            ):
                yield asset_id, from_text(path), caption

    def same_content(self) -> list[list[int]]:
        """The ids of assets whose files have the same bytes, a list for each content."""
        groups: dict[str, list[int]] = {}
        for content_hash, asset_id in self._ask("alike_hashes"):
            groups.setdefault(content_hash, []).append(asset_id)
        return list(groups.values())

    def assets_of(self, first: int, last: int) -> tuple[MomentIds, MomentIds]:
        """The living moments with ids in [first, last], and the assets that they are of.

        Returns:
            moment ids int64 (n,), ascending, and asset ids int64 (n,).
        """
        found = np.array(self._ask("moments_of_assets", first=first, last=last), np.int64)
        return found.reshape(-1, 2)[:, 0], found.reshape(-1, 2)[:, 1]


def _listed(ids: Iterable[int]) -> str:
    return json.dumps([int(i) for i in ids])
