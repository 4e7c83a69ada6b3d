"""The facade from Python, with an encoder that needs no weights."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

from engine import Library
from engine.errors import (
    EncoderUnavailable,
    InvalidQuery,
    LibraryNotFound,
    MediaError,
    PathNotFound,
    SpaceMismatch,
    UsageError,
)
from engine.query.maintenance import Maintenance
from engine.store import Store
from engine.types import Kind, QueryPart
from tests import media_files as make
from tests.clip import write_model
from tests.library.names import names


def test_a_library_keeps_its_catalog_where_it_is(fake, tmp_path, settings):
    with pytest.raises(UsageError, match="is a file in the folder; for another choose"):
        Library.open(tmp_path / "lib", catalog="postgresql://host/media", settings=settings)
    with pytest.raises(UsageError, match="catalog= takes"):
        Library.open(tmp_path / "new", create=True, catalog="host/media", settings=settings)
    assert not (tmp_path / "new").exists()


def test_a_change_is_searchable_in_the_library_that_is_open(fake, tmp_path):
    media = tmp_path / "media"
    Image.new("RGB", (20, 20), "red").save(media / "a.png")
    fake.index([media])
    assert names(fake.search("red")) == ["a.png"]
    Image.new("RGB", (21, 20), (40, 60, 220)).save(media / "a.png")
    make.sound(media / "b.wav", (200, 2.0))
    fake.index([media])
    assert names(fake.search("blue"))[0] == "a.png"
    assert names(fake.search("low tone", kinds=["audio"])) == ["b.wav"]
    fake.remove(media / "a.png")
    assert "a.png" not in names(fake.search("blue"))


def test_another_process_sees_what_was_committed(fake, tmp_path, settings):
    with Library.open(tmp_path / "lib", settings=settings) as reader:
        assert reader.search("red").hits == ()
        Image.new("RGB", (20, 20), "red").save(tmp_path / "media" / "a.png")
        fake.index([tmp_path / "media"])
        assert names(reader.search("red")) == ["a.png"]


@pytest.mark.slow
def test_searches_go_on_while_another_thread_indexes(fake, tmp_path):
    """FAISS must not be searched while it is added to, and nothing may vanish in between."""
    media = tmp_path / "media"
    make.picture(media / "first.png", "red")
    fake.index([media])
    done, errors, counts = threading.Event(), [], []

    def ask():
        try:
            while not done.is_set():
                counts.append(len(fake.search("red", top=50).hits))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for place in range(6):
            make.picture(media / f"{place}.png", "red")
            if place % 3 == 2:
                (media / f"{place - 1}.png").unlink()
            fake.index([media])
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert min(counts) >= 1
    assert len(fake.search("red", top=50).hits) == 5


def test_nothing_is_made_for_a_library_that_cannot_be(tmp_path, settings):
    with pytest.raises(LibraryNotFound, match="create=True"):
        Library.open(tmp_path / "none", settings=settings)
    with pytest.raises(EncoderUnavailable):
        Library.open(tmp_path / "none", create=True, encoder="no-such", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_when_the_encoders_weights_are_missing(tmp_path, settings, monkeypatch):
    def missing(self):
        raise EncoderUnavailable("no weights")

    monkeypatch.setattr("engine.testing.fake_encoder.FakeEncoder.check", missing)
    with pytest.raises(EncoderUnavailable, match="no weights"):
        Library.open(tmp_path / "none", create=True, encoder="fake", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_neighbours_that_fold_together_leave_no_gap(fake, tmp_path):
    """Six windows of one long tone rank first; the second hit is another file."""
    make.sound(tmp_path / "media" / "long.wav", (200, 60.0))
    make.sound(tmp_path / "media" / "short.wav", (3000, 2.0))
    fake.index([tmp_path / "media"])
    found = fake.search("low tone", kinds=["audio"], top=2)
    assert names(found) == ["long.wav", "short.wav"]
    assert found.hits[0].more == 5


def test_a_run_that_died_before_its_end_is_calibrated_by_the_next(fake, tmp_path, monkeypatch):
    make.picture(tmp_path / "media" / "a.png", "red")
    with monkeypatch.context() as patched:
        patched.setattr(Maintenance, "calibrate", lambda *_: None)
        fake.index([tmp_path / "media"])
    assert fake.store.backgrounds() == []
    assert fake.index([tmp_path / "media"]).unchanged == 1
    assert fake.store.backgrounds() != []


def test_backgrounds_that_are_behind_are_estimated_again(fake, tmp_path, monkeypatch):
    """Old ones exist, but the run that brought more died before its end."""
    make.picture(tmp_path / "media" / "a.png", "red")
    fake.index([tmp_path / "media"])
    old = fake.store.backgrounds()
    make.picture(tmp_path / "media" / "b.png", "blue")
    with monkeypatch.context() as patched:
        patched.setattr(Maintenance, "calibrate", lambda *_: None)
        fake.index([tmp_path / "media"])
    assert fake.store.backgrounds() == old
    assert not fake.store.calibrated()
    fake.search("red")  # holds the old ones
    assert fake.index([tmp_path / "media"]).unchanged == 2
    assert fake.store.calibrated()
    assert max(b.n for b in fake.store.backgrounds()) == 2 * max(b.n for b in old)
    assert set(fake.searcher._kept.known_backgrounds().values()) == set(fake.store.backgrounds())


def test_a_run_that_finds_nothing_new_makes_no_generation(fake, tmp_path):
    make.picture(tmp_path / "media" / "a.png", "red")
    for folder in ([], [tmp_path / "media"]):
        fake.index(folder or [tmp_path])
        before = fake.store.generation()
        fake.index(folder or [tmp_path])
        assert fake.store.generation() == before


def test_a_removal_is_made_up_for_by_the_next_run(fake, tmp_path):
    for colour in ("red", "blue"):
        make.picture(tmp_path / "media" / f"{colour}.png", colour)
    fake.index([tmp_path / "media"])
    fake.remove(tmp_path / "media" / "red.png")
    assert not fake.store.calibrated()
    (tmp_path / "media" / "red.png").unlink()
    fake.index([tmp_path / "media"])
    assert fake.store.calibrated()


def test_rebuild_estimates_the_backgrounds_again(fake, tmp_path):
    make.picture(tmp_path / "media" / "a.png", "red")
    fake.index([tmp_path / "media"])
    right = fake.store.backgrounds()
    with fake.store.writer() as writer:
        writer.set_backgrounds([], fake.store.generation())
    fake.rebuild()
    assert fake.store.backgrounds() == right


def test_a_thumbnail_is_kept_until_the_library_is_rebuilt(fake, tmp_path):
    file = make.picture(tmp_path / "media" / "a.png", "red", (640, 320))
    fake.index([tmp_path / "media"])
    moment = fake.search("red").hits[0].moment_id
    made = fake.thumbnail(moment)
    shown = Image.open(io.BytesIO(made))
    assert (shown.format, shown.size) == ("JPEG", (320, 160))
    red, green, blue = shown.getpixel((160, 80))
    assert red > 200 and green < 60 and blue < 60
    file.unlink()
    assert fake.thumbnail(moment) == made, "it is the one that was kept"
    fake.rebuild()
    with pytest.raises(MediaError, match="vanished"):
        fake.thumbnail(moment)


def test_a_moment_that_there_is_none_of_has_no_thumbnail(fake):
    with pytest.raises(KeyError):
        fake.thumbnail(99)


def test_a_search_waits_for_an_update_of_the_indexes(fake, tmp_path):
    """FAISS must not be searched while it is added to."""
    make.picture(tmp_path / "media" / "a.png", "red")
    fake.index([tmp_path / "media"])
    fake.search("red")
    ended = threading.Event()

    def ask():
        fake.search("red")
        ended.set()

    with fake.searcher.guard.writing():
        thread = threading.Thread(target=ask)
        thread.start()
        assert not ended.wait(0.2)
    thread.join()
    assert ended.is_set()


def test_an_example_is_decoded_while_an_update_goes_on(fake, tmp_path, monkeypatch):
    """A slow example must hold nobody up: it is read outside the guard."""
    make.picture(tmp_path / "media" / "a.png", "red")
    fake.index([tmp_path / "media"])
    decode = fake.towers.encoder.embed_images

    def beside_a_writer(pixels):
        with fake.searcher.guard.writing():
            return decode(pixels)

    monkeypatch.setattr(fake.towers.encoder, "embed_images", beside_a_writer)
    assert names(fake.search(image=tmp_path / "media" / "a.png")) == ["a.png"]


def test_a_writer_that_comes_in_between_does_not_fail_the_run(fake, tmp_path, monkeypatch):
    make.picture(tmp_path / "media" / "a.png", "red")
    calibrate = Maintenance.calibrate

    def beside_another(self, *arguments):
        with Store.open(tmp_path / "lib") as other, other.writer():
            calibrate(self, *arguments)

    monkeypatch.setattr(Maintenance, "calibrate", beside_another)
    assert fake.index([tmp_path / "media"]).added == 1


@pytest.mark.slow
def test_a_long_file_crowds_nothing_out(fake, tmp_path):
    """More windows than one branch fetches fold into one hit; the others still come."""
    media = tmp_path / "media"
    make.sound(media / "long.wav", (200, 1200.0))
    make.sound(media / "short.wav", (200, 10.0))
    fake.index([media])
    assert set(names(fake.search("low tone", top=5))) == {"long.wav", "short.wav"}
    assert names(fake.similar(media / "long.wav")) == ["short.wav"]


def test_a_library_keeps_its_encoder(fake, tmp_path, settings):
    with pytest.raises(UsageError, match="encoder=fake"):
        Library.open(tmp_path / "lib", encoder="compact", settings=settings)


def test_a_path_that_does_not_exist_changes_nothing(fake, tmp_path):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "media" / "a.png")
    before = fake.store.generation()
    with pytest.raises(PathNotFound, match="nowhere"):
        fake.index([tmp_path / "media", tmp_path / "nowhere"])
    assert fake.store.generation() == before


def test_other_weights_than_the_librarys_are_refused(fake, tmp_path, settings, monkeypatch):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "media" / "a.png")
    fake.index([tmp_path / "media"])
    monkeypatch.setattr("engine.testing.fake_encoder.FakeSounds.revision", "2")
    with (
        Library.open(tmp_path / "lib", settings=settings) as changed,
        pytest.raises(SpaceMismatch, match="revision"),
    ):
        changed.search("red")


@pytest.mark.parametrize(
    "asked", [{"kinds": ["picture"]}, {"kinds": "picture"}, {"image": ""}, {"text": "  "}]
)
def test_a_query_that_cannot_be_is_refused_by_its_own_error(fake, asked):
    with pytest.raises(InvalidQuery):
        fake.search(**{"text": "red"} | asked)


def test_a_lone_text_is_not_its_letters(fake):
    query = fake.search("red", exclude="blue", kinds="image").query
    assert query.parts == (QueryPart("red"), QueryPart("blue", weight=-1.0))
    assert query.kinds == (Kind.IMAGE,)


def test_a_filter_is_prepared_once_a_generation(fake, tmp_path, monkeypatch):
    make.sound(tmp_path / "media" / "a.wav", (200, 2.0))
    make.video(tmp_path / "media" / "b.mp4", ["red"], hertz=200)
    fake.index([tmp_path / "media"])
    asked = []
    ask = fake.store.moment_ids
    monkeypatch.setattr(fake.store, "moment_ids", lambda *by: asked.append(by) or ask(*by))
    for _ in range(3):
        assert names(fake.search("low tone", kinds=["audio"])) == ["a.wav"]
    assert len(asked) == 1
    make.sound(tmp_path / "media" / "c.wav", (210, 2.0))
    fake.index([tmp_path / "media"])
    assert set(names(fake.search("low tone", kinds=["audio"]))) == {"a.wav", "c.wav"}


@pytest.mark.slow
def test_a_model_in_a_relative_folder_opens_from_anywhere(tmp_path, settings, monkeypatch):
    (tmp_path / "model").mkdir()
    write_model(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    with Library.open("lib", create=True, encoder="model", settings=settings) as made:
        assert made.store.encoder == str(tmp_path / "model")
    Library.open("lib", encoder="./model", settings=settings).close()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with Library.open(tmp_path / "lib", encoder="../model", settings=settings) as again:
        again.towers.check()


def test_a_query_that_asks_nothing_is_refused(fake):
    with pytest.raises(InvalidQuery):
        fake.search()


@pytest.mark.parametrize("part", ["align", "browse", "concepts", "curate", "spaces"])
def test_a_part_shows_its_calls_at_a_prompt(fake, tmp_path, part):
    shown = repr(getattr(fake, part))
    assert str(tmp_path / "lib") in shown
    assert {"align": "learn", "browse": "facets", "concepts": "teach", "curate": "duplicates",
            "spaces": "add"}[part] in shown  # fmt: skip
