"""Media and words into vectors: the ``Encoder`` protocol and its adapters."""
