"""The pictures of the README and of the docs are there, small, and made by the script."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from docs.screenshots import IMAGES, SHOTS

ROOT = Path(__file__).parents[2]


def test_pictures_of_the_page_are_those_that_the_script_makes():
    assert {file.name for file in IMAGES.iterdir()} == {f"{shot.name}.jpg" for shot in SHOTS}
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) < 300_000
    for shot in SHOTS:
        with Image.open(IMAGES / f"{shot.name}.jpg") as picture:
            assert picture.size == shot.size


def test_pictures_that_are_shown_are_there_in_light_and_dark():
    shown = re.findall(r"docs/images/([\w-]+\.jpg)", (ROOT / "README.md").read_text())
    assert {"page-light.jpg", "page-dark.jpg"} <= {*shown}
    shown += re.findall(r"\(images/([\w-]+\.jpg)\)", (ROOT / "docs/server.md").read_text())
    assert all((IMAGES / name).is_file() for name in shown)
