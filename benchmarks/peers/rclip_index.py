"""rclip's own index loop: python rclip_index.py FOLDER MEDIA, in rclip's environment.

FOLDER is its data folder: weights in MODEL_SUBDIR, where it looks for them, and its new
database. Batches and threads are what `rclip` chooses by itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main(folder: str, media: str) -> None:
    os.environ["RCLIP_DATADIR"] = folder
    from rclip import db, model
    from rclip.main import RClip
    from rclip.utils import helpers

    sys.argv = ["rclip", "anything"]
    batch = helpers.init_arg_parser().parse_args().indexing_batch_size
    database = db.DB(Path(folder) / "db.sqlite3")
    network = model.Model()
    _ = network._session_visual_index  # loaded before the clock starts
    rclip = RClip(
        model_instance=network,
        database=database,
        indexing_batch_size=batch,
        exclude_dirs=None,
    )
    started = time.perf_counter()
    rclip.ensure_index(media)
    seconds = time.perf_counter() - started
    pictures = len(list(database.get_image_vectors_by_dir_path(media)))
    rclip.close()
    print(json.dumps({"seconds": seconds, "pictures": pictures, "version": version("rclip")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
