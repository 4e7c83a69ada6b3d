"""Folders of the server that callers may name."""

from __future__ import annotations

import os
from collections.abc import Sequence

from engine.server.problems import Problem


def allowed_path(path: str, roots: Sequence[str], param: str) -> str:
    """Return the real path of what a caller names, which links may not lead out of the roots.

    Raises:
        Problem: 400; it is not absolute. 403; it is in none of the roots, whether or not it
            is there.
    """
    if not path.startswith("/") or "\0" in path:
        raise Problem(400, "invalid_request", f"{param} has absolute paths of the server", param)
    real = os.path.realpath(path)
    if not any(real == root or real.startswith(f"{root.rstrip('/')}/") for root in roots):
        raise Problem(
            403, "path_refused",
            f"{path} is not in a folder that may be named here; the server's option allow-root"
            " adds one",
            param,
        )  # fmt: skip
    return real
