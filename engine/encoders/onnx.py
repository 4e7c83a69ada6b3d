"""Towers in ONNX Runtime, exported once and cached by what they were made of.

An export needs PyTorch; running it does not. That is what keeps a search from
a cold start free of PyTorch's import time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cached import Damaged, load_cached
from engine.config import Settings
from engine.errors import EncoderUnavailable
from engine.weights import WeightFile

_MODEL = "model.onnx"
_OF_THE_SYSTEM = "system error number"
"""What ONNX Runtime writes where the system refused, as with too many files open."""


class Tower:
    """A network that is exported from pinned weights once, and run from the cache.

    The graph is optimised when it is exported, and its tensors lie beside it in a
    file that is mapped into memory: MiniLM then opens in 30 ms instead of 140.
    Making a Tower loads nothing.

    Args:
        name: of the folder in the cache, with the hash of the weights behind it.
        revision: of the exporting code.
        export: writes the model, as ONNX, from the file of weights (its first
            argument) at the path that it is given (its second).
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        weights: WeightFile,
        revision: int,
        export: Callable[[Path, Path], None],
    ) -> None:
        self._settings = settings
        self._key = f"{name}-{weights.sha256[:16]}-r{revision}"
        self._weights = weights
        self._export = export

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless it is cached or its weights are installed."""
        if not (self._settings.cache / self._key).exists():
            self._weights.locate()

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Run the network on one batch; its outputs in their order."""
        outputs: list[NDArray[np.float32]] = self._session.run(None, inputs)
        return outputs

    @cached_property
    def _session(self) -> Any:
        return load_cached(self._settings, self._key, self._build, self._load)

    def _load(self, folder: Path) -> Any:
        """The session of an export.

        ONNX Runtime has an error for each of its status codes. Those of a file that is
        missing, cut off or of another version of itself speak of the export; that
        memory is short, or that the system refused, does not.
        """
        from onnxruntime.capi import onnxruntime_pybind11_state as status

        try:
            return session(folder / _MODEL, self._settings.threads)
        except (
            status.Fail,
            status.InvalidArgument,
            status.InvalidGraph,
            status.InvalidProtobuf,
            status.NoModel,
            status.NoSuchFile,
            status.NotImplemented,
        ) as error:
            if _OF_THE_SYSTEM in str(error):
                raise EncoderUnavailable(f"{folder} cannot be loaded: {error}") from error
            raise Damaged(str(error)) from error
        except status.RuntimeException as error:
            raise EncoderUnavailable(f"{folder} cannot be loaded: {error}") from error

    def _build(self, folder: Path) -> None:
        folder.mkdir()
        raw = folder / "raw.onnx"
        self._export(self._weights.locate(), raw)
        _optimise(raw, folder / _MODEL)
        raw.unlink()


def _optimise(raw: Path, out: Path) -> None:
    """Write the optimised graph at ``out`` and its tensors beside it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # What is beyond this level depends on the processor, and is done at loading.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(out)
    entry = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{entry}file_name", "tensors.bin")
    options.add_session_config_entry(f"{entry}min_size_in_bytes", "1024")
    onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])


def session(path: Path, threads: int) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU with that many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle workers that spin would take the cores from the threads that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def export_module(
    module: Any,
    sample: tuple[Any, ...],
    out: Path,
    *,
    inputs: dict[str, dict[int, str]],
    outputs: dict[str, dict[int, str]],
) -> None:
    """Export a ``torch.nn.Module`` in evaluation mode to ONNX at ``out``.

    Args:
        sample: tensors of the shapes that ``module`` takes.
        inputs: per input name the axes that vary, with a name for each.
        outputs: the same per output.
    """
    import torch

    with warnings.catch_warnings(), torch.inference_mode():
        # The exporter that traces: the newer one needs two more packages and
        # gains nothing for plain towers.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            sample,
            out,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=inputs | outputs,
            opset_version=17,
            dynamo=False,
        )
