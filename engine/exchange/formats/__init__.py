"""Readers and writers of dataset formats, one module each."""
