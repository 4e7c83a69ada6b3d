"""Bytes into pixels, keyframes and waveforms; every limit on them is here.

    sniff.py    what a file is, by its content
    image.py    pictures, animations and pages -> upright RGB frames
    video.py    videos -> one keyframe per shot
    shots.py    which of a video's frames begin another shot
    seeking.py  the frame of a video that is shown at a time
    audio.py    any soundtrack -> mono windows at one rate
    envelope.py   the outline of a sound, to be drawn
    thumbnail.py  a small JPEG of any of them
    fetch.py    what a URL names -> a file for the time being
    addresses.py  which addresses a URL may lead to
    files.py    opening a file, and saying in one line why it failed
    container.py  the same for what FFmpeg reads

Nothing is imported here: each module brings its own decoder, and a caller that
only sniffs shall not pay for the rest.
"""
