"""What is wrong with files as such, whatever they show: measures, limits and a verdict.

verdicts.py    what each measure is called, and the limit past which it is a verdict
pictures.py    blurred, dark, bright, flat, tiny, elongated, banded
sounds.py      clipped, silent, noisy
videos.py      black, frozen
check.py       many files in a pool of threads
"""
