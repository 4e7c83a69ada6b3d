"""Read runs of curation: their findings, and the journals of their acts."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import UsageError
from engine.store import row_decoding
from engine.store.connections import CatalogConnections
from engine.store.curation_records import Act, ActState, Finding, Run, RunSummary


class CurationReads:
    """Answer what runs of curation found and did."""

    def __init__(self, connections: CatalogConnections) -> None:
        self._connections = connections

    def runs(self) -> list[RunSummary]:
        """List every run, the oldest first, with how much it found and did."""
        ask = self._connections.ask
        counted: dict[int, int] = dict(ask("count_findings"))
        acts: dict[int, dict[ActState, int]] = {}
        for run, state, n in ask("count_acts"):
            acts.setdefault(run, {})[ActState(state)] = n
        found = map(row_decoding.run, ask("runs"))
        return [RunSummary(r, counted.get(r.run_id, 0), acts.get(r.run_id, {})) for r in found]

    def run(self, run_id: int) -> Run:
        """Return one run.

        Raises:
            UsageError: there is none of that number.
        """
        found = self._connections.ask("run", run=run_id)
        if not found:
            path = self._connections.path
            raise UsageError(f"{path} has no run {run_id}; library.curate.runs() lists them")
        return row_decoding.run(found[0])

    def findings(self, run_id: int) -> Iterator[Finding]:
        """Yield what a run found, in its order."""
        return map(row_decoding.finding, self._connections.stream("findings", run=run_id))

    def acts(self, run_id: int) -> list[Act]:
        """List what a run did, or was to do, in its order."""
        return list(map(row_decoding.act, self._connections.ask("acts", run=run_id)))
