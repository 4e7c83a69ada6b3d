"""The backends that run a model's towers: PyTorch or ONNX Runtime on a CPU, PyTorch on a GPU."""
