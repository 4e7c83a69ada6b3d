"""Read the full text of the catalog: what is said, read, captioned and named."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.store import paths, row_decoding
from engine.store.connections import CatalogConnections
from engine.store.error_translation import translated


class CatalogWords:
    """The questions about words that a ``Catalog`` answers.

    Attributes:
        path: the library's folder.
        connections: the connections that read.
    """

    path: Path
    connections: CatalogConnections

    def words(
        self, match: str, kinds: Sequence[str] = (), limit: int = 100
    ) -> list[tuple[int, float]]:
        """Search the full text: moments whose words match, best first.

        Args:
            match: what ``match_any`` builds.
            kinds: only moments of assets of these kinds; empty means all.

        Returns:
            Moment id and BM25, where greater is better.

        Raises:
            InvalidQuery: ``match`` is no expression that the database knows.
        """
        with translated(self.path):
            return self.connections.reader.search(match, kinds, limit)

    def count_words(self, match: str, most: int) -> int:
        """Count the moments whose words match, up to ``most``."""
        with translated(self.path):
            return self.connections.reader.matching(match, most)

    def written(self, match: str, most: int) -> list[int]:
        """List moments whose files' captions and texts match, up to ``most``, in no order.

        A catalog on PostgreSQL lists those of which any words match.
        """
        with translated(self.path):
            return self.connections.reader.written(match, most)

    def written_texts(self, most: int) -> Iterator[str]:
        """Yield the names, captions and other texts of files, and what is said or read in them.

        Args:
            most: texts of each sort that are looked at.
        """
        for (text,) in itertools.islice(self.connections.stream("spoken_texts"), most):
            yield text
        for row in itertools.islice(self.connections.stream("asset_texts"), most):
            yield from filter(None, (os.path.split(paths.from_text(row[0]))[1], *row[1:]))
        for (tags,) in itertools.islice(self.connections.stream("moment_tags"), most):
            yield from (tag.word for tag in row_decoding.tags_of(tags))

    def word_rows(self) -> int:
        """Count the rows of the full text index; 0 where it is missing."""
        with translated(self.path):
            return self.connections.reader.word_rows()
