"""Results that notebooks show in words."""

from __future__ import annotations

from typing import Protocol


class _Printer(Protocol):
    """The part of IPython's printer that is used."""

    def text(self, text: str) -> None:
        """Write a text."""


class ShownAsText:
    """A result that a notebook, and IPython, show as its ``str``, and not as its fields."""

    __slots__ = ()

    def __init_subclass__(cls, **more: object) -> None:
        super().__init_subclass__(**more)
        # IPython takes what is defined nearest, which would be the `__repr__` of a dataclass.
        cls._repr_pretty_ = ShownAsText._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:  # noqa: ARG002
        printer.text(str(self))
