"""The part of the facade that encodes what a caller brings: vectors, relevance, speech."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.library_reading import ReadingLibrary

if TYPE_CHECKING:
    from engine.query.prepare import PreparedExample
    from engine.types.arrays import Vectors
    from engine.types.examples import Example


class EncodingLibrary(ReadingLibrary):
    """A library whose encoder and bridges work on what is not in it, too. Wiring only."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts in the default space: unit vectors (n, dim), float32."""
        from engine.library_embedding import embed_texts

        return embed_texts(texts, self.towers)

    def embed_example(self, example: Example) -> Vectors:
        """Return the vector of a picture, a video or a sound: a unit vector (dim,), float32.

        Args:
            example: as for ``similar``.

        Raises:
            InvalidQuery: it is not there, or is neither picture, video nor sound.
        """
        (row,) = self.embed_prepared([self.prepare_example(example)])
        vector: Vectors = row
        return vector

    def prepare_example(self, example: Example) -> PreparedExample:
        """Decode an example for ``embed_prepared``: the part that many threads can share.

        Errors are those of ``embed_example``.
        """
        from engine.library_embedding import prepare_example

        return prepare_example(example, self.towers, self.settings)

    def embed_prepared(self, prepared: Sequence[PreparedExample]) -> Vectors:
        """Return the vectors of examples, encoded together: unit vectors (n, dim), float32.

        Args:
            prepared: what ``prepare_example`` of this library has returned.
        """
        from engine.library_embedding import embed_examples

        return embed_examples(prepared, self.towers)
