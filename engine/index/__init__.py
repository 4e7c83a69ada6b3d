"""Nearest neighbours, derived from the log of vectors and of no loss when deleted.

vector_index                     the interface of all indexes
exact, snapshot, segmented_index     in memory; on disk; both as one
space, guard                     the indexes of a space, level with the log
build, choose, recall, refresh   make a snapshot that finds enough
disk, inventory, verify          the folders of snapshots
matrix, vector_stream            vectors read in blocks, without a search
allowed                          a set of moments that a search may return
"""
