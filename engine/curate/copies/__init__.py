"""Find files that show or say the same: copies, split leaks, semantic duplicates."""
