"""Data sets in the formats of other tools: a library into them, and they into a library."""
