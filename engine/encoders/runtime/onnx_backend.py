"""The towers in ONNX Runtime on a CPU: exported once, and held to PyTorch's vectors.

``onnx-int8`` quantises the weights of matrix products ahead and their inputs as they
come (dynamic quantisation, one scale a column and a tensor): most of all operations of a
transformer, and few of a convolutional network.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import Damaged, load_cached
from engine.common.file_state import one_line
from engine.common.silence import quiet
from engine.config import Settings
from engine.encoders.runtime import machine, probes
from engine.encoders.runtime.backend import Model, Pending, Refused, Then, in_batches
from engine.encoders.runtime.onnx_session import ExportedTower, Outputs
from engine.encoders.runtime.verify import COSINE, COSINE_INT8, BackendVerdict, compared
from engine.errors import SensoriumError
from engine.types.arrays import Vectors

_REVISION = 1
"""Revision of the exporting code, of the probes and of what is required of them."""
_EACH = 4
"""Rows that a batch has for each thread, at least."""
_ROWS = 8
"""Rows that one thread computes at a time: four are 4 % slower, sixteen no faster."""
_SCENES = 8
_SCENES_INT8 = 100
"""With their twins 200 pictures, so that one that is lost is half a point."""
FOLDER = "backends"


def batch_size(settings: Settings) -> int:
    """Rows in one batch: what is set, and no less than keeps every thread busy."""
    return max(settings.batch_size, _EACH * settings.threads)


class VerifiedTower:
    """One tower in ONNX Runtime, of which it is known that its vectors are right.

    Args:
        model: what it is exported from, where it is not in the cache.
        exact: the same tower in PyTorch.

    Raises:
        Refused: it cannot be exported, or its vectors are not PyTorch's.
    """

    def __init__(
        self, model: Model, settings: Settings, exact: Callable[[NDArray[Any]], Vectors]
    ) -> None:
        self._model = model
        self._settings = settings
        self._exact = exact
        key = f"{FOLDER}/{model.revision}-r{_REVISION}/{self.kind()}"
        self._exported = ExportedTower(settings, key, self._export, by_rows=_ROWS)
        self.verdict = self._verified(f"{key}.json")

    @staticmethod
    def kind() -> str:
        """Return its name in the cache."""
        raise NotImplementedError

    def _export(self, out: Path) -> None:
        raise NotImplementedError

    def _probes(self) -> NDArray[Any]:
        raise NotImplementedError

    input: str
    twins = False
    cosine = COSINE

    def __call__(self, rows: NDArray[Any]) -> Vectors:
        """Rows to unit vectors (n, dim)."""
        size = batch_size(self._settings)
        parts = [self._run(rows[part]) for part in in_batches(len(rows), size)]
        return np.concatenate(parts)

    def submit(self, rows: NDArray[Any]) -> Pending[Vectors]:
        """Begin to embed at most ``batch_size`` rows, to be collected later."""
        return Then(self._exported.submit(**{self.input: rows}), _first)

    def _run(self, batch: NDArray[Any]) -> Vectors:
        return self._exported.run(**{self.input: batch})[0]

    def _verified(self, key: str) -> BackendVerdict:
        verdict = load_cached(self._settings, key, self._verify, read_verdict)
        try:
            verdict.require(self.cosine)
        except Refused:
            shutil.rmtree(self._exported.folder, ignore_errors=True)
            raise
        return verdict

    def _verify(self, out: Path) -> None:
        rows = self._probes()
        try:
            with quiet():  # the quantiser gives advice by a logger that prints
                ours = self(rows)
        except SensoriumError:
            raise
        except Exception as error:  # exporters and runtimes have errors of many kinds
            raise Refused(f"it cannot be exported ({one_line(error)})") from error
        verdict = compared(ours, self._exact(rows), twins=self.twins)
        out.write_text(json.dumps(verdict.as_dict()))


class OnnxTexts(VerifiedTower):
    """The text tower in float32."""

    input = "tokens"

    @staticmethod
    def kind() -> str:
        return "texts"

    @classmethod
    def known(cls, model: Model, settings: Settings) -> bool:
        """Tell whether it has been exported and verified, so that it costs nothing to have."""
        folder = settings.cache / FOLDER / f"{model.revision}-r{_REVISION}"
        return (folder / "texts.json").exists()

    def _export(self, out: Path) -> None:
        from engine.encoders.runtime.export_towers import export_texts

        export_texts(self._model, out)

    def _probes(self) -> NDArray[Any]:
        return self._model.tokens


class OnnxPictures(VerifiedTower):
    """The picture tower in float32."""

    input = "pixels"
    scenes = _SCENES

    @staticmethod
    def kind() -> str:
        return "pictures"

    def _export(self, out: Path) -> None:
        from engine.encoders.runtime.export_towers import export_pictures

        export_pictures(self._model, out)

    def _probes(self) -> NDArray[Any]:
        return probes.pictures(self._model.size, self.scenes)


class OnnxPicturesInt8(OnnxPictures):
    """The picture tower with quantised products."""

    scenes = _SCENES_INT8
    twins = True
    cosine = COSINE_INT8

    @staticmethod
    def kind() -> str:
        return "pictures-int8" if machine.exact_products() else "pictures-int7"

    def _export(self, out: Path) -> None:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        whole = out.parent / "float32"
        whole.mkdir()
        super()._export(whole / out.name)
        quantize_dynamic(
            whole / out.name,
            out,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=not machine.exact_products(),
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


def _first(outputs: Outputs) -> Vectors:
    return outputs[0]


def read_verdict(path: Path) -> BackendVerdict:
    """Read the verdict of an earlier verification.

    Raises:
        Damaged: nothing was, or it cannot be read.
    """
    try:
        return BackendVerdict(**json.loads(path.read_bytes()))
    except (FileNotFoundError, TypeError, ValueError) as error:
        raise Damaged(str(error)) from error
