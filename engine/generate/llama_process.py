"""Run llama.cpp's server on a socket in a private folder, until the parent has gone.

It is a program of its own, and imports nothing of the engine, because the package takes over the
signals of the process that it is loaded in, and a fault of a model file ends that process.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

BATCH = 256
"""Tokens of a prompt that are read in one pass; between two passes a request can be given up. On
two cores 512 are no faster."""


def main() -> None:
    """Serve the model that ``sys.argv[1]``, a JSON object, names; say ``ready`` on stdout."""
    asked = json.loads(sys.argv[1])
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = asked["model"]
    params.model_alias = {asked["alias"]}
    if asked["projector"]:
        params.mmproj.path = asked["projector"]
    params.hostnames = [asked["socket"]]
    params.n_ctx, params.n_parallel = asked["context"], 1
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = asked["threads"]
    # A warm-up is a pass whose time belongs to the first question; the web page is not for here,
    # and kept prompts would grow to gigabytes.
    params.warmup, params.ui, params.cache_ram_mib = False, False, 0
    params.offline, params.endpoint_slots = True, False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    assert server.listening_address
    os.write(1, b"ready\n")
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, 1)
    while os.read(0, 4096):
        pass  # The parent writes nothing; the end of its pipe is the end of it.
    _leave(Path(asked["socket"]).parent)


def _leave(folder: Path) -> None:
    """End at once: what the server's threads do now is for nobody."""
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
