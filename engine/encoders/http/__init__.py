"""Embedding servers as encoders: ``http:URL#MODEL``.

Which of texts, pictures and sounds a server takes, and how it wants them put, is found by
asking it once.
"""
