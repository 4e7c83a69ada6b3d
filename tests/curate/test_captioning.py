"""Captions of a library: kept, searched, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Library
from engine.common.progress import CancelToken
from engine.errors import Cancelled, PathNotFound, UsageError
from engine.generate import captioners
from engine.generate.captioner import CaptionStyle, Scene
from engine.query.language import quoted
from tests import media_files as make


class Wolf:
    """Says that a wolf is in every picture that is shown to it."""

    name = revision = "wolf-1"
    by_labels = False

    def check(self) -> None: ...

    def caption(self, scene: Scene, style: CaptionStyle, *, seconds, cancel=None) -> str:
        assert scene.pictures()[0].startswith(b"\xff\xd8")
        return "wolf, night" if style is CaptionStyle.TAGS else "A lonely wolf at night."


@pytest.fixture
def library(tmp_path, settings, monkeypatch) -> Iterator[Library]:
    monkeypatch.setattr(captioners, "transformers", lambda *_: Wolf())
    for colour in ("red", "blue", "green"):
        make.picture(tmp_path / "media" / f"{colour}.png", colour, (40, 30))
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "media"])
        yield made


def captions(library: Library) -> list[str | None]:
    assets = library.store.whole_assets([a.asset_id for a in library.store.assets()])
    return [asset.caption for asset in assets.values()]


def found(library: Library, words: str) -> int:
    hits = library.search(quoted(words)).hits
    return sum(any(why.branch == "words" for why in hit.why) for hit in hits)


def test_captions_are_shown_and_not_kept_unless_asked(library):
    run = library.caption(captioner="hf:wolf")
    assert [each.text for each in run.captions] == ["A lonely wolf at night."] * 3
    assert run.run_id is None
    assert captions(library) == [None] * 3


def test_kept_captions_are_found_and_taken_back(library, tmp_path):
    assert found(library, "lonely wolf") == 0
    run = library.caption([tmp_path / "media" / "red.png"], captioner="hf:wolf", apply=True)
    assert (run.applied, run.own, run.captioner) == (1, 0, "wolf-1")
    assert found(library, "lonely wolf") == 1
    recorded = library.curate.run(run.run_id)
    assert recorded.settings == {"captioner": "wolf-1", "style": "sentence"}
    assert recorded.findings[0].why == "by wolf-1"
    report = library.curate.undo(run.run_id)
    assert report.lines == ("1 caption taken back",)
    assert found(library, "lonely wolf") == 0
    assert captions(library) == [None] * 3


def test_a_caption_that_a_file_has_stays(library, tmp_path):
    first = library.caption(captioner="hf:wolf", apply=True)
    second = library.caption(captioner="template", style="sentence")
    assert second.run_id is None
    again = library.caption(captioner="hf:wolf", apply=True)
    assert (first.applied, again.applied, again.own) == (3, 0, 3)
    library.curate.undo(first.run_id)
    assert captions(library) == [None] * 3


def test_tags_are_tags(library):
    run = library.caption(captioner="hf:wolf", style="tags", apply=True)
    assert dict(library.stats().tags) == {"night": 3, "wolf": 3}
    library.curate.undo(run.run_id)
    assert not library.stats().tags


def test_what_cannot_be_is_said(library, tmp_path):
    with pytest.raises(UsageError, match="no style of captions is called 'poem'"):
        library.caption(style="poem")
    with pytest.raises(PathNotFound):
        library.caption([tmp_path / "none"])
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        library.caption(captioner="hf:wolf", apply=True, cancel=cancel)
    assert captions(library) == [None] * 3


def test_the_template_names_what_a_search_is_sure_of(library, monkeypatch):
    """A dog that a search is sure of is named, whatever the classification says."""
    first, *_ = [asset.asset_id for asset in library.store.assets()]
    monkeypatch.setattr(library, "_likely", lambda thing: {first: 0.95} if thing == "a dog" else {})
    texts = {each.asset_id: each.text for each in library.caption(captioner="template").captions}
    assert "a dog" in texts.pop(first)
    assert not any("a dog" in text for text in texts.values())


def test_the_template_names_what_was_recognised_when_it_was_indexed(library):
    found = library.caption(captioner="template").captions
    texts = {Path(each.path).stem: each.text for each in found}
    assert "a red" in texts["red"] and "a red" not in texts["blue"]
