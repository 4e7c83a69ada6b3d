"""Hostile media."""
