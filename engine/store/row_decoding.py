"""Decode rows of the catalog into the values that a Store returns."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

from engine.errors import is_retryable_code
from engine.store.curation_records import OF_TAGS, Act, ActKind, ActState, Finding, Run
from engine.store.paths import from_text
from engine.store.records import (
    READY,
    AssetFacts,
    Background,
    KnownAsset,
    ListedFile,
    MissingAsset,
    Row,
    SegmentInfo,
    SpaceInfo,
    SpaceRole,
    WordsOfMoment,
)
from engine.types import (
    Asset,
    Failure,
    Kind,
    MediaType,
    Modality,
    Moment,
    MomentRecord,
    Space,
    Tag,
)

_KINDS = {kind.value: kind for kind in Kind}
_MODALITIES = {modality.value: modality for modality in Modality}


def known_asset(row: Row) -> KnownAsset:
    """Decode a file that the catalog knows."""
    asset_id, path, size, mtime_ns, content_hash, kind, state, texts_state = row
    return KnownAsset(
        asset_id, from_text(path), size, mtime_ns, content_hash, _KINDS[kind], state, texts_state
    )


def missing_asset(row: Row) -> MissingAsset:
    """Decode a file that is kept until it is seen again."""
    asset_id, path, *rest = row
    return MissingAsset(asset_id, from_text(path), *rest)


def asset(row: Row) -> tuple[int, Asset]:
    """Decode an asset's id, and all that is known of it."""
    asset_id, path, content_hash, kind, form, size, mtime_ns, *rest = row
    width, height, duration, taken_at, latitude, longitude, caption, texts, texts_state = rest
    place = None if latitude is None else (latitude, longitude)
    media = MediaType(_KINDS[kind], form)
    return asset_id, Asset(
        from_text(path), content_hash, media, size, mtime_ns, width, height, duration, taken_at,
        place, caption, texts, texts_state,
    )  # fmt: skip


def moment_record(row: Row) -> MomentRecord:
    """Decode what a page shows of a moment."""
    moment_id, asset_id, path, kind, modality, start, end, ordinal, text, tags = row
    moment = Moment(_MODALITIES[modality], start, end, ordinal, text, tags_of(tags))
    return MomentRecord(moment_id, asset_id, from_text(path), _KINDS[kind], moment)


def words_of(row: Row) -> WordsOfMoment:
    """Decode the words of a moment and of its file."""
    moment_id, asset_id, path, *texts = row
    return WordsOfMoment(moment_id, asset_id, from_text(path), *texts)


def kind_and_modality(row: Row) -> tuple[Kind, Modality]:
    """Decode the kind and the modality of a moment."""
    _, kind, modality = row
    return _KINDS[kind], _MODALITIES[modality]


@lru_cache(maxsize=1024)
def tags_of(column: str | None) -> tuple[Tag, ...]:
    """Decode the tags of a moment; while somebody types, the same moments are found again."""
    return () if column is None else tuple(Tag(word, weight) for word, weight in json.loads(column))


def failure(row: Row) -> Failure:
    """Decode a file that could not be indexed."""
    path, reason, size, mtime_ns, code = row
    return Failure(from_text(path), reason, size, mtime_ns, code, is_retryable_code(code))


def background(row: Row) -> Background:
    """Decode a distribution of scores."""
    space, query, modality, mean, std, n, centre, tail = row
    blobs = bytes(centre or b""), bytes(tail or b"")
    return Background(space, query, _MODALITIES[modality], mean, std, n, *blobs)


def space_info(row: Row) -> SpaceInfo:
    """Decode a space with its role and state."""
    *of_space, state, encoder, looks, sounds, modalities, default = row
    space = Space(*of_space)
    if encoder is None:
        return SpaceInfo(space)
    listed = (
        Modality if modalities is None else [_MODALITIES[name] for name in modalities.split(",")]
    )
    role = SpaceRole(encoder, looks or space.name, sounds or space.name, frozenset(listed))
    return SpaceInfo(space, role, state == READY, bool(default))


def role_columns(role: SpaceRole) -> dict[str, str | None]:
    """Encode a role as columns of the table of spaces."""
    return {
        "towers": role.encoder,
        "looks": role.looks,
        "sounds": role.sounds,
        "modalities": ",".join(sorted(role.modalities)) if role.partial else None,
    }


def segment_info(row: Row) -> SegmentInfo:
    """Decode a segment."""
    return SegmentInfo(*row)


# --- curation -------------------------------------------------------------------


def finding(row: Row) -> Finding:
    """Decode one finding of a run."""
    found = Finding(*row)
    return replace(found, path=from_text(found.path))


def run(row: Row) -> Run:
    """Decode a run."""
    run_id, kind, command, settings, created, generation = row
    return Run(run_id, kind, command, json.loads(settings), created, generation)


def act(row: Row) -> Act:
    """Decode one line of a journal."""
    ordinal, name, asset_id, source, target, state = row
    kind = ActKind(name)
    shown = target if kind in OF_TAGS else from_text(target)
    return Act(kind, from_text(source), shown, asset_id, ActState(state), ordinal)


def listed_file(row: Row) -> ListedFile:
    """Decode what an asset is listed by."""
    asset_id, path, kind, *rest = row
    return ListedFile(asset_id, from_text(path), _KINDS[kind], *rest)


def facts(row: Row) -> AssetFacts:
    """Decode what decides between assets."""
    asset_id, path, content_hash, kind, *rest = row
    return AssetFacts(asset_id, from_text(path), content_hash, Kind(kind), *rest)
