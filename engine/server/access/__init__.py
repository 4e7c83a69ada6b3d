"""Decide who is let in, what a caller may do, and which files may be sent."""
