"""Looking through a library beside a search: lists, facets, transcripts, outlines of sound."""
