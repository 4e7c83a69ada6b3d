"""Nearest neighbours over the log of vectors. Derived, and always disposable."""
