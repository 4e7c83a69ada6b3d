"""Bodies and answers of the routes of curation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.server.routes.field_types import FiniteNumber, Kinds, Where, Word
from engine.server.routes.job_schemas import LibraryName
from engine.types import Kind, Modality

_Path = Annotated[str, Field(min_length=1, max_length=4096)]
_Paths = Annotated[
    list[_Path], Field(max_length=256, description="Only files at and below these; none for all.")
]
_Modalities = Annotated[
    list[Modality],
    Field(max_length=5, description="What is compared; none for pictures, keyframes and sounds."),
]
_Top = Annotated[int | None, Field(ge=1, description="The first so many at most.")]
_Seed = Annotated[int, Field(ge=0, le=1_000_000_000)]
_Labels = Annotated[
    Literal["folder", "tag"], Field(description="Labels are names of folders, or tags.")
]


class _CurateRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    library: LibraryName = None


class _CopiesRequest(_CurateRequest):
    paths: _Paths = []
    kinds: Kinds = []
    threshold: FiniteNumber | None = Field(
        default=None, ge=-1, le=1, description="Cosine from which two files are compared closely."
    )
    exact: bool = Field(default=False, description="Only files with the same bytes.")
    by_cosine: bool = Field(default=False, description="Decide by the cosine, reading no file.")


class DuplicatesRequest(_CopiesRequest):
    """Find files that are the same: byte by byte, or to eye and ear."""

    task: Literal["duplicates"]
    keep: list[Annotated[str, Field(max_length=4096)]] = Field(
        default=[], max_length=16,
        description="Which file of a group stays, the first rule first: most-pixels, original,"
        " dated, largest, smallest, oldest, newest, shortest-path, in:FOLDER, not-in:FOLDER.",
    )  # fmt: skip


class LeaksRequest(_CopiesRequest):
    """Find files that are the same in several splits of a data set."""

    task: Literal["leaks"]
    split_by: Literal["folder", "tag"] = "folder"
    tags: list[Word] = Field(default=[], max_length=64, description="The tags that are splits.")


class SemDedupRequest(_CurateRequest):
    """Find what means nearly the same as something that stays."""

    task: Literal["semdedup"]
    eps: FiniteNumber = Field(
        ge=0, le=2, description="A file goes where its cosine is over 1 - eps."
    )
    paths: _Paths = []
    kind: Kind = Kind.IMAGE
    clusters: int | None = Field(default=None, ge=1)
    seed: _Seed = 0


class OutliersRequest(_CurateRequest):
    """Find files that are like no others."""

    task: Literal["outliers"]
    modalities: _Modalities = []
    neighbours: int = Field(default=10, ge=1, le=1000)
    measure: Literal["distance", "lof"] = "distance"
    threshold: FiniteNumber = Field(default=3.5, ge=0)
    top: _Top = None
    where: Where = []


class ClustersRequest(_CurateRequest):
    """Group files that are alike, and name each group by words."""

    task: Literal["clusters"]
    modalities: _Modalities = []
    k: int | None = Field(default=None, ge=1, le=100_000, description="How many groups.")
    seed: _Seed = 0
    where: Where = []


class SelectRequest(_CurateRequest):
    """Choose files that are diverse, balanced over groups, or near to a text."""

    task: Literal["select"]
    count: int = Field(ge=1, description="How many files.")
    modality: Modality | None = None
    method: Literal["kcenter", "facility"] = "kcenter"
    balance: Literal["tag", "cluster", "label"] | None = None
    labels: _Labels = "folder"
    near: str | None = Field(default=None, max_length=4000)
    far: str | None = Field(default=None, max_length=4000)
    pool: int | None = Field(default=None, ge=1)
    seed: _Seed = 0
    where: Where = []


class QualityRequest(_CurateRequest):
    """Find files that are bad as such: blurred, dark, silent, frozen and the like."""

    task: Literal["quality"]
    kinds: Kinds = []
    limits: dict[str, FiniteNumber] = Field(default={}, description="Other limits, by verdict.")
    where: Where = []


class CaptionsRequest(_CurateRequest):
    """Find pictures that are not what the captions in their metadata say."""

    task: Literal["captions"]
    threshold: FiniteNumber = 1.8
    top: _Top = None


class MislabeledRequest(_CurateRequest):
    """Find labels that are probably wrong."""

    task: Literal["mislabeled"]
    labels: _Labels = "folder"
    modality: Modality | None = None
    top: _Top = None
    seed: _Seed = 0
    where: Where = []


CurateRequest = Annotated[
    DuplicatesRequest | LeaksRequest | SemDedupRequest | OutliersRequest | ClustersRequest
    | SelectRequest | QualityRequest | CaptionsRequest | MislabeledRequest,
    Field(
        discriminator="task",
        examples=[
            {"task": "duplicates", "keep": ["most-pixels"]},
            {"task": "outliers", "modalities": ["image"], "top": 20},
            {"task": "select", "count": 100, "near": "a dog at the beach"},
        ],
    ),
]  # fmt: skip


class RunDocument(BaseModel):
    """A run of curation: what it looked for, and how much it found and did."""

    run: int
    library: str
    kind: str
    command: str = Field(description="What would make it again.")
    created: str
    settings: dict[str, Any]
    findings: int
    acts: dict[str, int] = Field(description="What it did, by how far that came.")


class RunList(BaseModel):
    """Runs of curation, the newest first."""

    runs: list[RunDocument]
    total: int
    next: int | None = None


class FindingDocument(BaseModel):
    """A finding of a run about a file."""

    asset_id: int
    moment_id: int | None
    path: str
    verdict: str = Field(description="In a word: duplicate, keeper, blurred.")
    group: int | None = Field(description="Findings that belong together have the same.")
    score: float | None
    why: str
    thumbnail: str | None = Field(description="Where a picture of it is, of a moment.")
    media: str = Field(description="Where the file is.")


class FindingGroup(BaseModel):
    """A group of findings that belong together."""

    group: int
    findings: int
    verdict: str = Field(description="That of its first finding.")
    why: str = Field(description="That of its first finding, which says what the group is.")


class FindingsPage(RunDocument):
    """A run with a page of its findings."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "run": 3, "library": "photos", "kind": "quality", "findings": 1, "acts": {},
                    "command": "library.curate.quality()", "settings": {},
                    "created": "2026-03-01T09:30:00+00:00", "verdicts": {"blurred": 1},
                    "grouped": 0, "groups": [],
                    "page": [
                        {
                            "asset_id": 7, "moment_id": 9, "path": "/home/ann/photos/7.jpg",
                            "verdict": "blurred", "group": None, "score": 0.2, "why": "no edges",
                            "thumbnail": "/api/thumbnails/9?library=photos",
                            "media": "/api/media/7?library=photos",
                        }
                    ],
                    "total": 1, "next": None, "undo": None,
                }
            ]
        }
    )  # fmt: skip

    verdicts: dict[str, int] = Field(description="Findings by verdict.")
    grouped: int = Field(description="Groups that the findings are in.")
    groups: list[FindingGroup] = Field(description="The groups, the largest first, where asked.")
    page: list[FindingDocument]
    total: int = Field(description="Findings of the verdicts and groups that were asked for.")
    next: int | None = Field(default=None, description="`skip` of the next page.")
    undo: str | None = Field(description="What taking it back would do; null where nothing.")


class ApplyRequest(BaseModel):
    """An action on the files that a run found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"action": "tag", "tag": "to sort out"},
                {"action": "move", "to": "/home/ann/sorted out", "verdicts": ["blurred"]},
            ]
        },
    )

    library: LibraryName = None
    action: Literal["tag", "move", "link"]
    tag: Word | None = Field(default=None, description="By default what each was found to be.")
    to: _Path | None = Field(
        default=None,
        description="The folder to move to, or to link from: below one that the server was"
        " started with `--allow-root` for.",
    )
    symbolic: bool = Field(default=True, description="Make symbolic links, and not hard ones.")
    verdicts: list[Word] = Field(
        default=[], max_length=64, description="None for all but what stays of a group."
    )


class PlaceRequest(BaseModel):
    """Files that are to move into a folder, or to be linked from one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"assets": [7, 9], "how": "move", "to": "/home/ann/sorted out"}]
        },
    )

    library: LibraryName = None
    assets: list[int] = Field(
        min_length=1, max_length=10_000, description="The numbers of files, which hits have."
    )
    how: Literal["move", "link"]
    to: _Path = Field(
        description="The folder: below one that the server was started with `--allow-root` for."
    )
    symbolic: bool = Field(default=True, description="Make symbolic links, and not hard ones.")


class UndoRequest(BaseModel):
    """The library whose run is taken back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    library: LibraryName = None
