"""Which spaces a query is asked in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.encoders import registry
from engine.errors import EncoderUnavailable, SpaceMismatch, UsageError
from engine.query.calibration.phrases import phrases
from engine.testing.fake_encoder import FakeEncoder, FakeHearing, OtherFake
from engine.types import Fusion, Modality, PartKind, Query, QueryPart
from tests import media_files as make

pytestmark = pytest.mark.slow


def hits(result) -> list[tuple[str, float]]:
    return [(Path(hit.path).name, round(hit.score, 3)) for hit in result.hits]


def spaces(result) -> list[tuple[str | None, str | None, float]]:
    return [(b.space, b.modality, b.weight) for b in result.plan.branches]


def embedded(monkeypatch, encoder: type[FakeEncoder]) -> list[list[str]]:
    """What an encoder's text tower is asked from now on."""
    asked: list[list[str]] = []
    embed = encoder.embed_texts
    monkeypatch.setattr(
        encoder, "embed_texts", lambda self, texts: asked.append(list(texts)) or embed(self, texts)
    )
    return asked


# --- one space ----------------------------------------------------------------------------


def test_a_second_space_changes_nothing_of_what_the_first_answers(library, settings):
    asked = ["red", "low tone", "red - blue", "green then green"]
    before = [hits(library.search(text)) for text in asked]
    plans = [library.search(text).plan for text in asked]
    library.spaces.add("fake2")
    assert [hits(library.search(text)) for text in asked] == before
    assert [library.search(text).plan for text in asked] == plans
    with Library.open(library.store.path, settings=settings) as again:
        assert [hits(again.search(text)) for text in asked] == before
        assert list(again._towers._plain) == ["fake"], "and its encoder is not even made"


def test_a_space_that_is_being_filled_is_not_searched(full, monkeypatch):
    with full.store.writer() as writer:
        info = full.store.segments("fake-hearing")[0]
        writer.lose(info, "is lost")
    found = full.search("low tone")
    assert {space for space, _, _ in spaces(found)} == {"fake", None}
    with pytest.raises(UsageError, match=r"still being filled: .*--add-space fake-hearing"):
        full.search("low tone", space="fake-hearing")
    full.spaces.add("fake-hearing")
    assert "fake-hearing" in {space for space, _, _ in spaces(full.search("low tone"))}


# --- another space ------------------------------------------------------------------------


def test_a_space_is_asked_by_its_name(full):
    found = full.search("red", space="fake2", kinds="image")
    assert hits(found)[0][0] in ("one.png", "two.png")
    assert {why.space for hit in found.hits for why in hit.why} == {"fake2", None}
    assert found.query.space == "fake2"
    with pytest.raises(UsageError, match="called 'other'; there is fake, fake-hearing, fake2"):
        full.search("red", space="other")
    with pytest.raises(UsageError, match="called 'fake-looks'"):
        full.search("red", space="fake-looks")


def test_a_space_of_sounds_can_be_asked_alone(full):
    found = full.search("low tone", space="fake-hearing")
    assert spaces(found)[0] == ("fake-hearing", Modality.SOUND, 1.0)
    assert {space for space, _, _ in spaces(found)} == {"fake-hearing", None}
    assert hits(found)[0][0] == "deep.wav"


def test_an_example_is_asked_in_the_spaces_of_likeness_of_its_space(full, tmp_path):
    example = make.picture(tmp_path / "example.png", "blue")
    found = full.search(image=example, space="fake2", kinds="image")
    assert hits(found)[0][0] == "three.png"
    assert [space for space, _, _ in spaces(found)] == ["fake2"], "its looks are the same space"
    alike = full.search("red", space="fake2", group="alike")
    assert next(hit.more for hit in alike.hits if hit.kind == "image") == 1


def test_the_default_is_what_is_asked_from_then_on(full, settings):
    by_name = full.search("red", space="fake2")
    full.spaces.set_default("fake2")
    assert hits(full.search("red")) == hits(by_name)
    assert full.store.calibrated()
    assert full.towers.encoder.name == "fake2"
    assert full.index([full.store.get(hit.path).path for hit in by_name.hits]).added == 0
    with Library.open(full.store.path, settings=settings) as again:
        assert again.search("red").plan == full.search("red").plan
    with pytest.raises(UsageError, match="has encoder=fake2; to have fake beside it"):
        Library.open(full.store.path, encoder="fake", settings=settings)
    with pytest.raises(UsageError, match="fake-hearing holds sound alone"):
        full.spaces.set_default("fake-hearing")


def test_a_library_that_is_open_sees_that_the_default_has_changed(full, settings):
    with Library.open(full.store.path, settings=settings) as reader:
        reader.search("red")
        full.spaces.set_default("fake2")
        assert {space for space, _, _ in spaces(reader.search("red"))} >= {"fake2", None}
        assert "fake" not in {space for space, _, _ in spaces(reader.search("red"))}


# --- spaces beside ------------------------------------------------------------------------


def test_a_space_of_some_modalities_is_asked_as_well_by_its_own_text_tower(full, monkeypatch):
    own, other = embedded(monkeypatch, FakeHearing), embedded(monkeypatch, OtherFake)
    found = full.search("low tone")
    assert spaces(found) == [
        ("fake", Modality.IMAGE, 1.0),
        ("fake", Modality.KEYFRAME, 1.0),
        ("fake", Modality.SOUND, 0.5),
        ("fake-hearing", Modality.SOUND, 0.5),
        (None, None, 1.0),
    ]
    assert own == [["low tone"]]
    assert other == [], "the one that nobody asks for is not asked"
    assert hits(found)[0][0] == "deep.wav"
    assert [why.space for why in found.hits[0].why[:2]] == ["fake", "fake-hearing"]
    full.search("low tone", top=3)
    assert own == [["low tone"]], "a text is embedded once"


def test_a_space_beside_counts_with_its_own_background(full):
    known = {(b.space, b.query, b.modality): b for b in full.store.backgrounds()}
    mine = known["fake-hearing", "text", Modality.SOUND]
    assert mine.n == len(phrases()) * 3
    assert ("fake2", "text", Modality.IMAGE) in known
    assert ("fake-hearing-sounds", "text", Modality.SOUND) not in known
    centre = FakeHearing().embed_texts(phrases()).mean(axis=0)
    drawn = np.frombuffer(mine.centre, np.float32)
    assert np.linalg.norm(drawn) == 0 or drawn @ centre > 0


def test_what_stands_out_is_no_more_because_two_spaces_say_so(full):
    """Two that agree are not two witnesses: a sound would else pass every picture."""
    both = full.search("low tone", kinds="audio").hits[0]
    with full.store.writer() as writer:
        writer.drop_space("fake-hearing")
    alone = full.search("low tone", kinds="audio").hits[0]
    assert both.score == pytest.approx(alone.score, rel=0.05)
    assert not any(hit.likely for hit in full.search("an unheard of thing"))


@pytest.mark.parametrize("asked", [{"kinds": "image"}, {"fusion": Fusion.EARLY}])
def test_a_space_that_cannot_answer_is_left_alone(full, settings, asked):
    with Library.open(full.store.path, settings=settings) as again:
        found = again.search("low tone", **asked)
        assert {space for space, _, _ in spaces(found)} == {"fake", None}
        assert list(again._towers._plain) == ["fake"]


def test_examples_are_asked_in_the_default_alone(full, settings, tmp_path):
    example = Query((QueryPart(str(make.sound(tmp_path / "x.wav", (200, 3.0))), PartKind.AUDIO),))
    with Library.open(full.store.path, settings=settings) as again:
        assert "fake-hearing" not in {space for space, _, _ in spaces(again.run(example))}
        assert list(again._towers._plain) == ["fake"]


@pytest.mark.parametrize("wrong", ["gone", "changed"])
def test_an_encoder_that_cannot_be_had_costs_a_note_and_no_answer(
    full, settings, monkeypatch, wrong
):
    plain = registry.towers

    def towers(name, settings, *recorded):
        if name == "fake-hearing" and wrong == "gone":
            raise EncoderUnavailable("there is no such encoder here")
        made = plain(name, settings, *recorded)
        if name == "fake-hearing":
            made = replace(made, sound=replace_revision(made.sound))
        return made

    monkeypatch.setattr(registry, "towers", towers)
    with Library.open(full.store.path, settings=settings) as again:
        found = again.search("red", kinds=["image", "video"])
        assert hits(found)[0][0] in ("one.png", "two.png")
        (note,) = found.notes
        assert note.startswith("fake-hearing is not searched: ")
        with pytest.raises((EncoderUnavailable, SpaceMismatch)):
            again.index([full.store.path.parent / "media"])


def test_an_encoder_that_is_there_again_is_asked_without_a_commit_in_between(
    full, settings, monkeypatch
):
    plain, gone = registry.towers, [True]

    def towers(name, settings, *recorded):
        if name == "fake-hearing" and gone:
            raise EncoderUnavailable("there is no such encoder here")
        return plain(name, settings, *recorded)

    monkeypatch.setattr(registry, "towers", towers)
    with Library.open(full.store.path, settings=settings) as again:
        assert again.search("red").notes
        gone.clear()
        found = again.search("red")
        assert not found.notes
        assert any(branch.space == "fake-hearing" for branch in found.plan.branches)


def replace_revision(bridge):
    """The bridge of a later version."""
    later = type("Later", (type(bridge),), {"revision": "2"})
    return later()
