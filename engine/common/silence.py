"""Packages that load models report every step; what matters of it is raised."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged and nobody warned, in the whole process."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """``quiet``, and without the bars that transformers draws."""
    from transformers.utils import logging as reports

    bars = reports.is_progress_bar_enabled()
    reports.disable_progress_bar()
    try:
        with quiet():
            yield
    finally:
        if bars:
            reports.enable_progress_bar()
