"""Wiring of classification, exports and imports to a library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.classify.classification import LibraryLinks, TagRequest, TagRun
from engine.store import Store

if TYPE_CHECKING:
    from engine.curate.service import Curation


def library_links(
    store: Store, curation: Curation, thumbnail: Callable[[int], bytes]
) -> LibraryLinks:
    """Return the calls that a classification of this library is bound to."""

    def give_tags(request: TagRequest, wait: bool) -> tuple[TagRun, int]:
        from engine.curate.actions.apply import tag
        from engine.curate.records import record

        run = record(
            store, "classify", request.command, request.settings, request.findings,
            generation=request.generation, wait=wait,
        )  # fmt: skip
        pairs = [(finding.asset_id, finding.verdict) for finding in request.findings]
        done = tag(store, run.run_id, pairs, wait).done
        return curation.run(run.run_id), done

    return LibraryLinks(thumbnail, give_tags)
