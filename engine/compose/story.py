"""A story: pictures and clips of an album or a search, captioned, in order, without near copies."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from engine.assistant.evidence import Claim, EvidencePassage, passages_of
from engine.compose.connecting import Written, connecting_sentences
from engine.compose.context import ComposeContext
from engine.compose.cut_list import Cut
from engine.compose.days import chapter_keys
from engine.compose.seen import LikelyName, likely_names
from engine.errors import UsageError
from engine.query.language import build_query, quoted
from engine.query.rerank.base import clean
from engine.types import (
    AnyOf,
    Asset,
    Condition,
    Group,
    Hit,
    Kind,
    Modality,
    MomentRecord,
    Query,
)

ALBUM = "album:"
"""The beginning of an album's tag."""
_MOST = 120
"""Pictures and clips of a story."""
_STILL, _CLIP = 4.0, 8.0
"""Seconds that a picture is shown in a film, and those of a clip at most."""
_SHORTEST = 1.0
_LABELS = 3
"""Likely names in a caption."""
_LONGEST = 500
"""Characters of a request."""


@dataclass(frozen=True, slots=True)
class StoryItem:
    """A picture or a clip of a story."""

    passage: EvidencePassage
    start: float
    seconds: float
    """The part of a clip; of a picture how long a film shows it."""
    caption: str = ""
    """Words that the file has of its own; empty where it has none."""
    likely: tuple[EvidencePassage, ...] = ()
    """Names that are likely seen, the likeliest first."""
    words: tuple[EvidencePassage, ...] = ()
    """Sentences that are said in it, or to be read."""
    copies: tuple[str, ...] = ()
    """Paths of near copies that it stands for."""


@dataclass(frozen=True, slots=True)
class StoryChapter:
    """Items of a time or of a folder."""

    title: str
    items: tuple[StoryItem, ...]
    written: tuple[Written, ...] = ()
    """Sentences of a model, where one wrote."""


@dataclass(frozen=True, slots=True)
class Story:
    """The facts of a story; ``html`` is the page. ``found`` is False where there is nothing."""

    title: str
    chapters: tuple[StoryChapter, ...]
    notes: tuple[str, ...] = ()
    html: str = ""
    files: tuple[Path, ...] = ()
    """The files that were written: the page, then the cut lists."""
    cuts: tuple[Cut, ...] = field(default=(), repr=False)

    @property
    def found(self) -> bool:
        """False where nothing in the library is of it."""
        return bool(self.chapters)

    @property
    def items(self) -> tuple[StoryItem, ...]:
        """All items in their order."""
        return tuple(item for chapter in self.chapters for item in chapter.items)

    @property
    def seconds(self) -> float:
        """Seconds of the film that the cut lists make."""
        return sum(cut.seconds for cut in self.cuts)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for JSON, without the page."""
        return {
            "title": self.title, "found": self.found, "seconds": round(self.seconds, 2),
            "chapters": [
                {
                    "title": chapter.title,
                    "items": [_item_document(item) for item in chapter.items],
                    "written": [
                        {"text": text, "moments": [p.moment_id for p in by]}
                        for text, by in chapter.written
                    ],
                }
                for chapter in self.chapters
            ],
            "notes": [*self.notes], "files": [str(file) for file in self.files],
        }  # fmt: skip


def _item_document(item: StoryItem) -> dict[str, Any]:
    return {
        "path": item.passage.path, "kind": item.passage.kind,
        "moment_id": item.passage.moment_id, "start": item.start, "seconds": item.seconds,
        "date": item.passage.date or None, "caption": item.caption,
        "likely": [p.to_dict() for p in item.likely], "words": [p.to_dict() for p in item.words],
        "copies": [*item.copies],
    }  # fmt: skip


def story(context: ComposeContext, asked: str, files: Sequence[str] = ()) -> Story:
    """Gather a story. Errors are those of ``Library.story``."""
    asked = " ".join(asked.split())
    if not asked or len(asked) > _LONGEST:
        raise UsageError(f"a story is of an album or a search of 1 to {_LONGEST} characters")
    title, query = (_capital(asked), _of_files(files)) if files else _query(context, asked)
    notes: list[str] = []
    hits = _hits(context, query, notes)
    if not hits:
        return Story(title, (), tuple(notes))
    items = _items(context, hits, title)
    items = _folded(context, items)
    items = _captioned(context, items)
    chapters = []
    for name, own in chapter_keys(items, context.browse.town_near):
        moments = [p for item in own for p in (*item.words, *item.likely[:1])]
        written = connecting_sentences(context, f"{title}: {name}", moments, notes)
        chapters.append(StoryChapter(name, tuple(own), tuple(written)))
    made = Story(title, tuple(chapters), tuple(notes))
    return replace(made, cuts=tuple(_cut(item) for item in made.items))


def _query(context: ComposeContext, asked: str) -> tuple[str, Query]:
    """Return the title, and the query of an album where one is called so, else of a search."""
    albums = {
        tag.removeprefix(ALBUM).casefold(): tag
        for tag in context.store.tag_counts()
        if tag.startswith(ALBUM)
    }
    tag = albums.get(asked.removeprefix(ALBUM).strip().casefold())
    if tag is not None:
        listed = build_query(f"tag:{quoted(tag)}", local=False, top=10 * _MOST)
        return tag.removeprefix(ALBUM), listed
    found = build_query(asked, local=False, top=2 * _MOST, group=Group.ASSET)
    return asked if found.lists else _capital(asked), found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of_files(files: Sequence[str]) -> Query:
    named = tuple(Condition("path", "=", glob.escape(path)) for path in dict.fromkeys(files))
    listed = build_query("", local=False, kinds=(Kind.IMAGE, Kind.VIDEO), top=2 * _MOST)
    return replace(listed, filter=AnyOf(named))


def _hits(context: ComposeContext, query: Query, notes: list[str]) -> list[Hit]:
    """Return a hit for each picture or video that is likely, the likeliest ones."""
    likely = [hit for hit in context.run(query).hits if hit.likely]
    found = list({hit.asset_id: hit for hit in likely if hit.kind is not Kind.AUDIO}.values())
    sounds = len({hit.asset_id for hit in likely if hit.kind is Kind.AUDIO})
    if sounds:
        nouns = "1 recording is" if sounds == 1 else f"{sounds} recordings are"
        notes.append(f"{nouns} left out: a story is of what is seen")
    if len(found) > _MOST:
        notes.append(f"the first {_MOST} of {len(found)} are shown")
    return found[:_MOST]


def _items(context: ComposeContext, hits: Sequence[Hit], title: str) -> list[StoryItem]:
    passages = passages_of(context.store, hits, title)
    seen, items = set(), []
    for passage in passages:
        if passage.asset_id in seen or not passage.moment_id:
            continue
        seen.add(passage.asset_id)
        start, seconds = 0.0, _STILL
        if passage.kind is Kind.VIDEO:
            passage, start, seconds = _part(context, passage)
        items.append(StoryItem(passage, start, seconds))
    return items


def _part(
    context: ComposeContext, passage: EvidencePassage
) -> tuple[EvidencePassage, float, float]:
    """Return the part of a video that a moment stands for, of a few seconds."""
    asset = context.store.whole_assets([passage.asset_id])[passage.asset_id]
    duration = asset.duration or 0.0
    start, end = passage.start, passage.end
    if start is None:  # a file that was listed: its first shot stands for it
        start, end = _first_shot(context, passage.asset_id)
        passage = replace(passage, start=start, end=end)
    end = min(duration, max(end or start, start + _SHORTEST))
    middle, length = (start + end) / 2, min(end - start, _CLIP)
    if length <= 0:
        return passage, 0.0, min(duration, _CLIP)
    return passage, max(0.0, middle - length / 2), length


def _first_shot(context: ComposeContext, asset_id: int) -> tuple[float, float]:
    shots = context.browse.moments_of(asset_id, Modality.KEYFRAME)
    if not shots:
        return 0.0, _CLIP
    start = shots[0].moment.start or 0.0
    return start, shots[0].moment.end or start + _CLIP


def _folded(context: ComposeContext, items: Sequence[StoryItem]) -> list[StoryItem]:
    """Leave out near copies; the file that stays says which it stands for."""
    context.progress.start("looking for near copies", None)
    by_asset = {item.passage.asset_id: item for item in items}
    copies: Mapping[int, int] = context.near_copies([item.passage.path for item in items])
    folded: dict[int, list[str]] = {}
    for copy, kept in copies.items():
        if copy in by_asset and kept in by_asset:
            folded.setdefault(kept, []).append(by_asset.pop(copy).passage.path)
    return [
        replace(item, copies=tuple(sorted(folded.get(asset_id, ()))))
        for asset_id, item in by_asset.items()
    ]


def _captioned(context: ComposeContext, items: Sequence[StoryItem]) -> list[StoryItem]:
    """Caption items by their own words, else by what is likely seen, said and to be read."""
    numbers = [item.passage.asset_id for item in items]
    assets = context.store.whole_assets(numbers)
    names = likely_names(context, [item.passage.path for item in items])
    by_asset: dict[int, list[tuple[LikelyName, EvidencePassage]]] = {}
    for name in names:
        for passage in name.passages:
            by_asset.setdefault(passage.asset_id, []).append((name, passage))
    made = []
    for item in items:
        asset = assets[item.passage.asset_id]
        made.append(
            replace(
                item, caption=clean((asset.caption or "").split("\n")[0], 300),
                likely=_likely(item, by_asset.get(item.passage.asset_id, [])),
                words=_words(context, item, asset),
            )
        )  # fmt: skip
    return made


def _likely(
    item: StoryItem, found: Sequence[tuple[LikelyName, EvidencePassage]]
) -> tuple[EvidencePassage, ...]:
    """Return the names of a picture, or of the part of a video, each once."""
    here: dict[str, tuple[bool, EvidencePassage]] = {}
    for name, passage in found:
        inside = passage.kind is Kind.IMAGE or _overlaps(item, passage.start, passage.end)
        best = here.get(name.name)
        if inside and (best is None or passage.confidence > best[1].confidence):
            here[name.name] = name.taught, passage
    ordered = sorted(here.values(), key=lambda pair: (not pair[0], -pair[1].confidence))
    return tuple(passage for _, passage in ordered[:_LABELS])


def _words(context: ComposeContext, item: StoryItem, asset: Asset) -> tuple[EvidencePassage, ...]:
    """Return what is said in an item, and what is to be read, one sentence of each."""
    found = []
    records = context.browse.moments_of(item.passage.asset_id)
    for modality, claim in ((Modality.SPEECH, Claim.SAYS), (Modality.SCREEN, Claim.READS)):
        record = next((r for r in records if _is_of(item, r, modality)), None)
        if record is not None:
            text = clean(record.moment.text or "", 300)
            found.append(
                EvidencePassage(
                    asset.path, record.kind, record.asset_id, record.moment_id, modality,
                    record.moment.start, record.moment.end, claim, text, 1.0,
                )
            )  # fmt: skip
    return tuple(found)


def _is_of(item: StoryItem, record: MomentRecord, modality: Modality) -> bool:
    if record.moment.modality is not modality or not (record.moment.text or "").strip():
        return False
    return item.passage.kind is Kind.IMAGE or _overlaps(
        item, record.moment.start, record.moment.end
    )


def _overlaps(item: StoryItem, start: float | None, end: float | None) -> bool:
    begun = start or 0.0
    return begun < item.start + item.seconds and max(end or begun, begun + 0.1) > item.start


def _cut(item: StoryItem) -> Cut:
    video = item.passage.kind is Kind.VIDEO
    name = PurePath(item.passage.path).name
    return Cut(item.passage.path, name, video, item.start, item.seconds, item.passage.moment_id)
