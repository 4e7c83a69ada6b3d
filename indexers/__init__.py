"""The write path: folders of media to committed moments.

scan.py       folders -> files, and what of them the catalog does not know
identify.py   one file -> its type and content hash; touched, moved or to decode
duplicates.py files with the same bytes: one is decoded, the others get copies
stored.py     assets out of the store, with their vectors
decode.py     one file -> a stream of prepared moments, by its kind:
image.py        frames
video.py        keyframes, and the video's own sound
audio.py        windows and spoken sentences
screen.py     pictures of one file, and the text that is to be read in them
tracks.py     tracks of one file that fail independently
pieces.py     what those streams are made of
lookahead.py  the queue between decoding and encoding, bounded in bytes
worker.py     moments of many files -> batches -> vectors, each back to its file
commit.py     finished files -> the store, and the counts of the report
local.py      the runner: threads that decode, one that encodes and commits
"""
