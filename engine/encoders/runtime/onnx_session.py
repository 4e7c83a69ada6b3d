"""Towers in ONNX Runtime, exported once and cached by what they were made of.

An export needs PyTorch; running it does not. That is what keeps a search from
a cold start free of PyTorch's import time.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import Damaged, load_cached
from engine.common.package_weights import WeightFile
from engine.config import Settings
from engine.encoders.runtime.backend import Done, Gathered, Pending, Then
from engine.errors import EncoderUnavailable

Outputs: TypeAlias = list[NDArray[np.float32]]
"""The outputs of a network, in their order."""

_MODEL = "model.onnx"
_OF_THE_SYSTEM = "system error number"
"""Text that ONNX Runtime writes where the system refused, as with too many files open."""


class ExportedTower:
    """A network that is exported once, and run from the cache.

    The graph is optimised when it is exported, and its tensors lie beside it in a
    file that is mapped into memory: MiniLM then opens in 30 ms instead of 140.
    Making one loads nothing.

    Args:
        key: of the folder in the cache: what is exported, from which content, and the
            revision of the exporting code.
        export: writes the model, as ONNX, at the path that it is given. Tensors of very
            large ones may lie beside it.
        by_rows: where not 0, the rows of a batch are shared out to threads, so many to each
            at a time at most, and a thread computes all of the network for its own. Else
            the threads share every operator, and wait for each other a hundred times.
    """

    def __init__(
        self,
        settings: Settings,
        key: str,
        export: Callable[[Path], None],
        *,
        by_rows: int = 0,
    ) -> None:
        self._settings = settings
        self._key = key
        self._export = export
        self._by_rows = by_rows

    @property
    def folder(self) -> Path:
        """The folder in the cache, whether it is there yet or not."""
        return self._settings.cache / self._key

    def run(self, **inputs: NDArray[Any]) -> Outputs:
        """Run the network on one batch; its outputs in their order."""
        return self.submit(**inputs).result()

    def submit(self, **inputs: NDArray[Any]) -> Pending[Outputs]:
        """Begin to run the network on one batch, to be collected later.

        Where rows are shared out, it returns at once, and threads that have done with one batch go
        on to the next: none waits for another one whose core is decoding something.
        """
        rows = len(next(iter(inputs.values())))
        if self._by_rows and (rows > 1 or "_alone" in self.__dict__):
            return self._shared_out(rows, inputs)
        outputs: Outputs = self._session.run(None, inputs)
        return Done(outputs)

    def _shared_out(self, rows: int, inputs: Mapping[str, NDArray[Any]]) -> Pending[Outputs]:
        session, size = self._alone, min(self._by_rows, -(-rows // self._settings.threads))

        def run(first: int) -> Outputs:
            part = {name: whole[first : first + size] for name, whole in inputs.items()}
            outputs: Outputs = session.run(None, part)
            return outputs

        parts = [self._pool.submit(run, first) for first in range(0, rows, size)]
        return Then(Gathered(parts), _joined)

    @cached_property
    def _session(self) -> Any:
        return self._loaded(self._settings.threads)

    @cached_property
    def _alone(self) -> Any:
        return self._loaded(1)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._settings.threads, "rows")

    def _loaded(self, threads: int) -> Any:
        load = partial(self._load, threads=threads)
        return load_cached(self._settings, self._key, self._build, load)

    def _load(self, folder: Path, threads: int) -> Any:
        """Load the session of an export.

        ONNX Runtime has an error for each of its status codes. Those of a file that is
        missing, cut off or of another version of itself speak of the export; that
        memory is short, or that the system refused, does not.
        """
        from onnxruntime.capi import onnxruntime_pybind11_state as status

        try:
            return session(folder / _MODEL, threads)
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
        raw = folder / "raw"
        raw.mkdir(parents=True)
        self._export(raw / _MODEL)
        _optimise(raw / _MODEL, folder / _MODEL)
        shutil.rmtree(raw)


class PinnedTower(ExportedTower):
    """A network that is exported from pinned weights.

    Args:
        name: of the folder in the cache, with the hash of the weights behind it.
        revision: of the exporting code.
        export: writes the model, as ONNX, from the file of weights (its first
            argument) at the path that it is given (its second).
        by_rows: as in ``ExportedTower``.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        weights: WeightFile,
        revision: int,
        export: Callable[[Path, Path], None],
        *,
        by_rows: int = 0,
    ) -> None:
        key = f"{name}-{weights.sha256[:16]}-r{revision}"
        super().__init__(settings, key, lambda out: export(weights.locate(), out), by_rows=by_rows)
        self._weights = weights

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless it is cached or its weights are installed."""
        if not self.folder.exists():
            self._weights.locate()


def _joined(parts: list[Outputs]) -> Outputs:
    return [np.concatenate(of_parts) for of_parts in zip(*parts, strict=True)]


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
    open_session(raw, options)


def session(path: Path, threads: int) -> Any:
    """Make an ``onnxruntime.InferenceSession`` on the CPU with that many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle workers that spin would take the cores from the threads that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return open_session(path, options)


def open_session(model: Path | bytes, options: Any) -> Any:
    """Open an ``onnxruntime.InferenceSession`` on the CPU that prints nothing of its own.

    What it fails with is raised. Beside that it would log a line to stderr, and print to stdout
    that it tries the same provider again.
    """
    import onnxruntime

    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)


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
