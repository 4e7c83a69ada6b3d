"""The topic of a lesson: its words, the thing in it, and the moments that bear either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.assistant.evidence import (
    WORDED,
    Claim,
    EvidencePassage,
    best_of_each,
    passages_of,
)
from engine.assistant.question import read_question
from engine.compose.context import ComposeContext
from engine.query.calibration.confidence import LIKELY
from engine.query.full_text import content_words
from engine.query.language import build_query, quoted
from engine.types import Group, Query, QueryPart

_TOP = 100
"""Moments that a search brings."""
_THING = 3
"""Words of the thing that a topic is about, at most."""
_GENERIC = frozenset(
    {
        *("make", "makes", "made", "making", "work", "works", "working", "use", "uses", "used"),
        *("happen", "happens", "sound", "sounds", "play", "plays", "played", "mean", "means"),
        *("become", "becomes", "look", "looks", "learn", "explain", "understand", "history"),
        *("story", "introduction", "basics", "guide", "lesson", "different", "kinds", "kind"),
        *("type", "types", "part", "parts", "said", "says", "say"),
    }
)
"""Words that a topic has beside the thing that it is about."""


@dataclass(frozen=True, slots=True)
class LessonTopic:
    """A topic, and the thing in it that can be seen or heard."""

    text: str
    subject: str
    thing: str

    @property
    def is_thing(self) -> bool:
        """True where nothing is asked of the thing: to show it is enough."""
        words = set(content_words(self.subject))
        return words <= set(content_words(self.thing)) | _GENERIC


def read_topic(text: str) -> LessonTopic:
    """Return what a topic is about, by rules alone."""
    subject = read_question(text).subject or text
    content = set(content_words(text)) - _GENERIC
    thing: list[str] = []
    for word in re.findall(r"\w+", text):
        if word.casefold() in content:
            thing.append(word)
        elif thing:
            break
    return LessonTopic(text, subject, " ".join(thing[:_THING]) or subject)


@dataclass(frozen=True, slots=True)
class TopicMoments:
    """The moments that bear a topic, best first."""

    worded: tuple[EvidencePassage, ...]
    """Sentences that are said, to be read, or written about a file."""
    shown: tuple[EvidencePassage, ...]
    heard: tuple[EvidencePassage, ...]
    note: str = ""


def moments_of_topic(context: ComposeContext, topic: LessonTopic) -> TopicMoments:
    """Find what is said, shown and heard of a topic. Sentences are verified, as answers are."""
    searches = list(dict.fromkeys((topic.text, topic.subject, topic.thing)))
    context.progress.start("searching", len(searches), "searches")
    found: list[EvidencePassage] = []
    for text in searches:
        query = build_query(quoted(text), local=False, top=_TOP, group=Group.NONE)
        found += passages_of(context.store, context.run(query).hits, topic.thing)
        context.progress.advance()
    worded = [passage for passage in best_of_each(found) if passage.claim in WORDED]
    verified = context.verifier.verify([topic.text], worded)
    kept = _once([p for p in verified.kept if p.claim in WORDED])
    perceived = _perceived(context, topic.thing)
    return TopicMoments(
        tuple(kept),
        tuple(p for p in perceived if p.claim is Claim.SHOWS),
        tuple(p for p in perceived if p.claim is Claim.SOUNDS),
        verified.note if kept else "",
    )


def _perceived(context: ComposeContext, thing: str) -> list[EvidencePassage]:
    """Return what likely shows or sounds like a thing, each file once, without near copies."""
    part = QueryPart(thing, quoted=((0, len(thing)),))
    hits = context.run(Query((part,), top=_TOP, group=Group.ASSET, likely=True)).likely.hits
    passages = [
        passage
        for passage in passages_of(context.store, hits, thing)
        if passage.claim in (Claim.SHOWS, Claim.SOUNDS) and passage.confidence >= LIKELY
    ]
    if len(passages) < 2:
        return passages
    copies = context.near_copies([passage.path for passage in passages])
    return [passage for passage in passages if passage.asset_id not in copies]


def _once(passages: Sequence[EvidencePassage]) -> list[EvidencePassage]:
    """Return sentences once, whatever their marks and spaces."""
    seen: dict[str, EvidencePassage] = {}
    for passage in passages:
        letters = "".join(filter(str.isalnum, passage.text.casefold()))
        if letters:
            seen.setdefault(letters, passage)
    return list(seen.values())
