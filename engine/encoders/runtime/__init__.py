"""What runs the towers of a model: PyTorch or ONNX Runtime on a CPU, PyTorch on a GPU."""
