"""Bytes into pixels, keyframes and waveforms; every limit on them is here.

Nothing is imported here: each module brings its own decoder, and a caller that
only sniffs shall not pay for the rest. docs/files.md says what each module does.
"""
