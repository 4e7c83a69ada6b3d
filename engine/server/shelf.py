"""The libraries of a server, by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from engine.config import Settings
from engine.errors import UsageError
from engine.library.facade import Library
from engine.server.observing.stages import note_libraries
from engine.server.problems import Problem


class Shelf:
    """Opens libraries and finds them by name, which is that of the folder."""

    def __init__(self, paths: Sequence[Path | None], settings: Settings | None = None) -> None:
        self._open = ExitStack()
        libraries: dict[str, Library] = {}
        try:
            for path in paths or [None]:
                library = self._open.enter_context(Library.open(path, settings=settings))
                name = library.path.name
                if name in libraries:
                    raise UsageError(
                        f"two libraries are called {name}: {libraries[name].path} and"
                        f" {library.path}; rename one of the folders"
                    )
                libraries[name] = library
        except BaseException:
            self._open.close()
            raise
        self._libraries: Mapping[str, Library] = libraries
        self._when_ending: list[Callable[[], None]] = []

    @property
    def names(self) -> list[str]:
        """The names of the libraries, the default one first."""
        return [*self._libraries]

    def __iter__(self) -> Iterator[tuple[str, Library]]:
        return iter(self._libraries.items())

    def library(self, name: str | None = None) -> Library:
        """Return the library of that name, or the first.

        Raises:
            Problem: 404; there is none of that name.
        """
        return self.entry(name)[1]

    def entry(self, name: str | None = None) -> tuple[str, Library]:
        """Return the library of that name, or the first, with its name.

        Raises:
            Problem: 404; there is none of that name.
        """
        return self.libraries([name] if name else [])[0]

    def libraries(self, names: Sequence[str]) -> list[tuple[str, Library]]:
        """Return the libraries of those names, or all.

        Raises:
            Problem: 404; there is none of a name.
        """
        for name in names:
            if name not in self._libraries:
                there = ", ".join(self.names)
                message = f"there is no library {name!r}; there is {there}"
                raise Problem(404, "library_not_found", message, "library")
        note_libraries(names or self.names)
        return [(name, self._libraries[name]) for name in names or self.names]

    def when_ending(self, call: Callable[[], None]) -> None:
        """Have a call made when the server begins to end, which waits for requests to end."""
        self._when_ending.append(call)

    def end(self) -> None:
        """Tell those who work with the libraries for long that the server begins to end."""
        for call in self._when_ending:
            call()

    def close(self) -> None:
        """Close all libraries."""
        self._open.close()
