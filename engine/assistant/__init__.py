"""Questions about a library, answered with the moments that bear each sentence.

A question becomes searches (``question``), their likely hits become passages (``evidence``),
those that do not bear the question are dropped (``verification``), and what is left is quoted
(``extractive``) or written about by a chat that is held to it (``writing``).
"""
