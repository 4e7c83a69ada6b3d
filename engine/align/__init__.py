"""Alignment of a library's sounds with its shared space, learned from its own files."""
