"""A progress that keeps the messages it receives, for tests to look at."""

from __future__ import annotations


class Messages(list[str]):
    """Implements ``Progress`` and is the list of its messages."""

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None: ...
    def advance(self, items: int = 1, *, moments: int = 0) -> None: ...

    def message(self, text: str) -> None:
        self.append(text)
