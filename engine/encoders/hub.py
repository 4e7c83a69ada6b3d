"""A model hub's files: whether they are on disk, and fetching those that are not.

Fetching is one step and loading another. What is loaded lies on disk by then, and the
hub's client is kept from asking anybody while that is done: a model that is here loads
the same with a network and without, and no library changes because a hub did.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from urllib.parse import urlsplit

from engine.errors import EncoderUnavailable

_PROBE_SECONDS = 3.0
_asking = RLock()
"""Held while the client's own switch is turned, which is one for the process."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Something that a model needs out of a repository."""

    repo: str
    files: tuple[str, ...]
    """Any one of these will do, the first the best."""
    beside: tuple[str, ...] = ()
    """These too, where the repository has them."""

    def find(self) -> Path | None:
        """Return the best of the files that is on disk, or None."""
        from huggingface_hub import try_to_load_from_cache

        found = (try_to_load_from_cache(self.repo, file) for file in self.files)
        return next((Path(path) for path in found if isinstance(path, str)), None)

    def fetch(self) -> Path:
        """Bring it onto disk, with the hub's own bar of progress on a terminal.

        Raises:
            EncoderUnavailable: the hub is not to be asked, does not answer, or has none.
        """
        with _asking, _own_errors(self.repo), _bars_on_terminals():
            if reason := unreachable():
                raise EncoderUnavailable(
                    f"{self.repo} is not on this machine, and {reason}; where there is a network,"
                    " `sensorium models pull` fetches it, and a folder that holds a model, or"
                    " compact, needs none"
                )
            for file in self.beside:
                _download(self.repo, file)
            for file in self.files:
                if path := _download(self.repo, file):
                    return path
        raise EncoderUnavailable(f"the repository {self.repo} holds no {' or '.join(self.files)}")


def first_sentence(error: Exception) -> str:
    """Return the first sentence of an error on one line; its class where it has no message."""
    return " ".join(str(error).split()).partition(". ")[0] or type(error).__name__


def unreachable() -> str | None:
    """Why the hub cannot be asked; None where it can.

    The client would try for most of a minute, so whether anybody is there is seen first.
    """
    from urllib.request import getproxies, proxy_bypass

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    hub = urlsplit(constants.ENDPOINT)
    host, port = hub.hostname or "", hub.port or (443 if hub.scheme == "https" else 80)
    proxy = None if proxy_bypass(host) else getproxies().get(hub.scheme)
    if proxy:
        between = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        asked = between.hostname or "", between.port or 80
    else:
        asked = host, port
    try:
        socket.create_connection(asked, timeout=_PROBE_SECONDS).close()
    except OSError:
        return f"{host} cannot be reached"
    return None


@contextmanager
def offline() -> Iterator[None]:
    """Have the hub's client, and who uses it, look on disk only. One thread at a time."""
    from huggingface_hub import constants

    with _asking:
        before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before


def _download(repo: str, file: str) -> Path | None:
    """Download one file; None where the repository lacks it."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repo, file))
    except LocalEntryNotFoundError:  # the network went away; one of the others
        raise
    except EntryNotFoundError:
        return None


@contextmanager
def _own_errors(repo: str) -> Iterator[None]:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        yield
    except EncoderUnavailable:
        raise
    except RepositoryNotFoundError as error:
        raise EncoderUnavailable(
            f"the hub has no repository {repo}, or does not let you in (for one that asks"
            " who you are: `hf auth login`)"
        ) from error
    except Exception as error:
        raise EncoderUnavailable(
            f"{repo} cannot be fetched ({first_sentence(error)}); try again"
        ) from error


@contextmanager
def _bars_on_terminals() -> Iterator[None]:
    """Bars in a pipe would be hundreds of lines."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    fixed = "HF_HUB_DISABLE_PROGRESS_BARS" in os.environ or are_progress_bars_disabled()
    if fixed or sys.stderr.isatty():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
