"""Printing: lines, JSON, and the hits of a search. Results go to stdout alone."""
