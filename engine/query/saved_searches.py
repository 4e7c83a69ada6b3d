"""Searches that people have saved under a name, kept in the library for all who open it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from engine.common.atomic_write import write_text
from engine.common.text import printable
from engine.errors import UsageError

FILE = "searches.json"
MOST = 500
"""Searches that a library keeps."""
_LONGEST_NAME = 80
_LONGEST = 4000
_writing = Lock()


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search by a name."""

    name: str
    address: str
    """The part of the page's address after the ``?``: ``q=a+dog&kind=image``."""


class SavedSearches:
    """The saved searches of a library, by name. Reading follows what other processes write."""

    def __init__(self, library: Path) -> None:
        self._file = library / FILE

    def __iter__(self) -> Iterator[SavedSearch]:
        return iter(sorted(self._all().values(), key=lambda each: each.name.casefold()))

    def __len__(self) -> int:
        return len(self._all())

    def save(self, name: str, address: str) -> SavedSearch:
        """Save a search; one of that name, in whatever case, is replaced.

        Raises:
            UsageError: the name or the search is empty or too long, or there are too many.
        """
        saved = SavedSearch(" ".join(name.split()), address.removeprefix("?"))
        if not 0 < len(saved.name) <= _LONGEST_NAME:
            raise UsageError(f"a name has 1 to {_LONGEST_NAME} characters")
        if not 0 < len(saved.address) <= _LONGEST:
            raise UsageError(f"a search to save has 1 to {_LONGEST:,} characters")
        with _writing:
            known = self._all()
            known[saved.name.casefold()] = saved
            if len(known) > MOST:
                raise UsageError(f"{MOST} searches are saved already; remove some first")
            self._write(known)
        return saved

    def remove(self, name: str) -> SavedSearch:
        """Remove a search, and return what it was.

        Raises:
            UsageError: there is none of that name.
        """
        with _writing:
            known = self._all()
            gone = known.pop(" ".join(name.split()).casefold(), None)
            if gone is None:
                raise UsageError(f"no search is saved as {printable(name)!r}")
            self._write(known)
        return gone

    def _all(self) -> dict[str, SavedSearch]:
        try:
            listed = json.loads(self._file.read_text(encoding="utf-8"))
            found = [SavedSearch(str(each["name"]), str(each["address"])) for each in listed]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UsageError(f"{self._file} has no searches that can be read") from error
        return {each.name.casefold(): each for each in found}

    def _write(self, known: dict[str, SavedSearch]) -> None:
        listed = [asdict(each) for each in known.values()]
        write_text(self._file, json.dumps(listed, ensure_ascii=False, indent=1) + "\n")
