"""Act on what a run found, by a journal, and undo that."""
