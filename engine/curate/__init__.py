"""Curation: find what is double, odd, bad or mislabeled, choose from it, act on it, undo it."""
