"""Routes of names that a library was taught: taught by moments, listed, forgotten."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from engine.common.lru import LRUCache
from engine.query.concepts.concept import MOST, Concept, key_of
from engine.server.access.scopes import needs
from engine.server.problems import Problem
from engine.server.routes.context import GREATEST, Name, Names, admission_of, json_answer, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import LibraryName
from engine.server.routes.routers import ReadRouter

router = ReadRouter("concepts", "/api")
_FORGOTTEN = 64
"""Names that can be had back, of the last that were forgotten."""
_ConceptName = Annotated[str, Field(min_length=1, max_length=200)]
_Moments = list[Annotated[int, Field(ge=0, le=GREATEST)]]
_NO_LIBRARY: dict[int | str, dict[str, Any]] = {404: fault("There is no library of that name.")}


class TeachRequest(BaseModel):
    """A name, and moments of the library that are it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Rex", "moments": [3, 8, 21], "against": [5]}]},
    )

    library: LibraryName = None
    name: _ConceptName
    moments: _Moments = Field(
        max_length=MOST, description="3 at least, beside those that the name was taught by before."
    )
    against: _Moments = Field(default=[], max_length=MOST, description="Moments of what it is not.")


class RestoreRequest(BaseModel):
    """A name that was forgotten and is wanted back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Rex"}]})

    library: LibraryName = None
    name: _ConceptName


class ConceptDocument(BaseModel):
    """A name that a library was taught."""

    library: str
    name: str
    examples: int = Field(description="Moments and files that it was taught by.")
    against: int = Field(description="Moments of what it is not.")
    found: float | None = Field(
        description="The share of the examples that the others find; null where the library is"
        " too small to say."
    )
    notes: list[str]


class ConceptList(BaseModel):
    """The names that libraries were taught, by name."""

    concepts: list[ConceptDocument]


@router.get("/concepts", response_model=ConceptList, responses=_NO_LIBRARY)
async def concepts(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """List the names that libraries were taught, which queries know."""
    chosen = shelf_of(request).libraries(library)
    listed = await admission_of(request).run(
        lambda: [_document(name, each) for name, of in chosen for each in of.concepts]
    )
    return json_answer({"concepts": listed})


@router.post(
    "/concepts", dependencies=[needs("tag")], response_model=ConceptDocument,
    responses={404: fault("There is no library of that name, or no such moment.")},
)  # fmt: skip
async def teach(request: Request, body: TeachRequest) -> JSONResponse:
    """Teach a name by moments; one that is known gets them beside those that it has."""
    name, library = shelf_of(request).entry(body.library)

    def run() -> Concept:
        try:
            return library.teach_moments(body.name, body.moments, against=body.against)
        except KeyError:
            raise Problem(
                404, "moment_not_found", "the library has not all of these moments", "moments"
            ) from None

    return json_answer(_document(name, await admission_of(request).run(run)))


@router.delete(
    "/concepts/{concept}", dependencies=[needs("tag")], response_model=ConceptDocument,
    responses={404: fault("There is no library of that name, or no such name in it.")},
)  # fmt: skip
async def forget(
    request: Request, concept: Annotated[str, Path(max_length=200)], library: Name = None
) -> JSONResponse:
    """Forget a name; the files stay, and `POST /api/concepts/restore` takes it back."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> Concept:
        if key_of(concept) not in {key_of(each.name) for each in chosen.concepts}:
            message = f"nothing was taught as {concept!r}"
            raise Problem(404, "concept_not_found", message, "concept")
        return chosen.concepts.forget(concept)

    gone = await admission_of(request).run(run)
    _forgotten(request).put((name, key_of(gone.name)), gone)
    return json_answer(_document(name, gone))


@router.post(
    "/concepts/restore", dependencies=[needs("tag")], response_model=ConceptDocument,
    responses={404: fault("There is no library of that name, or the name was not forgotten here.")},
)  # fmt: skip
async def restore(request: Request, body: RestoreRequest) -> JSONResponse:
    """Take back that a name was forgotten, since the server was started."""
    name, library = shelf_of(request).entry(body.library)
    gone = _forgotten(request).get((name, key_of(body.name)))
    if gone is None:
        message = f"{body.name!r} was not forgotten since the server was started"
        raise Problem(404, "concept_not_found", message, "name")
    back = await admission_of(request).run(lambda: library.concepts.restore(gone))
    return json_answer(_document(name, back))


def _forgotten(request: Request) -> LRUCache[tuple[str, str], Concept]:
    state = request.app.state
    if not hasattr(state, "forgotten_concepts"):
        state.forgotten_concepts = LRUCache(_FORGOTTEN)
    kept: LRUCache[tuple[str, str], Concept] = state.forgotten_concepts
    return kept


def _document(library: str, concept: Concept) -> dict[str, Any]:
    return {
        "library": library, "name": concept.name, "examples": concept.count,
        "against": sum(len(of.against) for of in concept.examples), "found": concept.found,
        "notes": [*concept.notes],
    }  # fmt: skip
