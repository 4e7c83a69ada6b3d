"""The embedded default: no download at run time, no GPU."""
