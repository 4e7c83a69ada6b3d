"""All that a library knows of a hit: its file, the words around it, and why it was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.common import local_time
from engine.common.result_view import percent, why_line
from engine.common.shown_as_text import ShownAsText
from engine.common.shown_path import on_terminal
from engine.common.text import clock, printable, time_span
from engine.types import Asset, Hit, Modality, MomentRecord

if TYPE_CHECKING:
    from engine.store import Store

_AROUND = 30.0
"""Seconds before and after a hit whose words are shown."""
_MOST = 12
"""Passages that are shown, at most: the nearest."""
_STEPS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words near a hit, spoken or to be read on screen. Times are seconds, None for a picture."""

    modality: Modality
    start: float | None
    end: float | None
    text: str
    here: bool
    """True where it is at the same time as the hit."""


@dataclass(frozen=True, slots=True)
class HitDetails(ShownAsText):
    """A hit with the facts of its file, the words around it, and why it was found.

    ``str`` of it is the page that `sensorium show` prints.
    """

    hit: Hit
    asset: Asset | None
    """None where the library has forgotten the file since."""
    tags: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.lines(on_terminal(self.hit.path)))

    def lines(self, name: str) -> list[str]:
        """Return the facts as lines, below a name of the file.

        Args:
            name: the path as it is to be shown.
        """
        facts = [*_hit_facts(self.hit), *self._file_facts()]
        lines = [name, *(f"  {key:<10}  {value}" for key, value in facts)]
        for title, modality in (("said", Modality.SPEECH), ("on screen", Modality.SCREEN)):
            texts = [passage for passage in self.passages if passage.modality is modality]
            lines += [title, *map(_passage_line, texts)] if texts else []
        if self.hit.why:
            lines += ["why", *(f"  {printable(why_line(why))}" for why in self.hit.why)]
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return all facts as plain dicts and lists, for JSON."""
        asset = self.asset
        file = None if asset is None else {
            "format": asset.media.format, "size": asset.size,
            "modified": local_time.iso_of(asset.mtime_ns), "taken_at": asset.taken_at,
            "width": asset.width, "height": asset.height, "duration": asset.duration,
            "place": asset.place, "caption": asset.caption, "texts": asset.texts,
        }  # fmt: skip
        passages = [
            {
                "modality": each.modality, "start": each.start, "end": each.end,
                "text": each.text, "here": each.here,
            }
            for each in self.passages
        ]  # fmt: skip
        return {
            "hit": self.hit.to_dict(), "file": file, "tags": self.tags, "passages": passages,
        }  # fmt: skip

    def _file_facts(self) -> Iterator[tuple[str, str]]:
        asset = self.asset
        if asset is None:
            yield "file", "no longer in the library"
            return
        size = f"{asset.width} x {asset.height}" if asset.width and asset.height else None
        length = clock(asset.duration) if asset.duration is not None else None
        yield "file", ", ".join(filter(None, (asset.media.format, size, length, _size(asset.size))))
        if asset.taken_at:
            yield "made", printable(asset.taken_at.replace("T", " "))
        yield "changed", local_time.iso_of(asset.mtime_ns).replace("T", " ")
        if asset.place is not None:
            yield "place", f"{asset.place[0]:.5f}, {asset.place[1]:.5f}"
        for name, text in (("caption", asset.caption), ("texts", asset.texts)):
            for place, line in enumerate((text or "").splitlines()):
                yield "" if place else name, printable(line)
        if self.tags:
            yield "tags", printable(", ".join(self.tags))


def _hit_facts(hit: Hit) -> Iterator[tuple[str, str]]:
    at = "" if hit.start is None else f" at {time_span(hit.start, hit.end)}"
    sure = f", {percent(hit)} likely" if hit.why else ""
    yield f"hit {hit.rank}", f"{hit.kind}{at}{sure}"
    for span in hit.spans[1:]:
        moment = "" if span.start is None else f" at {time_span(span.start, span.end)}"
        yield "then", printable(f"{span.asked}{moment}")


def _passage_line(passage: Passage) -> str:
    mark = ">" if passage.here and passage.start is not None else " "
    at = "" if passage.start is None else f"{time_span(passage.start, passage.end)}  "
    return f"{mark} {at}{printable(' '.join(passage.text.split()))}"


def _size(count: int) -> str:
    size, step = float(count), 0
    while size >= 1000 and step < len(_STEPS) - 1:
        size, step = size / 1000, step + 1
    return f"{size:.1f} {_STEPS[step]}" if step else f"{count} {_STEPS[0]}"


def hit_details(store: Store, hit: Hit) -> HitDetails:
    """Return what a library knows of a hit, which may be of an earlier search."""
    with store.snapshot():
        known = store.get(hit.path)
        if known is None:
            return HitDetails(hit, None)
        asset = store.whole_assets([known.asset_id])[known.asset_id]
        moments = store.moments_of(known.asset_id)
        own = store.tags([known.asset_id]).get(known.asset_id, ())
    seen = next((record.moment for record in moments if record.moment_id == hit.moment_id), None)
    recognised = (tag.word for tag in seen.tags) if seen is not None else ()
    tags = tuple(dict.fromkeys((*own, *recognised)))
    return HitDetails(hit, asset, tags, tuple(_passages(moments, hit)))


def _passages(moments: Sequence[MomentRecord], hit: Hit) -> list[Passage]:
    """Return the words near a hit, in the order of their times."""
    worded = [record.moment for record in moments if (record.moment.text or "").strip()]
    near = sorted(
        ((_distance(moment.start, moment.end, hit), place) for place, moment in enumerate(worded)),
    )
    kept = sorted(place for far, place in near[:_MOST] if far <= _AROUND)
    passages = []
    for moment in (worded[place] for place in kept):
        here = _distance(moment.start, moment.end, hit) == 0
        text = moment.text or ""
        passages.append(Passage(moment.modality, moment.start, moment.end, text, here))
    return passages


def _distance(start: float | None, end: float | None, hit: Hit) -> float:
    """Return the seconds between a moment and a hit; 0 where they overlap."""
    if start is None or hit.start is None:
        return 0.0
    last, hit_last = start if end is None else end, hit.start if hit.end is None else hit.end
    return max(start - hit_last, hit.start - last, 0.0)
