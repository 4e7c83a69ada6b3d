"""A file is unchanged while size and time are; errors are one short line."""

import errno
import os

import pytest

from engine.common.file_state import is_unchanged, one_line, os_reason


def test_a_file_is_unchanged_until_its_size_or_time_is_another(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    stat = file.stat()
    assert is_unchanged(file, 3, stat.st_mtime_ns)
    assert not is_unchanged(file, 4, stat.st_mtime_ns)
    os.utime(file, ns=(0, 7))
    assert not is_unchanged(str(file), 3, stat.st_mtime_ns)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        is_unchanged(file, 3, stat.st_mtime_ns)


def test_reasons_are_short_lower_case_and_on_one_line():
    assert os_reason(OSError(errno.EACCES, "Permission denied", "/secret")) == "permission denied"
    assert one_line("two\nlines") == "two lines"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line("x" * 1000)) == 160
