"""The part of the facade that encodes what a caller brings: vectors, relevance, speech."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.progress import CancelToken
from engine.common.progress_bar import watched
from engine.library.base import Watch
from engine.library.reading import ReadingLibrary

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer, OnSentence
    from engine.library.captions import SeenLabels
    from engine.library.relevance import LibraryRelevance, RerankDocument
    from engine.query.describing import Description
    from engine.query.prepare import PreparedExample
    from engine.query.rerank.gains import RerankEvaluation
    from engine.query.rerank.late import PreparedPages
    from engine.query.rerank.relevance import DocumentRelevance
    from engine.query.transcription import Transcription
    from engine.types.arrays import Vectors
    from engine.types.examples import Example


class EncodingLibrary(ReadingLibrary):
    """A library whose encoder and bridges work on what is not in it, too. Wiring only."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts in the default space: unit vectors (n, dim), float32."""
        from engine.library.embedding import embed_texts

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
        from engine.library.embedding import prepare_example

        return prepare_example(example, self.towers, self.settings)

    def embed_prepared(self, prepared: Sequence[PreparedExample]) -> Vectors:
        """Return the vectors of examples, encoded together: unit vectors (n, dim), float32.

        Args:
            prepared: what ``prepare_example`` of this library has returned.
        """
        from engine.library.embedding import embed_examples

        return embed_examples(prepared, self.towers)

    def rerank(
        self,
        query: str,
        documents: Sequence[RerankDocument],
        *,
        top: int | None = None,
        cancel: CancelToken | None = None,
    ) -> list[DocumentRelevance]:
        """Return how probably documents answer a query, in [0, 1], best first.

        Args:
            documents: texts; numbers of moments of the library; and pictures, videos or sounds,
                as for ``similar``, but with a path as ``Path``: a string is a text.
            top: how many to return; None for all.

        Raises:
            InvalidQuery: the query is empty, or a document cannot be read; names its place.
            Cancelled: ``cancel`` was.
        """
        with watched(cancel=cancel) as progress:
            found = self._relevance.rerank(query, documents, self.towers, progress)
        return found if top is None else found[:top]

    def evaluate_rerank(
        self,
        judgements: str | Path,
        reranker: str,
        *,
        top: int = 50,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> RerankEvaluation:
        """Measure on judgements of this library whether a reranker that sees gains, and keep it.

        Half of the queries choose how much its verdicts count, for each modality; the other half
        says whether that gains. From then on ``rerank=`` uses it for those modalities alone where
        it did.

        Args:
            judgements: a CSV or TSV with the columns query and path, a line for each file that
                answers a query.
            reranker: ``vl:NAME`` or ``late:NAME``.
            top: the hits of each query that are put in order.

        Raises:
            PathNotFound: there are no such judgements.
            UsageError: they cannot be read, or the reranker is none that is measured.
            EncoderUnavailable: its model cannot be had.
            LibraryReadOnly: the library takes no writes.
            Cancelled: ``cancel`` was.
        """
        with watched(progress, cancel) as reporting:
            return self._search.evaluate_rerank(reranker, judgements, top, reporting)

    def prepare_rerank(
        self, reranker: str, *, progress: Watch = False, cancel: CancelToken | None = None
    ) -> PreparedPages:
        """Embed all pictures and keyframes ahead for a reranker of late interaction.

        A search embeds those that it puts in order when none has before. How long it takes, and
        how large it gets on disk and in memory, is reported as soon as the first one says.

        Args:
            reranker: ``late:NAME``.

        Raises:
            UsageError: it is none of late interaction.
            EncoderUnavailable: its model cannot be had.
            Cancelled: ``cancel`` was; what was embedded by then is kept.
        """
        with watched(progress, cancel) as reporting:
            return self._search.prepare_rerank(reranker, reporting)

    def transcribe(
        self,
        example: Example,
        *,
        words: bool = False,
        transcriber: str | None = None,
        aligner: str | None = None,
        diarizer: str | None = None,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> Transcription:
        """Return what is said in a sound or a video, in sentences with times.

        Args:
            example: as for ``similar``.
            words: time each word as well, which takes longer.
            transcriber: ``whisper``, ``hf:NAME`` or ``openai:MODEL``; None for the library's own.
            aligner: ``hf:NAME``, a model that times words; None for the transcriber's own times.
            diarizer: ``hf:NAME``, a model that tells who says each sentence; None for nobody.

        Raises:
            ExtraMissing: the speech bridge is not installed.
            InvalidQuery: the example cannot be read, or has no sound.
            Cancelled: ``cancel`` was.
        """
        from engine.library.embedding import transcribe_example

        with watched(progress, cancel) as reporting:
            return transcribe_example(
                example,
                self.towers,
                self.settings,
                words,
                reporting,
                transcriber,
                aligner,
                diarizer,
            )

    def ask_file(
        self,
        example: Example,
        question: str,
        *,
        model: str | None = None,
        on_text: Callable[[str], None] | None = None,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> Description:
        """Answer a question about a picture, a video or a sound, which need not be in the library.

        The model is shown a picture, or the keyframes of a video that bear on the question, and
        given what is said and heard.

        Args:
            example: as for ``similar``.
            model: such as ``gemini:MODEL`` or ``local:qwen``; None for that of the settings.
            on_text: called with each piece of the answer as it comes.

        Raises:
            UsageError: the question is empty, or the model is not installed or configured.
            InvalidQuery: the example cannot be read.
            ChatFailed: the model did not answer, or the budget is spent.
            Cancelled: ``cancel`` was.
        """
        from engine.library.embedding import describe_example

        with watched(progress, cancel) as reporting:
            return describe_example(
                example, question, self.towers, self.settings, model, on_text, reporting,
                self._seen_labels.sure_of,
            )  # fmt: skip

    def ask_example(
        self,
        example: Example,
        question: str = "",
        *,
        where: Sequence[str] | str = (),
        seconds: float | None = None,
        on_sentence: OnSentence | None = None,
        cancel: CancelToken | None = None,
    ) -> CitedAnswer:
        """Answer about a picture, a video or a sound, with what is similar in the library, cited.

        What it shows is told by ``vision_model`` of the settings, and without one by labels and
        the text in it; a note of the answer says so.

        Args:
            example: as for ``similar``; all of the file is meant.
            question: none for what it is.
            where: only files of which these filters are true are similar.
            seconds: for the model; by default ``llm_seconds``.
            on_sentence: called with each sentence as it is made.

        Raises:
            InvalidQuery: the example cannot be read.
            UsageError: the model is not installed or configured.
            QuerySyntax: a filter cannot be read.
            Cancelled: ``cancel`` was.
        """
        from engine.library.questions import answer_about_example

        return answer_about_example(
            example, question, self.store, self.settings, self.towers, self._seen_labels,
            self.similar, {"where": where}, seconds, on_sentence, cancel,
        )  # fmt: skip

    @cached_property
    def _seen_labels(self) -> SeenLabels:
        from engine.library.captions import SeenLabels

        return SeenLabels(self.store, self.towers, self.settings)

    @cached_property
    def _relevance(self) -> LibraryRelevance:
        from engine.library.relevance import LibraryRelevance

        return LibraryRelevance(self.store, self.settings, self.searcher)
