"""Types of fields that several bodies have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from engine.types import Kind

Kinds = Annotated[list[Kind], Field(max_length=3, description="Only files of these kinds.")]
Where = Annotated[
    list[Annotated[str, Field(max_length=4000)]],
    Field(max_length=32, description="Filters that all have to be true."),
]
FiniteNumber = Annotated[float, Field(allow_inf_nan=False)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
