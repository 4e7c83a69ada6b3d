"""A cache on a disk that is full or read-only is named, with the setting that moves it."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from engine.common.artifact_cache import cached
from engine.errors import EncoderUnavailable


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_takes_nothing_is_one_line_that_names_the_cache(number, tmp_path, settings):
    cache = tmp_path / "cache"

    def build(draft):
        raise OSError(number, os.strerror(number))

    with pytest.raises(EncoderUnavailable, match="SENSORIUM_CACHE") as error:
        cached(replace(settings, cache=cache), "model/tower", build)
    assert str(cache) in str(error.value)
    assert not [*(cache / "model").iterdir()]
