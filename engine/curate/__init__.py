"""Curation: what is the same, what stands out, and what to do about it.

findings.py    runs and what they found, in the catalog and as a file
apply.py       tag, move or link what was found, written down before it is done
undo.py        take it back
files.py       files that move without overwriting, and links

items.py       assets as points, in blocks; neighbours.py finds the nearest of each
outliers.py    what is like nothing else
clusters.py    groups, with names
select.py      a subset: kcenter.py and facility.py choose, manifest.py writes it down
labels.py      what assets are said to be, also by tables.py; mislabeled.py doubts it
alignment.py   pictures and their captions; wording.py says what a cosine is worth
quality/       what is wrong with files as such

duplicates.py  what is the same: near.py finds pairs among rows.py, looking.py and same.py decide
leaks.py       the same in several splits; semantic.py, what means the same
pages.py       the parts of reports; mapping.py puts vectors on a plane
"""
