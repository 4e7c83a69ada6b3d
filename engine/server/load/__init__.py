"""Bounds of what is worked on at a time, and putting work together."""
