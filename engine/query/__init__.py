"""A query, on its way to hits.

language/            what is typed, into a ``Query``
search               the conductor: one query at one generation
plan, execute        branches of a query, and their candidates with scores
calibration/         raw scores into log odds, against backgrounds
fuse, group, sequence, late_interaction, results, explain     scores into hits
rerank/              the best hits in a better order
maintenance          compaction, refresh of indexes, calibration
"""
