"""Migrations, models and the compiled reads say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.errors import LibraryCorrupt, UnreadableMedia
from engine.store import Background, Store, database
from engine.store.sql import migrations, reads, sqlite_reads
from engine.store.sql.revisions import HEAD, REVISIONS
from engine.store.sql.schema import metadata
from engine.store.verify import verify
from engine.types import Failure, Modality, Space
from tests.store.make import LOOKS, TEXT, on_sqlite, picture, sound, tamper


@pytest.fixture
def home(tmp_path: Path, catalog: str | None) -> database.Database:
    """A folder of a library that has no catalog yet."""
    (tmp_path / "segments").mkdir()
    return database.new_database(tmp_path, catalog)


@pytest.fixture
def migrated(home: database.Database) -> Iterator[Connection]:
    """A catalog that only migrations have made."""
    engine = home.draft()
    with engine.begin() as db:
        migrations.run(db)
        yield db
    engine.dispose()


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(migrations.config())
    walked = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS
    assert scripts.get_current_head() == HEAD


def test_migrations_lead_to_the_models(migrated: Connection) -> None:
    options = {
        "compare_type": True,
        "include_name": lambda name, kind, _: kind != "table" or not name.startswith("moments_fts"),
    }
    assert compare_metadata(MigrationContext.configure(migrated, opts=options), metadata) == []


def test_a_new_library_has_the_schema_of_a_migrated_one(
    store: Store, migrated: Connection, catalog: str | None
) -> None:
    if catalog is None:
        same_on_sqlite(store, migrated)
    for read in (_COLUMNS, _INDEXES) if catalog else ():
        made = store.connections.reader.connection.execute(read).fetchall()
        assert made
        assert list(map(tuple, migrated.exec_driver_sql(read))) == made


# The order of columns is that in which they came to be.
_COLUMNS = """
SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = current_schema()
AND table_name <> 'alembic_version' ORDER BY 1, 2
"""
_INDEXES = """
SELECT indexname, replace(indexdef, schemaname, '') FROM pg_indexes
WHERE schemaname = current_schema() AND tablename <> 'alembic_version' ORDER BY 1
"""


def same_on_sqlite(store: Store, migrated: Connection) -> None:
    read = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'"
    made = dict(store.connections.reader.connection.execute(read).fetchall())
    grown = {row[0]: row[1] for row in migrated.exec_driver_sql(read)}
    assert {name: _plain(sql) for name, sql in made.items()} == {
        name: _plain(sql) for name, sql in grown.items()
    }


def _plain(sql: str | None) -> list[str] | None:
    """The columns and constraints of a statement, in any order."""
    return None if sql is None else sorted(part.strip(" ()\n\t") for part in sql.split(","))


@pytest.mark.parametrize("file", ["sqlite_reads.py", "postgres_reads.py"])
def test_the_compiled_reads_are_up_to_date(file: str) -> None:
    assert Path(reads.__file__).with_name(file).read_text() == reads.texts()[file], (
        "run: python -m engine.store.sql.reads"
    )


@on_sqlite
@pytest.mark.parametrize(
    ("read", "index"),
    [
        ("assets_under", "USING INDEX sqlite_autoindex_assets_1 (path>? AND path<?)"),
        ("asset_at", "USING INDEX sqlite_autoindex_assets_1"),
        ("assets_hash", "USING INDEX ix_assets_content_hash"),
        ("records", "SEARCH moments USING INTEGER PRIMARY KEY"),
        ("moments_of", "USING INDEX ix_moments_asset_id"),
        ("moment_ids", "USING COVERING INDEX"),
        ("moment_ids_both", "USING COVERING INDEX ix_moments_kind_modality"),
        ("count_moments", "USING COVERING INDEX"),
    ],
)
def test_lookups_use_an_index(store: Store, read: str, index: str) -> None:
    statement = sqlite_reads.READS[read]
    names = ("path", "low", "high", "hash", "ids", "id", "kinds", "modalities")
    values = {name: "[]" for name in names if f":{name}" in statement}
    plan = store.connections.reader.connection.execute(
        f"EXPLAIN QUERY PLAN {statement}", values
    ).fetchall()
    assert index in " / ".join(row[3] for row in plan)


def test_a_library_of_a_later_version_is_refused(store: Store) -> None:
    tamper(store, "UPDATE alembic_version SET version_num = ?", "9999")
    with pytest.raises(LibraryCorrupt, match=r"later version.*upgrade Sensorium"):
        Store.open(store.path)


def test_a_library_of_the_first_version_is_migrated_and_calibrated_anew(
    home: database.Database, tmp_path: Path
) -> None:
    engine = home.draft()
    with engine.begin() as db:
        migrations.run(db, "0001")
        db.exec_driver_sql("INSERT INTO library VALUES (1, 'fake', '2026-01-01', 7, 3, 5, 2)")
    engine.dispose()
    home.publish()
    with Store.open(tmp_path) as opened:
        assert (opened.encoder, opened.generation(), opened.calibrated()) == ("fake", 7, False)
        with opened.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            writer.commit([picture("/a.jpg")])
        assert opened.get("/a.jpg").asset_id == 3


def test_words_of_a_library_without_captions_are_made_again(
    store: Store, commit: Callable[..., int], catalog: str | None
) -> None:
    commit(picture("/pics/beach.jpg", "a", "dog"), sound("/talk.wav", "hello there", "hello"))
    store.close()
    for column in ("latitude", "longitude", "caption"):
        tamper(store, f"ALTER TABLE assets DROP COLUMN {column}")
    tamper(store, "ALTER TABLE backgrounds DROP COLUMN centre")
    without_roles(store)
    if catalog is None:
        tamper(store, "DROP TABLE moments_fts")
        tamper(store, "CREATE VIRTUAL TABLE moments_fts USING fts5(text, tags, name)")
        tamper(store, "INSERT INTO moments_fts (rowid, name) VALUES (1, 'beach')")
    tamper(store, "UPDATE alembic_version SET version_num = ?", "0004")
    with Store.open(store.path) as opened:
        found = [opened.words(f'"{word}"', (), 9) for word in ("beach", "dog", "hello", "talk")]
        assert [[moment for moment, _ in one] for one in found] == [[1], [1], [3, 2], [2]]
        with opened.writer() as writer:
            writer.commit([picture("/new.jpg", caption="a cake")])
        assert [moment for moment, _ in opened.words('"cake"', (), 9)] == [4]
        assert verify(opened, deep=True).problems == ()


def test_backgrounds_without_centres_are_estimated_anew(
    store: Store, commit: Callable[..., int]
) -> None:
    """They would be compared with what they do not belong to."""
    commit(picture("/a.jpg"))
    known = Background("text", "text", Modality.IMAGE, 0.1, 0.05, 1000, b"\0" * 32)
    with store.writer() as writer:
        writer.set_backgrounds([known], store.generation())
    assert store.calibrated()
    store.close()
    tamper(store, "ALTER TABLE backgrounds DROP COLUMN centre")
    without_roles(store)
    tamper(store, "UPDATE alembic_version SET version_num = ?", "0005")
    with Store.open(store.path) as opened:
        assert opened.backgrounds() == []
        assert not opened.calibrated()
        with opened.writer() as writer:
            writer.set_backgrounds([known], opened.generation())
        assert opened.backgrounds() == [known]
        assert opened.calibrated()
        assert verify(opened, deep=True).problems == ()


def without_roles(store: Store) -> None:
    """Make a library as it was before spaces had roles, and before anything was curated."""
    without_codes(store)
    for table in ("journal", "asset_tags", "findings", "curation_runs"):
        tamper(store, f"DROP TABLE {table}")
    for column in ("state", "towers", "looks", "sounds", "modalities"):
        tamper(store, f"ALTER TABLE spaces DROP COLUMN {column}")


def without_texts(store: Store) -> None:
    """Make a library as it was before what is written about files was read."""
    for column in ("texts", "texts_state"):
        tamper(store, f"ALTER TABLE assets DROP COLUMN {column}")


def test_a_library_without_texts_keeps_its_words_and_knows_that_none_were_read(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/pics/IMG_0044.jpg", "a", "dog"))
    store.close()
    without_tails(store)
    without_texts(store)
    tamper(store, "UPDATE alembic_version SET version_num = ?", "0010")
    with Store.open(store.path) as opened:
        assert [moment for moment, _ in opened.words('"img0044"', (), 9)] == [1]
        assert [asset.texts_state for asset in opened.assets()] == [None]
        assert verify(opened, deep=True).problems == ()


def without_reading(store: Store) -> None:
    """Make a library as it was before it knew which pictures were looked at for text."""
    tamper(store, "ALTER TABLE assets DROP COLUMN screen_state")


@pytest.mark.parametrize(("text", "unread"), [("a sign", 0), (None, 1)])
def test_pictures_of_an_older_library_wait_where_no_text_was_read(
    store: Store, text: str | None, unread: int
) -> None:
    read = replace(sound("/b.jpg", text).embeddings[0].moment, modality=Modality.SCREEN)
    shown = picture("/a.jpg")
    embeddings = [*shown.embeddings]
    if text is not None:
        embeddings.append(replace(embeddings[0], moment=read, vectors=embeddings[0].vectors))
    with store.writer() as writer:
        writer.commit([replace(shown, embeddings=tuple(embeddings))])
    store.close()
    without_reading(store)
    tamper(store, "UPDATE alembic_version SET version_num = ?", "0013")
    with Store.open(store.path) as opened:
        assert opened.stats().unread == unread
        assert verify(opened, deep=True).problems == ()


def without_tails(store: Store) -> None:
    """Make a library as it was before backgrounds had the curve of what chance does."""
    without_reading(store)
    tamper(store, "ALTER TABLE backgrounds DROP COLUMN tail")


def without_codes(store: Store) -> None:
    """Make a library as it was before failures had codes, and before files could be missing."""
    without_tails(store)
    without_texts(store)
    for table in ("missing_moments", "missing_assets"):
        tamper(store, f"DROP TABLE {table}")
    tamper(store, "ALTER TABLE failures DROP COLUMN code")


def test_failures_without_a_code_are_read_and_others_get_one(store: Store) -> None:
    with store.writer() as writer:
        writer.fail([Failure("/a.jpg", "empty", 0, 1)])
    store.close()
    without_codes(store)
    tamper(store, "UPDATE alembic_version SET version_num = ?", "0008")
    with Store.open(store.path) as opened:
        assert opened.failures() == [Failure("/a.jpg", "empty", 0, 1)]
        coded = Failure("/b.jpg", "permission denied", None, None, UnreadableMedia.code, True)
        with opened.writer() as writer:
            writer.fail([coded])
        assert opened.failures() == [Failure("/a.jpg", "empty", 0, 1), coded]
        assert verify(opened, deep=True).problems == ()


@pytest.mark.parametrize(
    ("encoder", "names", "roles"),
    [
        ("fake", ("fake", "fake-looks", "fake-sounds"), {"fake": ("fake-looks", "fake-sounds")}),
        ("compact", ("compact", "looks", "sounds"), {"compact": ("looks", "sounds")}),
        (
            "open_clip:a/b",
            ("open_clip:a/b", "sounds"),
            {"open_clip:a/b": ("open_clip:a/b", "sounds")},
        ),
        ("fake", (), {}),
    ],
)
def test_spaces_of_a_library_that_had_one_encoder_get_their_roles(
    tmp_path: Path,
    catalog: str | None,
    encoder: str,
    names: tuple[str, ...],
    roles: dict[str, object],
) -> None:
    with Store.create(tmp_path / "library", encoder, catalog) as store:
        with store.writer() as writer:
            for name in names:
                writer.ensure_space(Space(name, encoder, "1", 8))
        store.close()
        without_roles(store)
        tamper(store, "UPDATE alembic_version SET version_num = ?", "0006")
    with Store.open(tmp_path / "library") as opened:
        infos = opened.space_infos()
        assert set(infos) == set(names)
        found = {name: info.role for name, info in infos.items() if info.role is not None}
        assert {name: (role.looks, role.sounds) for name, role in found.items()} == roles
        assert all(role.encoder == encoder and not role.partial for role in found.values())
        assert all(infos[name].default and infos[name].ready for name in found)


def test_running_the_migrations_again_changes_nothing(migrated: Connection) -> None:
    migrations.run(migrated)
    found = migrated.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    assert found == [HEAD]
