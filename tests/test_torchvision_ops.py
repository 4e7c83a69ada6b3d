"""torchvision beside a CPU-only PyTorch, each time in a process that has only imported PyTorch."""

from __future__ import annotations

import _ctypes
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass

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
import sys
sys.path.insert(0, {folder!r})
from engine.torchvision_ops import declare_missing_operators
declare_missing_operators()
print(hasattr(torch.ops.torchvision, "nms"))
"""
_FORKS = """
import json, os, sys, tempfile, traceback, warnings
import torch

def run(code):
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with warnings.catch_warnings(action="ignore"):  # that torch has threads
            child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
            status = 0
            try:
                exec(code, {"torch": torch})
            except BaseException:
                traceback.print_exc()
                status = 1
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0), err.seek(0)
        return status, out.read(), err.read()

print(json.dumps([run(code) for code in json.load(sys.stdin)]))
"""
"""Runs each of some programs in a fork: PyTorch takes two seconds to import."""


@dataclass(frozen=True)
class Ran:
    """What a program left behind."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> dict[str, Ran]:
    """The programs of all tests, run once."""
    programs = {"use": _USE, "import": "import torchvision"}
    for name in ("without library", "with library"):
        package = tmp_path_factory.mktemp("packages") / "torchvision"
        package.mkdir()
        (package / "__init__.py").touch()
        programs[name] = _STAND_IN.format(folder=str(package.parent))
    shutil.copy(_ctypes.__file__, package / "_C.so")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKS], input=json.dumps([*programs.values()]),
        stdout=subprocess.PIPE, text=True, timeout=240, check=True,
    )  # fmt: skip
    return {name: Ran(*each) for name, each in zip(programs, json.loads(done.stdout), strict=True)}


def test_torchvision_and_its_transforms_work_once_the_operators_are_declared(ran):
    done = ran["use"]
    assert (done.code, done.out) == (0, "(3, 8, 8)\n"), done.err


def test_without_them_it_does_not_import(ran):
    """Else the module would be of no use any more."""
    done = ran["import"]
    if done.code == 0 or torch.version.cuda is not None:
        pytest.skip("torchvision fits this PyTorch")
    assert "torchvision::nms does not exist" in done.err


def test_a_library_that_loads_declares_its_operators_itself(ran):
    """Declared twice, they are an error. A package stands in whose library does load."""
    if torch.version.cuda is not None:
        pytest.skip("with CUDA nothing is declared")
    assert ran["without library"].out == "True\n", ran["without library"].err
    assert ran["with library"].out == "False\n", ran["with library"].err
