"""Models of sentence-transformers as encoders: ``st:NAME``.

Which of texts, pictures and sounds a model takes is found by asking it.
"""
