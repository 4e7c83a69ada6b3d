"""Learn from a library's own files, and keep what was learned only where it gains."""
