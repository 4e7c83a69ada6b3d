"""The part of the facade that makes pages: reports, stories and lessons. Wiring only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.library.asking import AskingLibrary

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer
    from engine.compose.context import ComposeContext
    from engine.compose.lesson import TopicLesson
    from engine.compose.story import Story
    from engine.compose.watch_report import WatchReport


class ComposingLibrary(AskingLibrary):
    """A library that makes pages of its own moments."""

    @contextmanager
    def _composing(
        self, model: str | None, seconds: float | None, progress: bool | Progress,
        cancel: CancelToken | None,
    ) -> Iterator[ComposeContext]:  # fmt: skip
        from engine.compose.service import compose_context

        def ask(question: str, where: str) -> CitedAnswer:
            return self.ask(question, model=model, where=where, seconds=seconds, cancel=cancel)

        with watched(progress, cancel) as reporting:
            yield compose_context(
                self.store, self.settings, run=self.run, ask=ask, verifier=self._verifier,
                thumbnail=lambda moment, side: self.thumbnail(moment, side=side),
                browse=self.browse, concepts=self.concepts, towers=self._towers.now,
                model=model, seconds=seconds, progress=reporting, cancel=cancel,
            )  # fmt: skip

    def watch_report(
        self,
        video: str | Path,
        *,
        out: str | Path | None = None,
        questions: Sequence[str] = (),
        model: str | None = None,
        seconds: float | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> WatchReport:
        """Report what is seen, said and to be read in a video or a sound, as one page of HTML.

        Its chapters are those that the file names, or are found by its shots, pauses and words.
        All that it claims is borne by moments of the library, which it lists.

        Args:
            video: a file that the library holds.
            out: the page to write; times move a player where the video lies at or below its
                folder. None for a report whose ``html`` nobody writes.
            questions: that are asked of this file alone, as ``ask`` answers them.
            model: as for ``ask``; it may write their answers.
            seconds: for the model, all its questions together; by default ``llm_seconds``.

        Raises:
            PathNotFound: the library has no such file.
            UsageError: it is a picture, ``out`` cannot be written, or a question cannot be asked.
            Cancelled: ``cancel`` was; nothing is written then.
        """
        from engine.compose.service import make_report

        with self._composing(model, seconds, progress, cancel) as context:
            return make_report(context, video, questions, out)

    def story(
        self,
        asked: str,
        *,
        files: Sequence[str | Path] = (),
        out: str | Path | None = None,
        model: str | None = None,
        seconds: float | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> Story:
        """Make a story of the pictures and videos of an album or a search, as one page of HTML.

        They are captioned, in the order of their dates, else of their paths; near copies are
        folded. Beside the page are the cut lists of a film: an EDL (CMX 3600), an OTIO, and a
        script by which ffmpeg makes it.

        Args:
            asked: the name of an album, a tag ``album:NAME``; else a query. With ``files`` it is
                the title.
            files: pictures and videos of the library; the story is of these alone.
            out: the page to write; None for a story whose ``html`` nobody writes.
            model: that may write sentences between them, held to their moments; as for ``ask``.
            seconds: for the model, all its questions together; by default ``llm_seconds``.

        Returns:
            The story; its ``found`` is False where the library has nothing of it, and then nothing
            is written.

        Raises:
            UsageError: nothing is asked, or ``out`` cannot be written.
            QuerySyntax: the query cannot be read.
            Cancelled: ``cancel`` was; no page is written then.
        """
        from engine.compose.service import make_story

        with self._composing(model, seconds, progress, cancel) as context:
            return make_story(context, asked, files, out)

    def lesson(
        self,
        topic: str,
        *,
        out: str | Path | None = None,
        level: str = "school",
        quiz: bool = False,
        model: str | None = None,
        seconds: float | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> TopicLesson:
        """Make a lesson of what this library says, shows and sounds of a topic, as a page of HTML.

        Its sentences are those of the library, verified as answers are; pictures and sounds are
        called likely, with how likely. A quiz leaves out words of such sentences, and is marked
        within the page.

        Args:
            topic: such as "how a violin makes sound".
            out: the page to write; None for a lesson whose ``html`` nobody writes.
            level: ``school`` or ``university``, which has more, and what is said around it.
            quiz: whether it has a quiz.
            model: that may write sentences and questions, held to passages; as for ``ask``.
            seconds: for the model, all its questions together; by default ``llm_seconds``.

        Returns:
            The lesson; its ``found`` is False where the library has not enough about the topic,
            and then nothing is written.

        Raises:
            UsageError: the topic is empty, there is no such level, or ``out`` cannot be written.
            Cancelled: ``cancel`` was; nothing is written then.
        """
        from engine.compose.service import make_lesson

        with self._composing(model, seconds, progress, cancel) as context:
            return make_lesson(context, topic, level, quiz=quiz, out=out)
