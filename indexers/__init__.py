"""The write path: folders of media to committed moments."""
