"""Pages that are made of a library's own moments: reports, stories and lessons.

What a page claims is an ``EvidencePassage``: a moment, and how it bears the claim. Texts of files
are data, and escaped where they are put in; nothing is fetched or run when a page is opened.
"""
