"""The write path: folders of media to committed moments.

A run goes through these modules in this order: ``scan`` (folders to files that the catalog
does not know), ``identify``, ``moves`` and ``duplicates`` (what is to be decoded of them),
``decode`` (a file to a stream of prepared moments), ``worker`` (moments of many files to
batches, and vectors back to their files), ``commit`` (finished files to the store).
``pipeline`` is the run of `index` and ``backfill`` that of an added space; both drive
``event_loop``. docs/files.md says what each module does.
"""
