"""Questions about the made-up moments of `rerank_texts`, for choosing when a passage bears one.

They are nobody's media, and nothing that `ask` measures. A question that has no answer among
the moments is there too: what is nearest to it must not be taken for one.
"""

from __future__ import annotations

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("When does the plumber come?", "leak"),
    ("How do I cut back roses in spring?", "garden"),
    ("Which chapters does the final exam cover?", "exam"),
    ("What is wrong with the engine?", "engine"),
    ("What should passengers do before the landing?", "flight"),
    ("At what time does the gate to Zurich close?", "gate"),
    ("Whose birthday was it?", "birthday"),
    ("How long does the sponge stay in the oven?", "recipe"),
    ("How much is due on the invoice?", "invoice"),
    ("When does the tenant have to pay the rent?", "lease"),
    ("By how much are we over the travel budget?", "budget"),
    ("Has the candidate run a warehouse before?", "hire"),
    ("What did the vet prescribe?", "vet"),
    ("How many homes have no power?", "storm"),
    ("In which bar are the sopranos flat?", "rehearsal"),
    ("Which fret does the first finger go on?", "lesson"),
    ("Who won between Rovers and United?", "scores"),
    ("How many hours is it to the summit?", "sign"),
    ("What did grandma get at Christmas?", "grandma"),
    ("How long has the best man known the groom?", "wedding"),
    ("How many characters must a password have?", "password"),
    ("Why did the computer crash?", "error"),
    ("Who takes the backup tape home?", "backup"),
    ("What does the grilled trout cost?", "menu"),
    ("How far is it to the hut?", "hike"),
    ("How many steps did she walk?", "steps"),
    ("What happened to the boat in the harbour?", ""),
    ("When is my appointment at the hairdresser?", ""),
    ("What did the teacher say about the homework?", ""),
    ("How much did the new bicycle cost?", ""),
    ("Which hotel did we book in Rome?", ""),
    ("Who is the author of the novel?", ""),
    ("Where are the keys of the cellar?", ""),
    ("How old is the oak in the park?", ""),
    ("What is the phone number of the pharmacy?", ""),
    ("Why was the concert called off?", ""),
)
"""A question and the one moment that bears it; empty where none does."""
