"""The encoder ``compact-multilingual``: texts of some 100 languages, and what pictures show.

Texts are multilingual-e5-small's, less their mean and whitened: as they come, all of them lie in
one narrow cone. A picture has two vectors that text can query. One is made of its classes, as in
``compact``. The other, in the space ``scenes-2``, is what a head that has learned from captioned
photographs says of it, which classes have no words for: what happens. And what of it has which
colour is in the space ``colours``, in which only texts are asked that name one.

Queries go two further steps, which no stored vector depends on. Words that the tower is unsure of
without a sentence are asked with their English names (``lexicon``). And what a text has in
directions in which captions hardly differ is its language rather than its sense, so in ``scenes-2``
no coordinate goes further than those of captions do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from PIL import Image

from engine.common.lru import LRUCache
from engine.common.package_weights import sha256
from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.compact.colour_words import TERMS, colours_of
from engine.encoders.compact.colours import DIM as COLOURS_DIM
from engine.encoders.compact.colours import PictureColours
from engine.encoders.compact.lexicon import Lexicon, folded
from engine.encoders.compact.multilingual_text import MultilingualE5
from engine.encoders.compact.pictures import CLASSES, LOOKS_DIM, CompactPictures, Seen
from engine.encoders.protocols import Embedded, Pixels
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.backend import Pending, Then
from engine.types import Space
from engine.types.arrays import Vectors

NAME = "compact-multilingual"
SCENES = "scenes-2"
"""The further space of what happens; the first one, ``scenes``, had another head."""
COLOURS = "colours"
HEAD = Path(__file__).parent / "heads" / "multilingual.safetensors"
SCENES_HEAD = HEAD.with_name("scenes.safetensors")
QUERIES = HEAD.with_name("queries.safetensors")
_FURTHEST = 2.5
"""Deviations of captions past which a coordinate of a text is cut: 2, 3 and 4 find a little less
of Chinese sentences, or of English ones."""
_ENGLISH = 0.5
"""The weight of English names where they cover all of a query; 0.4 to 0.7 are as good on words of
ten dictionaries, and alone they lose what the tower knows by itself."""
_KEPT_QUERIES = 1024
"""Queries whose rows are kept until all spaces have asked for them, those of other threads too, and
the bank of phrases: 1.5 MB."""
_CODE = 1
"""Revision of the code between the towers' outputs and the vectors of the shared space."""
_SCENES_CODE = 2
"""Revision of the code between the towers' outputs and the vectors of ``scenes-2``."""
_FIRST_HEAD = "5dc11d8cdcbc40c00fcc9a657e75c4d103a40c4dec06a473e9dfc7f1e1c19767"
"""The hash of the file that the tensors of the shared space were first in, with others. They have
stayed the same to the bit, and so have the vectors of libraries that name it."""


class CompactMultilingual:
    """The default encoder; making one loads nothing.

    It implements ``Encoder``, ``FurtherSpaces``, ``Qualities``, ``EmbedsQueries``, ``KnowsWords``
    and ``Pipelined``.
    """

    name = NAME
    image_size = CompactPictures.resized_side

    def __init__(self, settings: Settings) -> None:
        self._text = MultilingualE5(settings)
        self._pictures = CompactPictures(settings, HEAD)
        self._colours = PictureColours()
        self._batch = settings.batch_size
        self._lexicon = Lexicon()
        self._queries: LRUCache[str, Vectors] = LRUCache(_KEPT_QUERIES)

    @cached_property
    def shared(self) -> Space:
        """The space of texts, and of pictures by their classes."""
        revision = revision_of(
            texts=self._text.revision, pictures=self._pictures.looks_revision, head=_FIRST_HEAD,
            code=_CODE,
        )  # fmt: skip
        return Space(NAME, NAME, revision, self._head["whiten"].shape[1])

    @cached_property
    def looks(self) -> Space:
        """The 1280-d pooled features of the picture tower, which ``compact`` has as well."""
        from engine.encoders.compact.encoder import NAME as COMPACT

        return Space("looks", COMPACT, self._pictures.looks_revision, LOOKS_DIM)

    @cached_property
    def further(self) -> tuple[Space, ...]:
        """The spaces of what happens in pictures, and of their colours."""
        revision = revision_of(
            texts=self._text.revision, pictures=self._pictures.looks_revision,
            middle=self._pictures.middle_revision, head=sha256(SCENES_HEAD), code=_SCENES_CODE,
        )  # fmt: skip
        scenes = Space(SCENES, NAME, revision, self._scenes_head["whiten"].shape[1])
        return (scenes, *self.qualities)

    @cached_property
    def qualities(self) -> tuple[Space, ...]:
        """The colours of pictures."""
        return (Space(COLOURS, NAME, self._colours.revision, COLOURS_DIM),)

    def names_quality(self, space: str, text: str) -> bool:
        return space == COLOURS and bool(colours_of(text))

    def quality_phrases(self, space: str) -> Sequence[str]:
        return TERMS if space == COLOURS else ()

    @cached_property
    def _head(self) -> Mapping[str, Vectors]:
        return self._pictures.head

    @cached_property
    def _scenes_head(self) -> Mapping[str, Vectors]:
        return _tensors(SCENES_HEAD)

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless every tower can be had."""
        self._text.check()
        self._pictures.check()

    @cached_property
    def _limits(self) -> Mapping[str, Vectors]:
        """The directions of captions (dim, dim) and their deviations along them (dim,)."""
        return _tensors(QUERIES)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return _whitened(self._text.embed(texts), self._head["mean"], self._head["whiten"])

    def knows_word(self, word: str) -> bool:
        """Tell whether the text tower, or the lexicon, knows a word as a whole."""
        return self._text.knows_word(word) or self._lexicon.name(folded(word)) is not None

    def embed_texts_in(self, space: str, texts: Sequence[str]) -> Vectors:
        if space == COLOURS:
            return self._colours.place_texts(texts)
        self._check_space(space)
        return self._placed_in_scenes(self._text.embed(texts))

    def embed_queries(self, space: str, texts: Sequence[str]) -> Vectors:
        """Embed texts that ask, with the English names of their words."""
        if space == COLOURS:
            return self._colours.place_texts(texts)
        if space == NAME:
            return _whitened(self._asked(texts), self._head["mean"], self._head["whiten"])
        self._check_space(space)
        return self._placed_in_scenes(self._within_captions(self._asked(texts)))

    def _placed_in_scenes(self, rows: Vectors) -> Vectors:
        return _whitened(rows, self._scenes_head["mean"], self._scenes_head["whiten"])

    def _check_space(self, space: str) -> None:
        if space != SCENES:
            raise ValueError(f"{NAME} has no further space {space!r}")

    def _asked(self, texts: Sequence[str]) -> Vectors:
        """Embed queries as the tower does, once for all spaces that ask for them."""
        rows = {text: self._queries.get(text) for text in texts}
        new = [text for text, row in rows.items() if row is None]
        embedded = self._embedded_queries(new) if new else ()
        for text, row in zip(new, embedded, strict=True):
            rows[text] = row
            self._queries.put(text, row.copy())  # a view would keep all of its batch
        found = [row for text in texts if (row := rows[text]) is not None]
        return np.stack(found) if found else self._text.embed([])

    def _embedded_queries(self, asked: Sequence[str]) -> Vectors:
        names, shares = zip(*map(self._lexicon.english, asked), strict=True)
        named = [place for place, name in enumerate(names) if name]
        rows = self._text.embed([*asked, *(names[place] for place in named)])
        own, english = rows[: len(asked)], rows[len(asked) :]
        weights = _ENGLISH * np.array([shares[place] for place in named], np.float32)[:, None]
        own[named] = (1 - weights) * own[named] + weights * english
        return own

    def _within_captions(self, rows: Vectors) -> Vectors:
        """Cut what texts (n, dim) have further out than captions have in any direction."""
        mean, directions = self._scenes_head["mean"], self._limits["directions"]
        furthest = _FURTHEST * self._limits["deviations"]
        within = np.clip((rows - mean) @ directions, -furthest, furthest)
        return np.asarray(mean + within @ directions.T, np.float32)

    def prepare_image(self, image: Image.Image) -> Pixels:
        return self._pictures.prepare(image)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        return self.submit_images(pixels).result()

    def picture_batch(self) -> int:
        return self._batch

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        return Then(self._pictures.submit(pixels), partial(self._embedded, pixels))

    def _embedded(self, pixels: Sequence[Pixels], seen: Seen) -> Embedded:
        head = self._scenes_head
        scaled = np.asarray((scene_inputs(seen) - head["center"]) / head["scale"], np.float32)
        vectors = {
            NAME: self._pictures.words(seen.probabilities),
            SCENES: l2_normalize(scaled @ head["weights"] + head["bias"]),
            COLOURS: self._colours.place_pictures(pixels),
            self.looks.name: seen.features,
        }
        return Embedded(vectors, self._pictures.tags(seen.probabilities))

    def typical_images(self) -> Vectors:
        """Return a vector for each class, as a picture of that class alone has, (1000, dim)."""
        return self._pictures.words(np.eye(CLASSES, dtype=np.float32))


def scene_inputs(seen: Seen) -> Vectors:
    """Return the inputs (n, 2400) of the head of scenes.

    Square roots tame the few channels that dominate.
    """
    middle = np.sign(seen.middle) * np.sqrt(np.abs(seen.middle))
    return np.concatenate([np.sqrt(np.maximum(seen.features, 0)), middle], axis=1)


def _tensors(file: Path) -> Mapping[str, Vectors]:
    from safetensors.numpy import load_file

    return {name: tensor.astype(np.float32) for name, tensor in load_file(file).items()}


def _whitened(rows: Vectors, mean: Vectors, whiten: Vectors) -> Vectors:
    return l2_normalize(np.asarray((rows - mean) @ whiten, np.float32))
