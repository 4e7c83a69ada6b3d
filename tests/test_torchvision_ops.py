"""torchvision beside a CPU-only PyTorch, each time in a process of its own."""

from __future__ import annotations

import _ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

_USE = """
from engine.torchvision_ops import declare_missing_operators
declare_missing_operators()
declare_missing_operators()
import torchvision
from PIL import Image
from torchvision.transforms import Compose, Resize, ToTensor
print(tuple(Compose([Resize(8), ToTensor()])(Image.new("RGB", (16, 16))).shape))
"""
_STAND_IN = """
import torch
from engine.torchvision_ops import declare_missing_operators
declare_missing_operators()
print(hasattr(torch.ops.torchvision, "nms"))
"""


def run(code: str, first: Path | None = None) -> subprocess.CompletedProcess[str]:
    ahead = f"import sys; sys.path.insert(0, {str(first)!r})\n" if first else ""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", ahead + code],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_torchvision_and_its_transforms_work_once_the_operators_are_declared():
    done = run(_USE)
    assert (done.returncode, done.stdout) == (0, "(3, 8, 8)\n"), done.stderr


def test_without_them_it_does_not_import():
    """Else the module would be of no use any more."""
    done = run("import torchvision")
    if done.returncode == 0 or torch.version.cuda is not None:
        pytest.skip("torchvision fits this PyTorch")
    assert "torchvision::nms does not exist" in done.stderr


def test_a_library_that_loads_declares_its_operators_itself(tmp_path):
    """Declared twice, they are an error. A package stands in whose library does load."""
    if torch.version.cuda is not None:
        pytest.skip("with CUDA nothing is declared")
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").touch()
    assert run(_STAND_IN, tmp_path).stdout == "True\n"
    shutil.copy(_ctypes.__file__, package / "_C.so")
    assert run(_STAND_IN, tmp_path).stdout == "False\n"
